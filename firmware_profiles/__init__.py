"""One TOML file per device, data only. ``agent.profile`` reads and validates them."""
