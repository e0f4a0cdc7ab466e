"""`make bench`: speed and memory beside a bare loop in the same run, as ratios; SIZE=full is a million users."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import measures
from bench.sizes import SIZES, Row, Size
from rich.console import Console
from rich.table import Table

PLAIN_WIDTH = 150
FLUSHES = 20

SECTIONS = {
    "plan": measures.inventory_and_plan,
    "command": measures.plan_command,
    "apply": measures.apply_beside_rivals,
    "quota": measures.quota,
    "memory": measures.memory_while_applying,
    "verify": measures.verify_and_report,
    "groups": measures.groups_swapped,
}


def main(arguments: list[str]) -> int:
    """Measure the asked sections and print one table; 0 also where an aim is missed, for the machine may be busy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default=os.environ.get("SIZE") or "quick")
    parser.add_argument("sections", nargs="*", metavar="section", help=f"of {', '.join(SECTIONS)}; all if none")
    told = parser.parse_args(arguments)
    if unknown := set(told.sections) - SECTIONS.keys():
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    rows = list(run(SIZES[told.size], told.sections or list(SECTIONS)))
    console = Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    console.print(table(rows, f"size {told.size}, {os.cpu_count()} cores"))
    return 0


def run(size: Size, sections: list[str]) -> Iterator[Row]:
    """Yield the rows of each section, telling on stderr how busy machine and disk were at its beginning."""
    for name in sections:
        with tempfile.TemporaryDirectory(prefix="reseat-bench-") as folder:
            sys.stderr.write(f"{name}: load {os.getloadavg()[0]:.1f}, {flush_ms(Path(folder)):.1f} ms to flush 4 kB\n")
            yield from SECTIONS[name](size, Path(folder))


def flush_ms(folder: Path) -> float:
    """Return how long the disk takes to make 4 kB durable, in milliseconds: each batch of an apply waits for it."""
    file = os.open(folder / "flush", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    began = time.perf_counter()
    for _ in range(FLUSHES):
        os.write(file, bytes(4096))
        os.fsync(file)
    seconds = time.perf_counter() - began
    os.close(file)
    return seconds / FLUSHES * 1_000


def table(rows: list[Row], title: str) -> Table:
    """Return the rows as one table: what was measured, how much, beside what, and the aim."""
    shown = Table(title=title, title_justify="left")
    for column in ("measure", "value", "beside", "ratio", "aim"):
        shown.add_column(column, justify="left" if column in {"measure", "beside"} else "right")
    for row in rows:
        shown.add_row(row.what, row.value, row.beside, row.ratio, row.aim)
    return shown


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
