"""Draws up the plan: snapshot, policy and roster in; header, decisions and their files out. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd

from connectors.catalog.products import Catalog
from connectors.catalog.user_words import load_user_words
from connectors.catalog.voice_countries import load_voice_countries
from connectors.ids import sha256
from connectors.roster.read import RowError
from connectors.tenant import SkuId, TenantSnapshot
from connectors.utc import utc_text
from jobs.license_reassignment.decide import waves, worth_knowing
from jobs.license_reassignment.decide.decide import Context
from jobs.license_reassignment.decide.notices import Vocabulary, notice_files
from jobs.license_reassignment.decide.scope import profiles_holding
from jobs.license_reassignment.decide.seats import SeatRow, seat_row
from jobs.license_reassignment.decide.table import as_text, roster_columns, tabulate
from jobs.license_reassignment.decide.translate import translation_table
from jobs.license_reassignment.gather.names import Wishes, targets_of
from jobs.license_reassignment.gather.people import Bound
from jobs.license_reassignment.gather.protected import NO_SHIELDS, Shields, told
from jobs.license_reassignment.model.plan import (
    Plan,
    canonical,
    header_digest,
    inputs_digest_of,
    plan_id_of,
    plan_list_sha256,
)
from jobs.license_reassignment.model.policy import Limits, Policy, Rule
from jobs.license_reassignment.model.reasons import remedy
from jobs.license_reassignment.run_folder import snapshot_files
from jobs.license_reassignment.run_folder.plan_files import OBJECT, decision_files

FORMAT_VERSION = "1.0"
_NAME_LENGTH_MAX = 80
_NOBODY = {"change": 0, "hold": 0}
REJECTED_COLUMNS = ("file", "line", "row", "reason", "user", "held")


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a plan: the app id of the token, the name of who runs the command, and the machine; "" if unknown."""

    app_id: str = ""
    operator: str = ""
    host: str = ""

    @property
    def header(self) -> dict[str, str]:
        """What the header of the plan says of it."""
        return {"planned_by": self.app_id, "operator": self.operator, "host": self.host}


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that a plan rests on. `frozen` is the frozen part of the settings as JSON data."""

    snapshot: TenantSnapshot
    policy: Policy
    limits: Limits
    wishes: Wishes
    bound: Bound
    catalog: Catalog
    frozen: Mapping[str, Any]
    config_sha256: str
    tool_version: str
    created_at: str
    author: Author = Author()
    shields: Shields = NO_SHIELDS


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan with the files that it consists of, plan.html excepted."""

    plan: Plan
    files: Mapping[str, bytes]


def draw_up(inputs: Inputs) -> Draft:
    """Decide everybody, fill waves, give seats, and digest the result."""
    table, verdicts = tabulate(
        inputs.snapshot, inputs.policy, _context(inputs), inputs.bound.wishes, inputs.bound.rejected
    )
    waves.fill_waves(table, inputs.policy.waves)
    seats = waves.give_seats(table, verdicts, _seat_rows(inputs), inputs.policy.waves, capped=_capped(inputs))
    worth_knowing.add_user_remarks(table, verdicts, inputs.snapshot, load_voice_countries(), inputs.policy.sources)
    return _draft(inputs, table, seats)


def _context(inputs: Inputs) -> Context:
    skus = {s.sku_id: s for s in inputs.snapshot.skus}
    targets = targets_of(inputs.policy, inputs.wishes)
    groups: dict[str, str] = {g.id: f"{g.display_name} ({g.id})" for g in inputs.snapshot.groups}
    return Context(inputs.policy, skus, inputs.catalog.families, _unusable(inputs, targets), groups)


def _unusable(inputs: Inputs, targets: Sequence[SkuId]) -> dict[SkuId, str]:
    """Name the targets that nobody may get by this plan, with the reason code."""
    catalog, found = inputs.catalog, dict[SkuId, str]()
    part = {s.sku_id: s.part_number for s in inputs.snapshot.skus}
    markets = {catalog.market(s, part.get(s, "")) for s in inputs.policy.sources}
    for target in targets:
        sku = inputs.snapshot.sku(target)
        subscriptions = [s for s in inputs.snapshot.subscriptions if s.sku_id == target]
        if sku is not None and sku.applies_to.casefold() == "company":
            found[target] = "target_not_assignable"
        elif not inputs.limits.allow_cross_family and catalog.market(target, part.get(target, "")) not in markets:
            found[target] = "cross_family"
        elif not inputs.limits.allow_trial and subscriptions and all(s.is_trial for s in subscriptions):
            found[target] = "trial_target"
    return found


def _seat_rows(inputs: Inputs) -> list[SeatRow]:
    limits, rows = inputs.limits, []
    for target in targets_of(inputs.policy, inputs.wishes):
        sku = inputs.snapshot.sku(target)
        if sku is not None:
            rows.append(
                seat_row(
                    sku,
                    inputs.snapshot.subscriptions,
                    reserve=limits.seats_reserve,
                    count_warning_units=limits.count_warning_units,
                    allow_trial=limits.allow_trial,
                )
            )
    return rows


