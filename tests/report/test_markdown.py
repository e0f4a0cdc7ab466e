"""summary.md says the essential in at most sixty lines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from worlds.report_cases import HOLD_REASONS, finding, go, no_go, user
from worlds.report_nasty import nasty

from jobs.license_reassignment.reconcile.findings import Gate
from jobs.license_reassignment.report.markdown import render_summary

HEAD_LINE = (
    "Last entry of the journal: `p1f2e3d4c5b6a 4 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`\n"
)
GATES = (
    Gate("nobody_bare", "passed", "Nobody was."),
    Gate("consumed_is_zero", "failed", "Graph counts 1 used seat.", "Look again later."),
)


def test_a_no_go_is_written_letter_by_letter() -> None:
    assert render_summary(finding([user(0), user(1, "held")], gates=GATES, incidents=())) == (
        """# NO-GO: Can the Office 365 E4 subscription be canceled?

Not yet. 1 of 2 gates has not passed: Microsoft still counts seats in use.

- **1** still holds the old product (0 directly, 1 through groups)
- **1** needs attention (1 on hold, 0 refused, 0 other)
- **1** moved and verified (1 moved, 0 through a group, 0 already had it)
- Next step: **Move the remaining user, or keep 1 seat of the old subscription**: 1 seats of it are in use.
- Deadline: **2026-12-31** (Microsoft renews or ends the old subscription on that day)
- Operator: p.devries on laptop-3 (planned); j.smit on ops-07 (applied, verified)
- Apps: 0c0c0c0c-1111-4222-8333-444444444444 (planned); 0d0d0d0d-1111-4222-8333-444444444444 (applied); \
0e0e0e0e-1111-4222-8333-444444444444 (verified)

| Status | Gate | What was found |
| --- | --- | --- |
| ✕ failed | `consumed_is_zero` | Graph counts 1 used seat. |
| ✓ passed | `nobody_bare` | Nobody was. |

**On hold, and why**

- 1 protected: Take the name out of \\[scope\\] protected, or move the account by hand. (user00001@contoso.example)

Full report: report.html · all users: users.csv · what is left to do: actions.csv

"""
        + HEAD_LINE
    )


def test_each_reason_names_the_first_people_with_their_detail() -> None:
    """Three of them by name; the others are counted."""
    held = [user(n, "held", reason="inherited", detail="Licensing NL", remedy="Swap it.") for n in range(5)]
    remedy = "Swap the license on the group, or take the user out of it."
    first = "; ".join(f"user0000{n}@contoso.example (Licensing NL)" for n in range(3))

    assert f"- 5 assigned through a group: {remedy} ({first} and 2 more)\n" in render_summary(finding(held))


def test_a_go_is_said_in_dutch() -> None:
    text = render_summary(go(1250), "nl")

    assert text.startswith(
        "# GO: Kan het abonnement op Office 365 E4 worden opgezegd?\n\n"
        "Ja. Aan alle 16 voorwaarden is voldaan, gecontroleerd na de laatste wijziging.\n"
    )
    assert "- **1.250** overgezet en gecontroleerd (1.250 overgezet, 0 via een groep, 0 had het al)\n" in text


def test_an_undo_answers_its_own_question() -> None:
    """An undo plan asks no cancel gates: the verdict is about having everything back."""
    text = render_summary(replace(no_go(20), undo=True, gates=(), held_by_reason={}, incidents=()))

    assert text.startswith(
        "# NO-GO: Is everything as it was before the run?\n\n"
        "Not yet. 2 of 20 users do not have the same licenses as before.\n"
    )


@pytest.mark.parametrize("many", [no_go(5000), nasty()], ids=["5000", "nasty"])
def test_it_never_has_more_than_sixty_lines(many) -> None:
    """Reasons and incidents beyond the first are counted, not listed."""
    crowded = replace(
        many,
        held_by_reason={f"reason_{number}": number for number in range(1, 40)} | dict.fromkeys(HOLD_REASONS, 1),
        incidents=many.incidents * 20,
    )
    text = render_summary(crowded)

    assert len(text.splitlines()) <= 60
    assert "- 37 more in the report\n" in text


def test_a_name_cannot_become_markup() -> None:
    text = render_summary(nasty())

    assert "<script>" not in text
    assert "a \\| b \\`code\\` \\*bold\\* \\[link\\](http://example.com)" in text
