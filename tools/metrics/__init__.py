"""Metrics: what Prometheus scrapes, and where a collector says that it lives and is ready.

``fleet`` tells of the devices, from a store; ``collecting`` of one collector; ``serving`` is the
small server that a collector answers with. Imports ``tools.stores``, ``tools.collector`` for its
figures' types, and prometheus-client (extra ``server``). Names follow Prometheus' rules: base
units, ``_total`` for what only grows. Labels are bounded: devices and conditions beyond a limit
are left out, and their number is told.
"""
