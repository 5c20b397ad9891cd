"""Weather and light between the target and the camera."""
