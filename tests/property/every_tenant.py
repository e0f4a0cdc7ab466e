"""`make property`: the property of test_undisturbed_tenants.py for every seed of a range, on all processors."""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from property.undisturbed import complaints, live


def judge(seed: int, users: int) -> tuple[int, int, list[str]]:
    """Return the seed, how many users its plan changed, and what is wrong with it."""
    with tempfile.TemporaryDirectory(prefix="reseat-property-") as folder:
        lived = live(seed, users, Path(folder))
        return seed, int(lived.plan.header.totals.changes), complaints(lived)


def main() -> int:
    """Judge all seeds; 1 when one of them breaks the property, and its number says how to see it again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="seeds 0 up to this number, which is left out")
    parser.add_argument("--users", type=int, default=120, help="users of each tenant")
    given = parser.parse_args()
    moved, broken = 0, 0
    with ProcessPoolExecutor() as pool:
        for seed, changes, wrong in pool.map(partial(judge, users=given.users), range(given.seeds)):
            moved += changes
            broken += bool(wrong)
            for text in wrong:
                sys.stdout.write(f"seed {seed}: {text}\n")
    sys.stdout.write(f"{given.seeds} tenants, {moved} users moved, {broken} tenants break the property\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
