"""The sixteen questions before a cancellation: each passed, failed or not checkable, with evidence and remedy. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.tenant import SubscribedSku
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.reconcile.findings import Gate, LedgerRow, Residual, Totals

GATE_IDS = (
    "no_direct_holders",
    "no_inherited_holders",
    "no_group_carries_source",
    "no_soft_deleted_holders",
    "source_family_clear",
    "consumed_is_zero",
    "no_in_doubt",
    "nothing_pending",
    "targets_ready",
    "nobody_bare",
    "nothing_lost_unaccepted",
    "books_balance",
    "addons_declared",
    "not_last_data_subscription",
    "purchase_channel_declared",
    "verified_after_last_write",
)

UNREAD = "Grant the app the permission to read them (docs/permissions.md), then run `reseat verify` again."


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gates ask. Names are for people; a None says that the fact could not be read."""

    residual: Residual
    groups: Sequence[str]
    soft_deleted: Sequence[str] | None
    relatives: Sequence[SubscribedSku]
    consumed: Mapping[str, int]
    totals: Totals
    targets_not_ready: Sequence[str]
    unlicensed: Sequence[str]
    lost_unaccepted: Sequence[str]
    ledger: Sequence[LedgerRow]
    addons: Sequence[str]
    declared_addons: Mapping[str, str]
    other_data_skus: Sequence[str]
    purchase_channel: str
    partner_owned: bool
    last_write_at: str
    read_began: str
    scans_agreed: bool


def gate(gate_id: str, ok: bool | None, detail: str, remedy: str = "") -> Gate:
    """Make one gate; None means that it could not be checked, which never opens it."""
    status = "not_checkable" if ok is None else "passed" if ok else "failed"
    return Gate(gate_id, status, detail, "" if ok else remedy)  # type: ignore[arg-type]


def all_gates(facts: Facts) -> tuple[Gate, ...]:
    """Answer every gate, in the fixed order."""
    gates = (*_holders(facts), *_books(facts), *_people(facts), *_declarations(facts))
    by_id = {g.id: g for g in gates}
    return tuple(by_id[i] for i in GATE_IDS)


