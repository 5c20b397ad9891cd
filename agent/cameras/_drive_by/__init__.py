"""The parts of the ``drive_by`` camera: its geometry, which is exact, and its drawing.

World: metres, x to the right, y down, z ahead; the sign stands at z = 0, the camera at x = 0.
Pictures: RGB, coordinates as in ``agent.values``.
"""
