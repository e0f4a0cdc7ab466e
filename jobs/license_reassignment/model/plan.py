"""The plan as a value: a header that digests everything it rests on, and the table of decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from connectors.changes import AddLicense, AssignLicense
from connectors.ids import sha256
from connectors.tenant import PlanId, SkuId, SubscribedSku, UserId
from jobs.license_reassignment.model.reasons import QUIET

if TYPE_CHECKING:
    import pandas as pd


def canonical(value: object) -> bytes:
    """Serialize for a digest: keys sorted, no white space, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def plan_id_of(
    *, tenant_id: str, frozen: object, roster_sha256: str, snapshot_sha256: str, decisions_sha256: str, again: int = 0
) -> str:
    """Name a plan by what it rests on: `p` and 12 hex digits. Times are not part of it.

    `again` counts the plans of the same content that were begun before this one: a tenant looks the same after an undo.
    """
    parts = [tenant_id, frozen, roster_sha256, snapshot_sha256, decisions_sha256, *([again] if again else [])]
    return "p" + sha256(canonical(parts))[:12]


def inputs_digest_of(*, tenant_id: str, frozen: Mapping[str, Any], roster_sha256: str) -> str:
    """Digest the inputs without the snapshot: `run` finds its own unfinished run by it.

    A name that is added to `protected` is looked at by every apply, and one that is taken out still protects.
    """
    return sha256(canonical([tenant_id, unprotected(frozen), roster_sha256]))


def unprotected(frozen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the frozen settings without `[scope] protected`, the one key of them that is read live."""
    return {**frozen, "scope": {k: v for k, v in frozen.get("scope", {}).items() if k != "protected"}}


def header_digest(header: Mapping[str, Any]) -> str:
    """Digest a header without its own `digest` key; the journal's first line hangs on it."""
    return sha256(canonical({k: v for k, v in header.items() if k != "digest"}))


def plan_list_sha256(sku: SubscribedSku) -> str:
    """Digest which service plans a SKU has, so that a later change of the product is noticed."""
    return sha256(canonical(sorted(sku.plan_ids)))


@dataclass(frozen=True, slots=True)
class Plan:
    """What `apply` carries out exactly. `decisions` has DECISION_COLUMNS, all text."""

    header: Mapping[str, Any]
    decisions: pd.DataFrame

    @property
    def plan_id(self) -> str:
        """`p` and 12 hex digits."""
        return str(self.header["plan_id"])

    @property
    def digest(self) -> str:
        """SHA-256 of the header, which holds the SHA-256 of every other file of the plan."""
        return str(self.header["digest"])

    @property
    def kind(self) -> str:
        """`swap`; `undo` of another plan; `addons`, which removes what the targets of another plan cover."""
        return str(self.header["kind"])

    @property
    def asks_gates(self) -> bool:
        """Whether a verify asks the gates of a cancellation; every other plan has the verdict of its own aim."""
        return self.kind == "swap"

    @property
    def undo(self) -> bool:
        """Whether the plan takes another plan back."""
        return self.header["kind"] == "undo"  # type: ignore[no-any-return]

    @property
    def tenant_id(self) -> str:
        """The pinned tenant."""
        return str(self.header["tenant"]["id"])

    @property
    def sources(self) -> tuple[SkuId, ...]:
        """The SKUs that the plan removes."""
        return tuple(SkuId(s["sku_id"]) for s in self.header["sources"])

    @property
    def targets(self) -> tuple[SkuId, ...]:
        """The SKUs that the plan adds."""
        return tuple(SkuId(s["sku_id"]) for s in self.header["targets"])

    @property
    def wave_names(self) -> tuple[str, ...]:
        """The waves in the order they run."""
        return tuple(str(w["name"]) for w in self.header["waves"])

    @property
    def held_for_somebody(self) -> int:
        """How many users are held for a reason that asks something of somebody."""
        quiet = sum(int(h["users"]) for h in self.header["holds"] if h["reason"] in QUIET)
        return int(self.header["totals"]["held"]) - quiet

    def stops_after(self, wave: str) -> bool:
        """Whether the wave ends in a stop."""
        return any(w["name"] == wave and w["then"] == "stop" for w in self.header["waves"])

    def is_tenant(self, name: str) -> bool:
        """Whether the text names the plan's tenant: its id, or one of its verified domains."""
        wanted = name.strip().casefold()
        tenant = self.header["tenant"]
        return wanted == tenant["id"] or wanted in {d.casefold() for d in tenant["verified_domains"]}


def split(text: str) -> tuple[str, ...]:
    """Split a `+`-joined cell; an empty cell holds nothing."""
    return tuple(text.split("+")) if text else ()


def parse_disabled(text: str) -> dict[str, tuple[PlanId, ...]]:
    """Read a `disabled_plans` cell back: SKU -> plans that stay off."""
    pairs = (part.partition(":") for part in text.split(";") if part)
    return {sku: tuple(PlanId(p) for p in split(plans)) for sku, _, plans in pairs}


def change_of(user_id: str, add: str, remove: str, disabled_plans: str) -> AssignLicense:
    """Make the one request of a decision row."""
    disabled = parse_disabled(disabled_plans)
    return AssignLicense(
        user_id=UserId(user_id),
        add=tuple(AddLicense(SkuId(s), disabled.get(s, ())) for s in split(add)),
        remove=tuple(SkuId(s) for s in split(remove)),
    )
