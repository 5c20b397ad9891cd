"""Putting Fieldproof on machines: the install script and what belongs to it."""
