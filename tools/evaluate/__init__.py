"""Evaluation of a model on recorded, labelled data: the loop over workers, and its results.

``evaluation`` is the way in. ``looked`` examines a frame, in any worker, and grades its answers
(``graded``, ``properties``); ``workers``, ``workload``, ``journal`` and ``resume`` see that each
frame is looked at once, whatever happens. ``kept`` sums while frames pass by, in order: counts and
scenes (``gather``), answers (``breakdown``), the gallery's choice. ``outcome`` makes of it the
contract of ``results`` and its ``sections``, by ``figures``.
"""
