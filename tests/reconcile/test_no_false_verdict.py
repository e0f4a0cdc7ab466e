"""In many tenants one thing is wrong, in others nothing: GO exactly there, and each NO-GO for the right reason.

RESEAT_TROUBLED_TENANTS says how many tenants are lived through; without it each trouble is met once.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from reconcile.trouble import TROUBLES, Trouble
from worlds.evidence_world import CATALOG, Night

from jobs.license_reassignment.commands.audit import audit
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation

TENANTS = int(os.environ.get("RESEAT_TROUBLED_TENANTS", len(TROUBLES)))


def lived(trouble: Trouble, seed: int, folder: Path) -> tuple[Night, Reconciliation]:
    """Make a tenant, move everybody, let one thing go wrong, and look again."""
    rng = random.Random(seed)
    night = Night(folder, users=rng.randint(3, 30), seed=seed, **trouble.settings)
    with trouble.planner():
        night.plan()
    night.apply()
    night.clock.seconds += rng.choice((0, 3600, 86_400))
    night.change_settings(declare=trouble.declare)
    trouble.inject(night, rng)
    return night, night.verify()


def edit_one_byte(night: Night, rng: random.Random) -> None:
    name = rng.choice([p for p in night.run.files() if p.stat().st_size])
    content = bytearray(name.read_bytes())
    place = rng.randrange(len(content))
    content[place] = (content[place] + rng.randint(1, 255)) % 256
    name.write_bytes(content)


@pytest.mark.parametrize("seed", range(TENANTS))
def test_the_verdict_is_right_and_for_the_right_reason(seed: int, tmp_path: Path) -> None:
    """These gates fail and no others; the audit of the folder comes to the same verdict, or finds the edited byte."""
    trouble = TROUBLES[seed % len(TROUBLES)]
    night, found = lived(trouble, seed, tmp_path)
    if trouble.audit:
        edit_one_byte(night, random.Random(seed))
    audited = audit(night.run, CATALOG)
    said = f"{trouble.name}, seed {seed}"

    assert trouble.gates == {g.id for g in found.gates if not g.passed}, said
    assert ("NO-GO" if trouble.gates else "GO") == found.verdict, said
    assert (0 if trouble.audit else trouble.code) == found.exit_code, said
    assert (5 if trouble.audit else trouble.code) == audited.code, said
    assert trouble.audit == bool(audited.differences), said
