"""The agent as a service: what it owes the machine that runs it and nobody looks at.

systemd's notifications and watchdog, the heartbeat file and what reads it, signals, logs, the unit
file, and commands as they come in. Imports errors, values and record: no camera, no model, no paho.
``health`` is run by itself every half minute, and imports next to nothing.
"""
