"""The command line: `python -m evertoken`, and the command `evertoken`."""

from __future__ import annotations

import sys
from signal import SIG_DFL, SIGINT, signal

from ._native import run_cli


def main() -> int:
    """Runs the command line with this process's arguments; returns its exit status."""
    # The command handles signals itself, as the binary does. Python's handler would raise KeyboardInterrupt at its end.
    signal(SIGINT, SIG_DFL)
    return run_cli(["evertoken", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
