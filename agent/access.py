"""The options of how to get into a broker, for every command that does. Imports nothing."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_access(options: argparse.ArgumentParser) -> None:
    """Add them; secrets are never given on the command line."""
    options.add_argument("--ca-file", type=Path, help="PEM of the CA of an mqtts:// broker")
    options.add_argument("--cert-file", type=Path, help="PEM of this client's certificate")
    options.add_argument("--key-file", type=Path, help="PEM of its key")
    options.add_argument(
        "--password-file", type=Path, help="file with the password alone; the user is in the URL"
    )
