"""The sixteen questions before a cancellation: each passed, failed or not checkable, with evidence and remedy. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.message import Message, few, joined, paragraph
from connectors.tenant import SubscribedSku
from jobs.license_reassignment.model.text import moment
from jobs.license_reassignment.reconcile.findings import NO_REMEDY, Gate, LedgerRow, Residual, Totals
from jobs.license_reassignment.reconcile.gate_remedies import (
    BOUND_ADDONS,
    GATE_REMEDIES,
    GROUPS_AT_WORK,
    LEFT_BY_CHOICE,
    OWNED_BY_PARTNER,
    UNREAD,
)

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


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gates ask. Names are for people; a None says that the fact could not be read.

    `left_by_choice` are the direct holders whom a rule or the roster leaves where they are. `groups` still assign a
    source, and through those of `inherited_through` somebody has it: each is named with why it is so. `groups_at_work`
    says that the same apply has to finish some.
    """

    residual: Residual
    groups: Sequence[str]
    soft_deleted: Sequence[str] | None
    relatives: Sequence[SubscribedSku]
    consumed: Mapping[str, int]
    totals: Totals
    targets_not_ready: Sequence[Message]
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
    left_by_choice: int = 0
    inherited_through: Sequence[Message] = ()
    groups_at_work: bool = False


def gate(gate_id: str, ok: bool | None, detail: Message, remedy: Message | None = None) -> Gate:
    """Make one gate; None means that it could not be checked, which never opens it."""
    status = "not_checkable" if ok is None else "passed" if ok else "failed"
    return Gate(gate_id, status, detail, NO_REMEDY if ok else remedy or GATE_REMEDIES[gate_id])  # type: ignore[arg-type]


def all_gates(facts: Facts) -> tuple[Gate, ...]:
    """Answer every gate, in the fixed order."""
    gates = (*_holders(facts), *_books(facts), *_people(facts), *_declarations(facts))
    by_id = {g.id: g for g in gates}
    return tuple(by_id[i] for i in GATE_IDS)


def _holders(facts: Facts) -> tuple[Gate, ...]:
    residual, groups, deleted = facts.residual, facts.groups, facts.soft_deleted
    return (
        gate(
            "no_direct_holders",
            residual.users_direct == 0,
            _direct(residual.users_direct),
            LEFT_BY_CHOICE if residual.users_direct == facts.left_by_choice else None,
        ),
        gate(
            "no_inherited_holders",
            residual.users_inherited == 0,
            _inherited(residual.users_inherited, facts.inherited_through),
            _of_groups("no_inherited_holders", facts),
        ),
        *_restorable(facts, groups, deleted),
        gate(
            "source_family_clear",
            not facts.relatives,
            Message(
                "other editions of the old product in this tenant: {products}",
                products=few([s.part_number for s in facts.relatives]),
            )
            if facts.relatives
            else Message("no other edition of the old product has users or seats"),
        ),
        gate(
            "consumed_is_zero",
            all(n == 0 for n in facts.consumed.values()) and facts.scans_agreed,
            _consumed(facts),
        ),
    )


def _direct(users: int) -> Message:
    if not users:
        return Message("nobody has the old product assigned directly")
    return Message(
        "{n} user has the old product assigned directly", "{n} users have the old product assigned directly", n=users
    )


def _inherited(users: int, through: Sequence[Message]) -> Message:
    if not users:
        return Message("nobody has the old product through a group only")
    return Message(
        "{n} user has the old product through a group only: {names}",
        "{n} users have the old product through a group only: {names}",
        n=users,
        names=few(through),
    )


def _of_groups(gate_id: str, facts: Facts) -> Message:
    """Return what to do on groups; those that the plan is still changing are finished by the same apply."""
    remedy = GATE_REMEDIES[gate_id]
    return paragraph(GROUPS_AT_WORK, remedy) if facts.groups_at_work else remedy


def _consumed(facts: Facts) -> Message:
    counts = [Message("{sku}: {n} in use (consumedUnits)", sku=sku, n=n) for sku, n in facts.consumed.items()]
    agreed = Message("repeated reads did not agree with each other or with consumedUnits")
    return joined(counts if facts.scans_agreed else [*counts, agreed])


def _restorable(facts: Facts, groups: Sequence[str], deleted: Sequence[str] | None) -> tuple[Gate, ...]:
    """Whether anything would hand the source out again: a group to its next member, a restore to a deleted user."""
    return (
        gate(
            "no_group_carries_source",
            not groups,
            Message(
                "{n} group assigns the old product: {names}",
                "{n} groups assign the old product: {names}",
                n=len(groups),
                names=few(groups),
            )
            if groups
            else Message("no group assigns the old product"),
            _of_groups("no_group_carries_source", facts),
        ),
        gate(
            "no_soft_deleted_holders",
            None if deleted is None else not deleted,
            _deleted(deleted),
            UNREAD if deleted is None else None,
        ),
    )


