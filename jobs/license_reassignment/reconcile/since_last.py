"""What is different from the last verification, and whether all is well after the cancellation. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors.message import Message, few, joined
from connectors.tenant import CompanySubscription, SkuId, TenantSnapshot
from jobs.license_reassignment.model.text import moment
from jobs.license_reassignment.reconcile.findings import FINE, NO_REMEDY, Gate, ResidualHolder
from jobs.license_reassignment.reconcile.scans import User

ENDED = frozenset({"suspended", "lockedout", "deleted"})


@dataclass(frozen=True, slots=True)
class LastVerification:
    """The verification before this one, as its files say it; `proven` are users whom any earlier one found moved."""

    verified_at: str
    verdict: str
    gates: Mapping[str, str]
    outcomes: Mapping[str, str]
    residual: Mapping[str, str]
    proven: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ThenAndNow:
    """Something that was one way at the last verification and is another way now."""

    id: str
    name: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class SinceLast:
    """The difference to the last verification. `appeared` and `vanished` are names of holders of the source."""

    verified_at: str
    verdict: str
    gates: tuple[ThenAndNow, ...]
    users: tuple[ThenAndNow, ...]
    appeared: tuple[str, ...]
    vanished: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether nothing is different."""
        return not (self.gates or self.users or self.appeared or self.vanished)

    @property
    def sentence(self) -> Message:
        """The difference in one line of plain words."""
        counts = (
            Message("{n} user has a different outcome", "{n} users have a different outcome", n=len(self.users)),
            Message("{n} new holder of the old product", "{n} new holders of the old product", n=len(self.appeared)),
            Message(
                "{n} former holder of the old product", "{n} former holders of the old product", n=len(self.vanished)
            ),
        )
        turned = [Message("{id} {before} → {now}", id=t.id, before=t.before, now=t.now) for t in self.gates]
        changes = joined([*turned, *(count for count in counts if count.values["n"])])
        return Message(
            "since {at} ({verdict}): {changes}",
            at=moment(self.verified_at),
            verdict=self.verdict,
            changes=changes or Message("nothing has changed"),
        )


def since_last(
    last: LastVerification | None, gates: Sequence[Gate], users: Sequence[User], left: Sequence[ResidualHolder]
) -> SinceLast | None:
    """Compare with the last verification; None when there was none."""
    if last is None:
        return None
    now = {h.id: h.name for h in left}
    return SinceLast(
        verified_at=last.verified_at,
        verdict=last.verdict,
        gates=tuple(
            ThenAndNow(g.id, g.id, last.gates[g.id], g.status)
            for g in gates
            if g.id in last.gates and last.gates[g.id] != g.status
        ),
        users=tuple(
            ThenAndNow(u.id, u.name, last.outcomes[u.id], u.judgement.outcome)
            for u in users
            if u.id in last.outcomes and last.outcomes[u.id] != u.judgement.outcome
        ),
        appeared=tuple(now[i] for i in sorted(now.keys() - last.residual.keys())),
        vanished=tuple(last.residual[i] for i in sorted(last.residual.keys() - now.keys())),
    )


def after_cancel(
    after: TenantSnapshot,
    sources: Sequence[SkuId],
    targets_not_ready: Sequence[Message],
    users: Sequence[User],
    last: LastVerification | None,
) -> tuple[Gate, ...]:
    """Ask the three questions of a look after the cancellation: is the source over, are targets and people fine."""
    running = [s for s in after.subscriptions if s.sku_id in sources and s.status.casefold() not in ENDED]
    lost = list(_lost(users, last))
    return (
        _check(
            "source_ended",
            not running,
            joined(_runs(s) for s in running) or _ended(after, sources),
            Message(
                "The subscription has not been canceled yet, or only its renewal is turned off. Check again "
                "after the date that Graph gives."
            ),
        ),
        _check(
            "targets_fine",
            not targets_not_ready,
            joined(targets_not_ready) or Message("every new product is active and provisioned"),
            Message("Renew or reactivate the subscription of the new product at once: users work with it."),
        ),
        _check(
            "nobody_lost",
            not lost,
            _not_fine(lost) if lost else Message("everyone is still correctly licensed"),
            Message("Assign the target to them again: the data of an unlicensed mailbox is kept for only 30 days."),
        ),
    )


def _check(check_id: str, ok: bool, detail: Message, remedy: Message) -> Gate:
    return Gate(check_id, "passed" if ok else "failed", detail, NO_REMEDY if ok else remedy)


def _runs(one: CompanySubscription) -> Message:
    facts = {"sku": one.part_number, "id": one.id, "state": one.status}
    if not one.next_lifecycle:
        return Message("{sku} {id}: {state}, next date unknown", **facts)
    return Message("{sku} {id}: {state}, next date {day}", day=one.next_lifecycle, **facts)


def _not_fine(lost: Sequence[str]) -> Message:
    return Message(
        "{n} user is no longer correctly licensed: {names}",
        "{n} users are no longer correctly licensed: {names}",
        n=len(lost),
        names=few(lost),
    )


def _ended(after: TenantSnapshot, sources: Sequence[SkuId]) -> Message:
    states = (
        Message("{sku}: {state}", sku=s.part_number, state=s.status) for s in after.subscriptions if s.sku_id in sources
    )
    return joined(states) or Message("no subscription of the old product is left")


def _lost(users: Sequence[User], last: LastVerification | None) -> Iterable[str]:
    """Who was fine at the last look, or moved by us, and is not fine now; a deleted account is nobody's loss."""
    for user in users:
        was = last.outcomes.get(user.id, "") if last else "moved" if user.standing.state == "applied" else ""
        if was in FINE and user.judgement.outcome not in {*FINE, "gone"}:
            yield user.name
