"""The desk's view of devices: profiles."""
