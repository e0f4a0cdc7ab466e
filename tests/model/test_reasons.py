"""Every reason code that the job can produce has a remedy, a word in each language and a row in docs/reasons.md."""

from __future__ import annotations

import pytest
from worlds.machine import ROOT
from worlds.produced_reasons import PRODUCED

from jobs.license_reassignment.model.reasons import remedy
from jobs.license_reassignment.report.codes import FAMILIES

ANSWERS = ("permission", "throttled", "locked", "lost_reply", "not_sent", "restricted_management", "seats_taken")
HELD = ("protected", "inherited", "cross_family", "business_cap", "no_seat", "legal_hold", "lost_voice", "no_source")
ENDED = (
    "residual_holder",
    "changed_by_others",
    "user_not_found",
    "no_effect",
    "unproven",
    "move_undone",
    "target_in_error",
)


def test_the_sources_are_read_as_they_are_written() -> None:
    """Codes of each kind that everybody knows are among those found, so an empty list cannot pass."""
    assert [] == [code for code in (*ANSWERS, *HELD, *ENDED) if code not in PRODUCED]


@pytest.mark.parametrize("code", sorted(PRODUCED))
def test_a_reason_says_what_to_do(code: str) -> None:
    """A remedy, an English and a Dutch word, and a row of the page."""
    page = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")
    missing = [
        what
        for what, there in (
            ("remedy", remedy(code).endswith(".")),
            ("refusal", remedy(code, refused=True).endswith(".")),
            ("word", code in FAMILIES["reason"]),
            ("row of docs/reasons.md", f"| `{code}` |" in page),
        )
        if not there
    ]

    assert [] == missing, f"{code} of {PRODUCED[code]}"
