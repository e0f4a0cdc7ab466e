"""What is different from the last verification, and whether all is well after the cancellation. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors.tenant import SkuId, TenantSnapshot
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.reconcile.findings import FINE, Gate, ResidualHolder
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
    def sentence(self) -> str:
        """The difference in one line of plain words."""
        counts = (
            ("user changed outcome", "users changed outcome", self.users),
            ("holder appeared", "holders appeared", self.appeared),
            ("holder vanished", "holders vanished", self.vanished),
        )
        turned = [f"{t.id} {t.before} → {t.now}" for t in self.gates]
        turned += [counted(len(some), one, many) for one, many, some in counts if some]
        return f"since {self.verified_at} ({self.verdict}): " + ("; ".join(turned) or "nothing is different")


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
    targets_not_ready: Sequence[str],
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
            "; ".join(f"{s.part_number} {s.id}: {s.status}, next date {s.next_lifecycle or 'unknown'}" for s in running)
            or _ended(after, sources),
            "It is not cancelled yet, or only its renewal is switched off: look again after the date that Graph names.",
        ),
        _check(
            "targets_fine",
            not targets_not_ready,
            "; ".join(targets_not_ready) or "every target SKU is enabled and provisioned",
            "Settle the target's subscription at once: people work with it.",
        ),
        _check(
            "nobody_lost",
            not lost,
            _not_fine(lost) if lost else "everybody who was fine still is",
            "Give them the target license back; data of an unlicensed mailbox is kept for 30 days only.",
        ),
    )


def _check(check_id: str, ok: bool, detail: str, remedy: str) -> Gate:
    return Gate(check_id, "passed" if ok else "failed", detail, "" if ok else remedy)


def _not_fine(lost: Sequence[str]) -> str:
    who = counted(len(lost), "user who was fine is not", "users who were fine are not")
    return f"{who} any more: {', '.join(lost[:5])}" + (" …" if len(lost) > 5 else "")


def _ended(after: TenantSnapshot, sources: Sequence[SkuId]) -> str:
    states = [f"{s.part_number}: {s.status}" for s in after.subscriptions if s.sku_id in sources]
    return "; ".join(states) or "no subscription of the source is left"


def _lost(users: Sequence[User], last: LastVerification | None) -> Iterable[str]:
    """Who was fine at the last look, or moved by us, and is not fine now; a deleted account is nobody's loss."""
    for user in users:
        was = last.outcomes.get(user.id, "") if last else "moved" if user.standing.state == "applied" else ""
        if was in FINE and user.judgement.outcome not in {*FINE, "gone"}:
            yield user.name
