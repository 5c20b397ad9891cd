"""Procedural street scenes with the boxes of their signs: the training data of the bundled model.

Nothing here is a photo. Scene i of a seed is the same whatever process draws it. May import
`agent.geometry`; no TensorFlow.
"""

from tools.demo.drawing.scene import CLASSES, IGNORE, Scene, draw_scene

__all__ = ["CLASSES", "IGNORE", "Scene", "draw_scene"]