def _capped(inputs: Inputs) -> dict[SkuId, int]:
    """Count the present holders of every target that is limited to 300 users."""
    profile_numbers = inputs.snapshot.users["profile"].to_numpy()
    return {
        target: int(profiles_holding(inputs.snapshot.profiles, frozenset({target}))[profile_numbers].sum())
        for target in targets_of(inputs.policy, inputs.wishes)
        if target in inputs.catalog.business_capped
    }


def _draft(inputs: Inputs, table: pd.DataFrame, seats: Sequence[SeatRow]) -> Draft:
    snapshot = inputs.snapshot
    extra = roster_columns(inputs.bound.wishes)
    targets = targets_of(inputs.policy, inputs.wishes)
    decisions = as_text(table, extra)
    header: dict[str, Any] = {
        "tool_version": inputs.tool_version,
        "created_at": inputs.created_at,
        **inputs.author.header,
        "inputs_digest": inputs_digest_of(
            tenant_id=snapshot.organization.id, frozen=inputs.frozen, roster_sha256=inputs.wishes.sha256
        ),
        "kind": "swap",
        "frozen": dict(inputs.frozen),
        "config_sha256": inputs.config_sha256,
        "roster": {
            "file": inputs.wishes.file,
            "sha256": inputs.wishes.sha256,
            "rows": inputs.bound.rows_in,
            "used": inputs.bound.rows_used,
            "rejected": inputs.bound.rows_in - inputs.bound.rows_used,
            "kept": [kept_name(1, inputs.wishes.file)] if inputs.wishes.file else [],
        },
        "sources": [product(snapshot, inputs.catalog, s) for s in inputs.policy.sources],
        "targets": [product(snapshot, inputs.catalog, t) for t in targets],
        "protected": told(inputs.shields, decisions["id"]),
        "acknowledged": sorted(u for u, w in inputs.bound.wishes.items() if w.backup_acknowledged_by),
        "wished": {
            "voice": sorted(u for u, w in inputs.bound.wishes.items() if w.voice),
            "legal_hold": sorted(u for u, w in inputs.bound.wishes.items() if w.legal_hold),
        },
        "waves": _waves(inputs.policy, decisions),
        "translation": _translation(inputs),
        "roster_columns": extra,
        **worth_knowing.worth_knowing(decisions, snapshot, targets, inputs.policy.sources),
    }
    kept = {kept_name(1, inputs.wishes.file): inputs.wishes.content} if inputs.wishes.file else {}
    notices = notice_files(
        decisions, snapshot, waves.wave_order(inputs.policy.waves), Vocabulary(inputs.catalog, load_user_words())
    )
    return finish(header, snapshot, decisions, seats, inputs.policy.rules, inputs.bound, {**notices, **kept})


def finish(
    header: dict[str, Any],
    snapshot: TenantSnapshot,
    decisions: pd.DataFrame,
    seats: Sequence[SeatRow],
    rules: Sequence[Rule] = (),
    bound: Bound | None = None,
    beside: Mapping[str, bytes] = MappingProxyType({}),
) -> Draft:
    """Add to a header what follows from snapshot and decisions, its names and its digests; make the files.

    `beside` are files that the plan holds too: the notices, and the roster as it was read.
    """
    decisions = decisions.assign(**{OBJECT: "user"})
    files = {
        **snapshot_files.snapshot_files(snapshot, "snapshot"),
        **decision_files(decisions, header["roster_columns"]),
        **beside,
    }
    files["rejected.csv"] = rejected_csv(bound.errors, bound.held) if bound else rejected_csv((), {})
    snapshot_sha = sha256(canonical(snapshot_files.content_sha256_parts(files, "snapshot")))
    whole = {
        **header,
        "format_version": FORMAT_VERSION,
        "tenant": {
            "id": snapshot.organization.id,
            "name": snapshot.organization.display_name,
            "verified_domains": list(snapshot.organization.verified_domains),
        },
        "snapshot": {
            "began": utc_text(snapshot.began, "auto"),
            "ended": utc_text(snapshot.ended, "auto"),
            "stable": snapshot.stable,
            "content_sha256": snapshot_sha,
        },
        "totals": _totals(decisions),
        "source_holders": _source_holders(header, snapshot, decisions),
        "rules": _rules(snapshot, decisions, rules),
        "holds": _holds(decisions),
        "seats": [{**asdict(row), "left": row.left} for row in seats],
        "files": {name: sha256(data) for name, data in sorted(files.items())},
    }
    return numbered(Draft(Plan(whole, decisions), files), 0)


def numbered(draft: Draft, again: int) -> Draft:
    """Name a draft and digest it. `again` counts the begun plans of the same content before it; 0 for the first."""
    header = {k: v for k, v in draft.plan.header.items() if k not in {"again", "digest"}}
    header |= {"again": again} if again else {}
    header["plan_id"] = plan_id_of(
        tenant_id=header["tenant"]["id"],
        frozen=[header["kind"], header["frozen"]],
        roster_sha256=header["roster"]["sha256"],
        snapshot_sha256=header["snapshot"]["content_sha256"],
        decisions_sha256=sha256(draft.files["decisions.csv"] + draft.files["decisions-plans.json"]),
        again=again,
    )
    header["digest"] = header_digest(header)
    return Draft(Plan(header, draft.plan.decisions), {**draft.files, "plan.json": snapshot_files.json_bytes(header)})


