"""Deliberate bugs in how groups are decided about, changed, waited for and booked: some world notices each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import Any
from unittest.mock import PropertyMock, patch

from simulation.world import World

from connectors.changes import Verdict
from jobs.license_reassignment.apply import groups
from jobs.license_reassignment.apply.group_queue import GroupQueue
from jobs.license_reassignment.apply.replies import outcome_body
from jobs.license_reassignment.commands.shared import parts_of_a_call
from jobs.license_reassignment.decide.decide import Change
from jobs.license_reassignment.decide.groups import group_member, group_swap, weigh
from jobs.license_reassignment.model import change
from jobs.license_reassignment.reconcile import judge, scans

Mutant = Callable[[], AbstractContextManager[Any]]
Wanted = Callable[[World], bool]


def _intent_after_send() -> AbstractContextManager[Any]:
    """The change of a group leaves before its intent is on disk."""

    async def write(session: Any, task: Any) -> None:
        session.session.batches += 1
        reply = await session.tenant.assign_group(task.change)
        groups._append(session, "intent", {"batch": session.session.batches, "items": [task.intent()]})
        judged = groups._judged(session, task, reply)
        body = outcome_body(session.session.batches, [judged])
        if judged.verdict is Verdict.APPLIED:
            body["items"][0]["verdict"] = "accepted"
        groups._append(session, "outcome", body)
        groups._after(session, task, judged)

    return patch.object(groups, "_write", write)


def _without_a_look() -> AbstractContextManager[Any]:
    """A group is written to without reading it first."""

    async def checked(session: Any, _task: Any) -> Any:
        return session.session.clock.now()

    return patch.object(groups, "_checked", checked)


class _Everybody(frozenset[Any]):
    def __contains__(self, _one: object) -> bool:
        return True


def _strangers_swapped() -> AbstractContextManager[Any]:
    """A member who is not in the plan does not keep the group from being written to."""
    real = groups._checked

    async def checked(session: Any, task: Any) -> Any:
        return await real(session, replace(task, members=_Everybody(task.members)))

    return patch.object(groups, "_checked", checked)


def _complete_is_believed() -> AbstractContextManager[Any]:
    """What the group says of its processing is taken for what its members have."""
    return patch.object(GroupQueue, "swept", lambda *_: "settled")


def _half_first() -> AbstractContextManager[Any]:
    """The direct half of a license goes, whatever the group has given."""
    stack = ExitStack()
    every = frozenset({"applied", "already", "processing", "pending", "refused", "drifted"})
    stack.enter_context(patch.object(parts_of_a_call, "GIVES_TARGET", every))
    real = change.look_at_half

    def look(*given: Any) -> Any:
        seen = real(*given)
        return "before" if seen == "waiting" else seen

    stack.enter_context(patch.object(change, "look_at_half", look))
    return stack


def _inherited_removed() -> AbstractContextManager[Any]:
    """A user's own request takes away what a group gives."""
    real = group_member._moved

    def moved(profile: Any, traits: Any, retiring: Any, *rest: Any) -> Any:
        found = real(profile, traits, retiring, *rest)
        return replace(found, remove=tuple(retiring)) if isinstance(found, Change) else found

    return patch.object(group_member, "_moved", moved)


def _goes_on_after_harm() -> AbstractContextManager[Any]:
    """The next group begins although members have lost their license through the one before."""
    return patch.object(GroupQueue, "suspected", PropertyMock(return_value=False))


def _shared_members_forgotten() -> AbstractContextManager[Any]:
    """A group that is held does not hold those that share a member with it."""
    real = weigh._held

    def held(swaps: Any, members: Any, cases: Any, verdicts: Any) -> Any:
        return real(swaps, replace(members, through=[t[:1] for t in members.through]), cases, verdicts)

    return patch.object(weigh, "_held", held)


