"""One invented tenant, planned and applied in this process, untouched by others, and judged by the tenant itself."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worlds.rehearsal import Rehearsal

from connectors.catalog.products import load_catalog
from connectors.sandbox.licensing.rules import Change, decide_user
from connectors.sandbox.refusal import Refusal
from connectors.sandbox.sample.people import DEPARTMENTS
from connectors.sandbox.sample.seed import SOURCE, TENANT_ID, generate
from connectors.sandbox.tenant.state import TenantState
from connectors.tenant import SubscribedSku, TenantSnapshot
from jobs.license_reassignment.decide.translate import translate
from jobs.license_reassignment.model.plan import Plan, split
from jobs.license_reassignment.run_folder.load import entries, load_journal, load_snapshot

TARGET_SETS = (
    ("ENTERPRISEPACK",),
    ("ENTERPRISEPREMIUM",),
    ("SPE_E3",),
    ("SPE_E5",),
    ("ENTERPRISEPACK", "MCOEV"),
    ("SPE_E3", "MCOEV"),
    ("ENTERPRISEPACK", "MCOEV", "MCOMEETADV"),
)
CHOSEN = {"no_rule", "left_by_choice", "disabled_account", "guest", "lost_service", "lost_voice", "inherited"}
"""Holds that the organization asked for, or that only a group can lift: the tenant itself might well say yes."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of one tenant: its state now and as it was, the plan, and the answers that Graph's double gave."""

    seed: int
    now: TenantState
    before: TenantState
    plan: Plan
    snapshot: TenantSnapshot
    new_in_target: Any
    refusals: tuple[str, ...]


def mix_of(rng: random.Random) -> dict[str, float]:
    """Draw how often each situation occurs; a third of the tenants is as the generator makes it by default."""
    if rng.random() < 0.34:
        return {}
    return {
        "inherited": rng.choice((0.0, 0.04, 0.1)),
        "direct_and_group": rng.choice((0.0, 0.05)),
        "both": rng.choice((0.0, 0.01, 0.15)),
        "on_target": rng.choice((0.0, 0.1)),
        "disabled_plans": rng.choice((0.1, 0.5, 0.9)),
        "addons": rng.choice((0.15, 0.6)),
        "conflicts": rng.choice((0.01, 0.1, 0.25)),
        "no_location": rng.choice((0.0, 0.1)),
        "guests": rng.choice((0.0, 0.05)),
        "disabled_accounts": rng.choice((0.0, 0.05)),
        "restricted": rng.choice((0.0, 0.03)),
        "deleted": rng.choice((0.0, 0.03)),
        "seats": rng.choice((1.0, 1.0, 0.4, 0.1)),
    }


def settings_of(rng: random.Random) -> dict[str, dict[str, Any]]:
    """Draw what the organization wants of it, section by section."""
    return {
        "tenant": {"id": TENANT_ID, "credential": "sandbox", "graph_url": "http://127.0.0.1:8080/v1.0"},
        "source": {"skus": [SOURCE]},
        "scope": {"disabled_accounts": rng.choice(("move", "hold")), "guests": rng.choice(("move", "hold"))},
        "plans": {
            "carry_over": rng.random() < 0.8,
            "new_in_target": rng.choice(("enable", "enable", "disable", ["MCOEV", "FORMS_PLAN_E5", "INTUNE_A"])),
            "lost_services": rng.choice(("hold", "accept")),
        },
        "limits": {"users_changed_max": 100_000, "seats_reserve": rng.choice((0, 0, 3))},
    }


def _rules_of(rng: random.Random) -> str:
    """Draw one rule or two, as they stand in a settings file; JSON's lists and texts are TOML's too."""
    everyone = f"[[swap]]\nto = {json.dumps(rng.choice(TARGET_SETS))}\n"
    if rng.random() < 0.4:
        return everyone
    some = json.dumps(rng.sample(sorted(DEPARTMENTS), 3))
    return f"[[swap]]\nto = {json.dumps(rng.choice(TARGET_SETS))}\nwhere = {{ department = {some} }}\n{everyone}"