def kept_name(number: int, file: str) -> str:
    """Return where a roster is kept: `roster/01-<name>`, a name that every file system takes.

    The number tells files of one name apart, and no device of Windows begins with one.
    """
    safe = re.sub(r"[^\w.() -]+", "_", unicodedata.normalize("NFC", file))
    return f"roster/{number:02}-{safe[-_NAME_LENGTH_MAX:].strip(' .') or 'roster'}"


def rejected_csv(errors: Sequence[RowError], held: Mapping[tuple[str, int], Sequence[str]]) -> bytes:
    """Write the roster rows that are not used, each with the principal names of the users held for it."""
    rows = [(e.file, str(e.line), e.row, e.reason, e.user, "+".join(held.get((e.file, e.line), ()))) for e in errors]
    return snapshot_files.csv_bytes(
        pd.DataFrame(rows, columns=list(REJECTED_COLUMNS)).astype(str), free_text=REJECTED_COLUMNS
    )


def product(snapshot: TenantSnapshot, catalog: Catalog, sku_id: SkuId) -> dict[str, str]:
    """Return how a header names one SKU, with the digest of its plan list."""
    sku = snapshot.sku(sku_id)
    return {
        "sku_id": sku_id,
        "sku_part_number": sku.part_number if sku else sku_id,
        "name": catalog.names.sku(sku_id),
        "plans_sha256": plan_list_sha256(sku) if sku else "",
    }


def _source_holders(header: Mapping[str, Any], snapshot: TenantSnapshot, decisions: pd.DataFrame) -> int:
    """Count the users in scope whom the limits are a share of; a plan of another kind has nobody else in scope."""
    if header["kind"] != "swap":
        return len(decisions)
    holding = profiles_holding(snapshot.profiles, frozenset(SkuId(s["sku_id"]) for s in header["sources"]))
    return int(holding[decisions["before"].astype("int64").to_numpy()].sum())


def _totals(decisions: pd.DataFrame) -> dict[str, int]:
    kinds, reasons = decisions["kind"], decisions["reason"]
    on_target = int((reasons == "already_on_target").sum())
    changes = int((kinds == "change").sum())
    return {
        "in_scope": len(decisions),
        "changes": changes,
        "already_on_target": on_target,
        "held": len(decisions) - changes - on_target,
    }


def _rules(snapshot: TenantSnapshot, decisions: pd.DataFrame, rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Count the users per rule and target: every rule of the settings in its order, with its 0 too, then the rest."""
    part = {s.sku_id: s.part_number for s in snapshot.skus}
    counted = decisions.groupby(["rule", "targets", "kind"], sort=True).size()
    rows: dict[tuple[str, str], dict[str, Any]] = {
        (r.name, t): {"rule": r.name, "targets": t} | _NOBODY for r in rules for t in ["+".join(r.targets)]
    }
    for key, size in counted.items():
        name, targets, kind = (str(part) for part in key)  # type: ignore[attr-defined]
        rule = "roster rows" if name.startswith("roster line") else name
        row = rows.setdefault((rule, targets), {"rule": rule, "targets": targets} | _NOBODY)
        row[kind] += int(size)
    return [{**r, "target_skus": "+".join(part.get(s, s) for s in r["targets"].split("+"))} for r in rows.values()]


def _holds(decisions: pd.DataFrame) -> list[dict[str, Any]]:
    held = decisions[(decisions["kind"] == "hold") & (decisions["reason"] != "already_on_target")]
    return [
        {
            "reason": str(reason),
            "users": len(rows),
            "remedy": remedy(str(reason)),
            "sample": [str(n) for n in rows["name"].head(5)],
        }
        for reason, rows in held.groupby("reason", sort=True)
    ]


def _waves(policy: Policy, decisions: pd.DataFrame) -> list[dict[str, Any]]:
    changes = decisions[decisions["kind"] == "change"]
    stops = {w.name for w in policy.waves if w.stop}
    return [
        {"name": n, "users": int((changes["wave"] == n).sum()), "then": "stop" if n in stops else "continue"}
        for n in waves.wave_order(policy.waves)
    ]


def _translation(inputs: Inputs) -> list[dict[str, Any]]:
    """One table per source and target set that the plan knows: what replaces what."""
    skus = {s.sku_id: s for s in inputs.snapshot.skus}
    sets = dict.fromkeys([r.targets for r in inputs.policy.rules] + [w.targets or () for _, w in inputs.wishes.rows])
    tables = []
    for source in inputs.policy.sources:
        for targets in sets:
            if targets:
                rows = translation_table(skus[source], [skus[t] for t in targets], inputs.catalog.families)
                tables.append(
                    {
                        "source": source,
                        "targets": list(targets),
                        "rows": [
                            {
                                "source_plan": r.source.name if r.source else "",
                                "target_plan": r.target.name if r.target else "",
                                "kind": r.step.value,
                            }
                            for r in rows
                        ],
                    }
                )
    return tables
