"""The fault campaign: real processes, a real mosquitto, and whatever can go wrong between them.

``driver`` is an agent without camera and model, ``proxy`` a bad network, ``rig`` holds the
processes, ``kinds`` are the faults, ``audit`` compares what was counted with what was stored, and
``campaign`` runs many of them by a seed. ``make faults`` is the long run.
"""
