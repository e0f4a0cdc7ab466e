"""A measured process: runs one task and nothing else, so that its memory and CPU seconds are the task's own."""

from __future__ import annotations

import importlib
import json
import resource
import sys
from typing import Any


def peak_mb() -> float:
    """Return the peak of resident memory of this process in MB (10⁶ bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main() -> None:
    """Run `module:function` with the JSON object of the second argument as its keywords."""
    module, _, function = sys.argv[1].partition(":")
    result: dict[str, Any] = getattr(importlib.import_module(f"bench.{module}"), function)(**json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps({"result": result, "peak_mb": peak_mb()}) + "\n")


if __name__ == "__main__":
    main()
