"""Status: what a store knows of each device, and what of its rows is missing.

Imports ``agent.record`` and ``tools.stores``; ``fieldproof status`` prints it. A number that never
came is one of two things. A **declared** gap was published by the device itself, with its reason:
the outbox was full, the disk failed, a row was refused. A **hole** is undeclared: later rows have
come and these have not; so it may close yet, or be lost between the device and here.
"""
