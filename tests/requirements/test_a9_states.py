"""The life of a subscription, in Graph's words and the portal's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from requirements.requirement_world import E4, SKU, person, product, snapshot, subscription

from jobs.license_reassignment.gather import readiness, subscriptions
from jobs.license_reassignment.reconcile.since_last import after_cancel

E3 = "ENTERPRISEPACK"


@pytest.mark.parametrize(
    ("word", "portal", "level"),
    [
        ("Warning", "Expired, in grace", "warn"),
        ("Suspended", "Disabled", "warn"),
        ("LockedOut", "Disabled after a cancellation", "warn"),
        ("Deleted", "Deleted", "person"),
    ],
)
def test_a9_01_days_come_from_graph_and_a_table_only_where_it_has_none(word: str, portal: str, level: str) -> None:
    """With a date the date, without one the usual spans, marked as typical."""
    [dated] = subscriptions.life_of(product(E4), [subscription(E4, status=word, next_lifecycle="2026-05-01T00:00:00Z")])
    [typical] = subscriptions.life_of(product(E4), [subscription(E4, status=word)])

    assert (level, True, True) == (dated.level, f"({portal})" in dated.text, "next change on 2026-05-01" in dated.text)
    assert "typically 30 days" in typical.text


def test_a9_02_unknown_words_are_told_as_they_are_and_count_as_not_active() -> None:
    """For the source a warning, for the target a reason to wait."""
    [source] = subscriptions.life_of(product(E4), [subscription(E4, status="Hibernating")])

    assert "`Hibernating`" in source.text
    assert subscriptions.stage_of("Hibernating") is None
    target = product(E3, capability_status="Hibernating")
    assert "ENTERPRISEPACK: status Hibernating (capabilityStatus), 10 active seats" == readiness.target_problem(
        target, SKU[E3], ()
    )


def test_a9_03_the_word_enabled_is_not_enough() -> None:
    """One unit makes a SKU Enabled: the units are looked at too."""
    part = product(E4, enabled=1, warning=99, locked_out=5)

    assert ["Enabled, with 1 seat enabled and 99 in the grace period; 5 locked out"] == [
        f.text for f in subscriptions.life_of(part, ())
    ]
    assert readiness.target_problem(product(E3, enabled=0), SKU[E3], ())


@pytest.mark.parametrize(
    ("status", "ended"), [("Enabled", False), ("Warning", False), ("Suspended", True), ("LockedOut", True)]
)
def test_a9_04_a_look_after_the_cancellation(status: str, ended: bool) -> None:
    """The source must be over, the targets ready, and nobody may have lost what was there."""
    world = snapshot(
        person("ada", E3),
        skus=[replace(product(E4), capability_status=status), product(E3)],
        subscriptions=[subscription(E4, status=status)],
    )
    answers = {g.id: g.passed for g in after_cancel(world, [SKU[E4]], [], [], None)}

    assert {"source_ended": ended, "targets_fine": True, "nobody_lost": True} == answers
