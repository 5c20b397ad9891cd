"""Alerts: rules evaluated on the store's sums, alerts opened and resolved, people told.

``rules`` is the contract ``fieldproof.alerts/1`` and ``default.toml`` the rules that ship;
``detector`` is the statistic; each file of ``watchers`` looks at one sort of metric; ``lifecycle``
makes alerts of what they find; ``delivery`` tells the ``sinks``, each file of which is one kind;
``evaluator`` is the loop; ``replay`` looks at the past. Imports ``agent.errors``, ``agent.toml``,
``agent.record``, ``agent.statistics``, ``agent.telemetry.link`` and ``tools.stores``; neither
OpenCV nor TFLite.

A new metric is a class in ``rules``, a watcher that names it in ``kinds``, and a place in
``evaluator.WATCHERS``.
"""