def _deleted(deleted: Sequence[str] | None) -> Message:
    if deleted is None:
        return Message("Deleted users could not be read")
    if not deleted:
        return Message("nobody in Deleted users has the old product")
    return Message(
        "{n} user in Deleted users has the old product: {names}",
        "{n} users in Deleted users have the old product: {names}",
        n=len(deleted),
        names=few(deleted),
    )


def _books(facts: Facts) -> tuple[Gate, ...]:
    totals = facts.totals
    unexplained = [r for r in facts.ledger if r.unexplained]
    began = moment(facts.read_began)
    later = bool(facts.read_began) and facts.read_began > facts.last_write_at
    return (
        gate(
            "no_in_doubt",
            totals.in_doubt == 0,
            Message("the result of {n} change is unknown", "the result of {n} changes is unknown", n=totals.in_doubt)
            if totals.in_doubt
            else Message("the result of every change is known"),
        ),
        gate(
            "nothing_pending",
            totals.pending == 0,
            Message("{n} planned change has not been made", "{n} planned changes have not been made", n=totals.pending)
            if totals.pending
            else Message("every planned change has been made"),
        ),
        gate(
            "books_balance",
            not unexplained,
            joined(_unexplained(r) for r in unexplained) or Message("the seats of every old and new product add up"),
        ),
        gate(
            "verified_after_last_write",
            later,
            Message("last change at {at}; this check began at {time}", at=moment(facts.last_write_at), time=began)
            if facts.last_write_at
            else Message("no change was made; this check began at {time}", time=began),
        ),
    )


def _unexplained(row: LedgerRow) -> Message:
    if row.unexplained < 0:
        return Message("{sku}: unexplained difference of {n}", sku=row.sku_part_number, n=row.unexplained)
    return Message("{sku}: unexplained difference of +{n}", sku=row.sku_part_number, n=row.unexplained)


def _people(facts: Facts) -> tuple[Gate, ...]:
    return (
        gate(
            "targets_ready",
            not facts.targets_not_ready,
            joined(facts.targets_not_ready) or Message("every new product is active and provisioned"),
        ),
        gate(
            "nobody_bare",
            not facts.unlicensed,
            Message(
                "{n} user has neither the old nor the new product: {names}",
                "{n} users have neither the old nor the new product: {names}",
                n=len(facts.unlicensed),
                names=few(facts.unlicensed),
            )
            if facts.unlicensed
            else Message("every user in scope has the old or the new product"),
        ),
        gate(
            "nothing_lost_unaccepted",
            not facts.lost_unaccepted,
            Message(
                "{n} user lost a service, and nobody accepted that: {names}",
                "{n} users lost a service, and nobody accepted that: {names}",
                n=len(facts.lost_unaccepted),
                names=few(facts.lost_unaccepted),
            )
            if facts.lost_unaccepted
            else Message("no service with data was lost or downgraded unless accepted"),
        ),
    )


def _declarations(facts: Facts) -> tuple[Gate, ...]:
    undeclared = [a for a in facts.addons if a not in facts.declared_addons]
    bound = [a for a in facts.addons if facts.declared_addons.get(a) == "traditional"]
    if undeclared:
        addons = gate(
            "addons_declared",
            None,
            Message("not declared as standalone or traditional: {product_codes}", product_codes=tuple(undeclared)),
        )
    else:
        addons = gate(
            "addons_declared",
            not bound,
            Message("tied to the base subscription and canceled with it: {products}", products=tuple(bound))
            if bound
            else Message("no add-on ends with the old subscription"),
            BOUND_ADDONS,
        )
    channel = facts.purchase_channel
    contradicted = channel == "direct" and facts.partner_owned
    return (
        addons,
        gate(
            "not_last_data_subscription",
            bool(facts.other_data_skus),
            Message("mailboxes or files are also included in {products}", products=few(facts.other_data_skus))
            if facts.other_data_skus
            else Message("no other active product includes Exchange or SharePoint"),
        ),
        gate(
            "purchase_channel_declared",
            None if not channel else not contradicted,
            _declared(channel, contradicted=contradicted),
            OWNED_BY_PARTNER if contradicted else None,
        ),
    )


def _declared(channel: str, *, contradicted: bool) -> Message:
    if not channel:
        return Message("not declared; Graph does not show volume licensing")
    if contradicted:
        return Message(
            "declared: {channel}, but the subscription is owned by another tenant, as with a partner", channel=channel
        )
    return Message("declared: {channel}", channel=channel)
