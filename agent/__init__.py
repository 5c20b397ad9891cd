"""What runs on the device: cameras, models, perturbations, strategies, telemetry and the loop.

Rooms import upwards only, in this order::

    values errors family toml access       what everything speaks,
    places memory                          where files are, what the C library keeps
    metrics statistics vocabulary record   pure: no OpenCV, TFLite or paho
    card suite
    geometry service                       the sign's plane; what a service owes its machine
    cameras models perturbations           families: one file is one kind;
    strategies probes telemetry            they never import each other
    profile targets session recorder       the device and the loop: base classes only
    evidence governor pace health settings
    assembly orders rounds run plan        the only places that know every room
    installed                              what a service has to be told
    doctor                                 looks at all of them, each check in a child process
    __main__                               the device's commands

``agent`` never imports ``tools``. ``tests/test_boundaries.py`` holds all of this.
"""

__version__ = "0.1.0"