def live(seed: int, users: int, folder: Path) -> Lived:
    """Plan and apply for the tenant of one seed; the same seed gives the same tenant and the same wishes."""
    rng = random.Random(seed * 7919 + 1)
    mix, given = mix_of(rng), settings_of(rng)
    sections = "".join(
        f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in section.items())
        for name, section in given.items()
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reseat.toml").write_text(sections + _rules_of(rng), encoding="utf-8")
    tenant, before = generate(users, seed, **mix), generate(users, seed, **mix)
    rehearsal = Rehearsal(tenant, folder / "reseat.toml")
    planned = rehearsal.plan()
    rehearsal.apply(tenant=TENANT_ID)
    answers = [e for e in entries(load_journal(planned.run, planned.plan).lines) if e.kind == "outcome"]
    refusals = tuple(
        f"{item['id']}: {item['message']}" for e in answers for item in e.body["items"] if item["verdict"] != "applied"
    )
    new = given["plans"]["new_in_target"]
    return Lived(seed, tenant, before, planned.plan, load_snapshot(planned.run), new, refusals)


def complaints(lived: Lived) -> list[str]:
    """Return everything that an undisturbed run must not show: a refusal, a change not made, a hold without need."""
    return [
        *(f"refused: {text}" for text in lived.refusals),
        *_not_moved(lived),
        *_held_in_vain(lived),
    ]


def _rows(lived: Lived, kind: str) -> list[dict[str, str]]:
    decisions = lived.plan.decisions
    records = decisions[decisions["kind"] == kind].astype(str).to_dict("records")
    return [{str(column): str(value) for column, value in record.items()} for record in records]


def _not_moved(lived: Lived) -> Iterator[str]:
    source = lived.now.sku_named(SOURCE).id
    for row in _rows(lived, "change"):
        user = lived.now.user(row["id"])
        held = user.profile.held if user else frozenset[str]()
        if source in held or not set(split(row["targets"])) <= held:
            yield f"{row['name']} was planned and not moved"


def _held_in_vain(lived: Lived) -> Iterator[str]:
    """Ask the tenant as it was about the request that a held user would have got."""
    reserve = {s.part_number: s.reserve for s in lived.plan.header.seats}
    for row in _rows(lived, "hold"):
        if row["reason"] in CHOSEN:
            continue
        if row["reason"] == "no_seat":
            free = lived.now.free_seats(lived.now.sku_named(row["detail"]))
            if free > reserve[row["detail"]]:
                yield f"{row['name']} is held for a seat of {row['detail']}, and {free} are free"
            continue
        user = lived.before.user(row["id"])
        assert user is not None
        try:
            decide_user(lived.before, user, _wished(lived, row), 0.0)
        except Refusal:
            continue
        yield f"{row['name']} is held ({row['reason']} {row['detail']}), and the tenant would have agreed"


def _wished(lived: Lived, row: dict[str, str]) -> Change:
    skus: dict[str, SubscribedSku] = {s.sku_id: s for s in lived.snapshot.skus}
    held = lived.snapshot.profiles[int(row["before"])]
    gone = [a for a in held.assignments if a.sku_id in lived.plan.sources]
    kept = [a for a in held.assignments if a.sku_id not in lived.plan.sources]
    found = translate(
        [(skus.get(a.sku_id), a) for a in gone],
        [(skus.get(a.sku_id), a) for a in kept],
        [skus[t] for t in split(row["targets"]) if t not in held.skus],
        carry_over=lived.plan.header.frozen["plans"]["carry_over"],
        new_in_target=frozenset(lived.new_in_target) if isinstance(lived.new_in_target, list) else lived.new_in_target,
        families=load_catalog().families,
    )
    add = tuple((str(a.sku_id), tuple(a.disabled_plans)) for a in found.add)
    return Change(add, tuple(str(s) for s in dict.fromkeys(a.sku_id for a in gone)))