def _few(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _holds(users: int) -> str:
    return f"{counted(users, 'user holds', 'users hold')} a source SKU"


def _holders(facts: Facts) -> tuple[Gate, ...]:
    residual, groups, deleted = facts.residual, facts.groups, facts.soft_deleted
    return (
        gate(
            "no_direct_holders",
            residual.users_direct == 0,
            f"{_holds(residual.users_direct)} directly",
            "Do for each of them what actions.csv says, then make a new plan and apply it: it adds the target and "
            "removes the source in one change. Taking the old license away alone would leave them without.",
        ),
        gate(
            "no_inherited_holders",
            residual.users_inherited == 0,
            f"{_holds(residual.users_inherited)} through a group only",
            "On each group that actions.csv names, add the target and remove the source in one change, never the "
            "source alone. A user who has left the group and keeps its license in error is first given the target "
            "directly, then reprocessed. Run `reseat verify` again when the members are through.",
        ),
        *_restorable(groups, deleted),
        gate(
            "source_family_clear",
            not facts.relatives,
            f"other editions of the source in this tenant: {_few([s.part_number for s in facts.relatives])}"
            if facts.relatives
            else "no other edition of the source product has holders or seats",
            "Add them to [source] skus, make a new plan and apply it: this verdict does not cover them, and an "
            "edition with seats can be handed out again.",
        ),
        gate(
            "consumed_is_zero",
            all(n == 0 for n in facts.consumed.values()) and facts.scans_agreed,
            "; ".join(f"{sku}: consumedUnits {n}" for sku, n in facts.consumed.items())
            + ("" if facts.scans_agreed else "; the scans did not agree with each other or with consumedUnits"),
            "Seats still count as used. Settle what the other gates and actions.csv say, then run `reseat verify` "
            "again later: Graph's count may lag.",
        ),
    )


def _restorable(groups: Sequence[str] | None, deleted: Sequence[str] | None) -> tuple[Gate, ...]:
    """Whether anything would hand the source out again: a group to its next member, a restore to a deleted user."""
    return (
        gate(
            "no_group_carries_source",
            not groups,
            f"{counted(len(groups), 'group carries', 'groups carry')} a source SKU: {_few(groups)}"
            if groups
            else "no group carries a source SKU",
            UNREAD
            if groups is None
            else "On each group with members, add the target and remove the source in one change; remove it alone only "
            "from a group that has none: the next member would receive it.",
        ),
        gate(
            "no_soft_deleted_holders",
            None if deleted is None else not deleted,
            "deleted users could not be read"
            if deleted is None
            else f"{counted(len(deleted), 'deleted user')} would bring a source SKU back: {_few(deleted)}"
            if deleted
            else "no deleted user names a source SKU",
            UNREAD
            if deleted is None
            else "Who is to come back is restored and moved by a new plan; for the others wait until their 30 days are "
            "over, or delete them for good.",
        ),
    )


def _books(facts: Facts) -> tuple[Gate, ...]:
    totals = facts.totals
    unexplained = [r for r in facts.ledger if r.unexplained]
    later = bool(facts.read_began) and facts.read_began > facts.last_write_at
    return (
        gate(
            "no_in_doubt",
            totals.in_doubt == 0,
            f"{counted(totals.in_doubt, 'change')} in doubt",
            "Run `reseat apply` again: it reads before it writes. Then run `reseat verify` again.",
        ),
        gate(
            "nothing_pending",
            totals.pending == 0,
            f"{counted(totals.pending, 'planned change')} not made",
            "Run `reseat apply` again (past a wave that stops with `--wave`), or make a new plan and apply it. Then "
            "run `reseat verify` again.",
        ),
        gate(
            "books_balance",
            not unexplained,
            "; ".join(f"{r.sku_part_number}: {r.unexplained:+d} unexplained" for r in unexplained)
            or "every seat is explained for each source and target SKU",
            "Look again later: Graph's counts may lag. Then search the audit log for changes by others.",
        ),
        gate(
            "verified_after_last_write",
            later,
            f"last write {facts.last_write_at or 'none'}, this read began {facts.read_began}",
            "Run `reseat verify` again.",
        ),
    )


def _people(facts: Facts) -> tuple[Gate, ...]:
    return (
        gate(
            "targets_ready",
            not facts.targets_not_ready,
            "; ".join(facts.targets_not_ready) or "every target SKU is enabled and provisioned",
            "Wait until the target's service plans are set up, or renew its subscription: people work with it. Then "
            "run `reseat verify` again.",
        ),
        gate(
            "nobody_bare",
            not facts.unlicensed,
            f"{counted(len(facts.unlicensed), 'user holds', 'users hold')} neither source nor target: "
            f"{_few(facts.unlicensed)}"
            if facts.unlicensed
            else "every user in scope holds the source or the target",
            "Assign the target to each of them by hand at once: mailbox data is kept for 30 days only, and a plan "
            "gives no license to somebody who has none. Then run `reseat verify` again.",
        ),
        gate(
            "nothing_lost_unaccepted",
            not facts.lost_unaccepted,
            f"{counted(len(facts.lost_unaccepted), 'user')} lost a service nobody accepted: "
            f"{_few(facts.lost_unaccepted)}"
            if facts.lost_unaccepted
            else "no data service was lost or lowered without acceptance",
            "Give each of them the service back at once: repair the license that is in error, or assign one that has "
            "the service beside it. Then run `reseat verify` again.",
        ),
    )


def _declarations(facts: Facts) -> tuple[Gate, ...]:
    undeclared = [a for a in facts.addons if a not in facts.declared_addons]
    bound = [a for a in facts.addons if facts.declared_addons.get(a) == "traditional"]
    if undeclared:
        addons = gate(
            "addons_declared",
            None,
            f"not declared standalone or traditional: {', '.join(undeclared)}",
            'Graph does not say it: declare each under [declare] addons, e.g. { MCOEV = "standalone" }, then run '
            "`reseat verify` again.",
        )
    else:
        addons = gate(
            "addons_declared",
            not bound,
            f"bound to a base subscription and cancelled with it: {', '.join(bound)}"
            if bound
            else "no add-on goes with the source",
            "Have these add-ons bought as standalone ones, declare them `standalone` under [declare] addons, then "
            "run `reseat verify` again.",
        )
    channel = facts.purchase_channel
    contradicted = channel == "direct" and facts.partner_owned
    return (
        addons,
        gate(
            "not_last_data_subscription",
            bool(facts.other_data_skus),
            f"data services are also carried by {_few(list(facts.other_data_skus))}"
            if facts.other_data_skus
            else "no other enabled SKU carries Exchange or SharePoint",
            "Keep the old subscription: nothing else carries mailboxes and files. Once a product that does is "
            "bought, and everybody was moved to it by a new plan, run `reseat verify` of that plan.",
        ),
        gate(
            "purchase_channel_declared",
            None if not channel else not contradicted,
            "not declared: Graph does not show volume licensing"
            if not channel
            else f"declared: {channel}" + (", but a partner's tenant owns the subscription" if contradicted else ""),
            "Declare [declare] purchase_channel = partner, or have it explained why another tenant owns it; then run "
            "`reseat verify` again."
            if contradicted
            else "Declare [declare] purchase_channel = direct, partner or volume, whichever is true, then run `reseat "
            "verify` again.",
        ),
    )
