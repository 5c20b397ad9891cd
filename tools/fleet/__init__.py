"""A fleet of simulated devices: as many as are wanted, with nothing simulated on the way.

Each device has an outbox and a publisher of its own, the real ones, and speaks over real MQTT; only
its camera and its model are replaced by chance. ``plan`` says which devices there are, ``nature``
what their models see, ``life`` what a device records, in order; ``afield`` sends it, from a few
processes; ``filling`` puts it into a store without a broker; ``audit`` holds a store against what
was put. All follows from the seed: so a fleet that was stopped goes on where it was.

May import ``agent``, ``tools.bench`` (how processes are watched) and ``tools.stores``.
"""

from __future__ import annotations
