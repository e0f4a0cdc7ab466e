"""The first thing that runs: Ctrl-C has its exit code even while the command line is still being loaded."""

from __future__ import annotations

import os
import signal


def main() -> None:
    """Load the command line and run it."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(4))
    from jobs.cli.commands import main as run  # noqa: PLC0415 - the handler comes first

    run()


if __name__ == "__main__":
    main()
