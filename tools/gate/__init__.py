"""The gate: does a result keep a policy's rules, break them, or is there too little evidence?

``policy`` is the contract ``fieldproof.policy/1``, ``policies`` the ones that ship; ``read`` opens
results; ``evidence`` settles one limit against one interval; ``judge`` answers each rule;
``units`` finds the severity that a physical strength is; ``verdict`` is the whole answer and
``junit`` and ``tables`` show it. It imports the agent and ``tools.evaluate``.

A new kind of rule is a class in ``policy`` and its answer in ``judge``.
"""
