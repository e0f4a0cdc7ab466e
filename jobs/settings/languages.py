"""The languages that reports can be in: English, and each that has a catalog."""

from __future__ import annotations

from importlib import resources


def languages() -> tuple[str, ...]:
    """Return their codes, English first."""
    catalogs = resources.files("jobs.license_reassignment.report") / "locale"
    return ("en", *sorted(folder.name for folder in catalogs.iterdir()))


def check_language(code: str) -> str:
    """Return the code; raises ValueError where no catalog has it."""
    *others, last = (f'"{known}"' for known in languages())
    if f'"{code}"' not in {*others, last}:
        raise ValueError(f"must be one of {', '.join(others)} or {last}")
    return code