def _members_not_asked() -> AbstractContextManager[Any]:
    """A group is swapped although some member cannot follow."""

    def held(swaps: Any, *_rest: Any) -> Any:
        return frozenset(group_id for group_id, swap in swaps.items() if swap.hold)

    return patch.object(weigh, "_held", held)


def _seats_forgotten() -> AbstractContextManager[Any]:
    """Members of a group are planned as if they took no seat."""
    real = group_member._moved

    def moved(*given: Any) -> Any:
        found = real(*given)
        return replace(found, needs=()) if isinstance(found, Change) else found

    return patch.object(group_member, "_moved", moved)


def _booked_as_foreign() -> AbstractContextManager[Any]:
    """What a group of ours gave its members is booked as somebody else's doing."""
    real = scans.User.booked.fget  # type: ignore[attr-defined]
    nothing: tuple[frozenset[Any], frozenset[Any]] = (frozenset(), frozenset())
    return patch.object(scans.User, "booked", property(lambda user: nothing if user.swaps else real(user)))


def _left_booked_as_ours() -> AbstractContextManager[Any]:
    """Who left the group meanwhile is booked as changed by us."""
    real = scans.User.booked.fget  # type: ignore[attr-defined]

    def booked(user: Any) -> Any:
        return real(replace(user, swaps=tuple(replace(swap, inside=True) for swap in user.swaps)))

    return patch.object(scans.User, "booked", property(booked))


def _told_as_moved() -> AbstractContextManager[Any]:
    """Whoever is in a group that was changed is told as moved."""
    return patch.object(judge, "_on_target", lambda _after, case, _change: bool(case.swaps) and case.standing.ours)


def _disabled_dropped() -> AbstractContextManager[Any]:
    """What the group had disabled is on afterwards."""
    real = group_swap.translate

    def translate(*given: Any, **more: Any) -> Any:
        found = real(*given, **more)
        return replace(found, add=tuple(replace(a, disabled_plans=()) for a in found.add))

    return patch.object(group_swap, "translate", translate)


def _other_license_goes() -> AbstractContextManager[Any]:
    """Together with the old product, another one of the group goes."""
    real = weigh.swap_of

    def swap_of(group: Any, targets: Any, context: Any) -> Any:
        found = real(group, targets, context)
        more = [g.sku_id for g in group.licenses if g.sku_id not in {*found.remove, *targets}]
        return replace(found, remove=(*found.remove, *more[:1]))

    return patch.object(weigh, "swap_of", swap_of)


def _with(*ways: str) -> Wanted:
    return lambda world: world.groups is not None and bool(set(ways) & set(world.groups.wrong))


def _groups(world: World) -> bool:
    return world.groups is not None


GROUP_MUTANTS: Mapping[str, tuple[Mutant, Wanted]] = {
    "group intent after send": (_intent_after_send, _groups),
    "group sent without a look": (_without_a_look, _groups),
    "strangers of a group swapped": (_strangers_swapped, _with("comings")),
    "ProcessingComplete believed": (_complete_is_believed, _groups),
    "direct half first": (_half_first, _groups),
    "inherited license removed on the user": (_inherited_removed, _groups),
    "groups go on after harm": (_goes_on_after_harm, lambda w: _with("unkind")(w) and bool(w.settings["wave"])),
    "shared members forgotten": (_shared_members_forgotten, _groups),
    "members of a group not asked": (_members_not_asked, _groups),
    "seats of members forgotten": (_seats_forgotten, lambda w: w.groups is not None and w.mix.get("seats", 1.0) < 1.0),
    "group gains booked as foreign": (_booked_as_foreign, _groups),
    "who left booked as ours": (_left_booked_as_ours, _with("comings")),
    "every member told as moved": (_told_as_moved, _groups),
    "a group's disabled plan dropped": (_disabled_dropped, _groups),
    "another license of the group goes": (_other_license_goes, _groups),
}
"""Each mutant with the worlds in which it can show itself."""
