"""Comparison of two models on the same frames, conditions and seeds, target by target.

``duel`` shows both models each picture once; ``sums`` counts who saw what, by clip; ``clips`` holds
the statistics of paired clips; ``comparison`` is the contract ``fieldproof.comparison/1``;
``broken`` keeps the targets that only one model lost; ``verdict`` says it in words; ``page`` and
``tables`` show it; ``command`` is the way in. It imports the agent, ``tools.evaluate`` and
``tools.report``; nothing imports it but the command line.
"""
