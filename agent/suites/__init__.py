"""Suites that ship with the agent, one TOML file each. ``agent.suite`` reads them."""
