"""Telemetry: the outbox that loses nothing, and the publishers that drain it.

Imports values, errors and record. A public file is one kind of publisher.
"""
