"""Live capture in a process of its own, which may hang, crash or be killed at any time.

``source`` says what can be captured; ``opencv``, ``y4m`` and ``picamera2`` are sources. ``child``
runs one in the capture process and lays its pictures into the ``ring`` in shared memory;
``process`` starts, watches and ends that process from the agent's side. A capture process serves
one connection: what is lost is begun anew by another process.
"""
