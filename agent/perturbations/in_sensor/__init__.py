"""What the sensor and the picture's coding do."""
