"""Policies that ship, as TOML data."""
