"""Which groups that are named for a swap are swapped, which are held and why, and what becomes of their members."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from worlds.job_world import (
    E3,
    E4,
    SKU,
    TO_E3,
    Drawn,
    Person,
    draw,
    holding,
    person,
    plan_id,
    product,
    snapshot,
    subscription,
)

from connectors.tenant import Group, GroupId, GroupLicense, LicenseAssignment
from jobs.license_reassignment.model.plan import group_tasks_of, tasks_of
from jobs.license_reassignment.model.plan_header import PlannedGroup
from jobs.license_reassignment.model.policy import GroupPolicy

A, B, C = (GroupId(f"{letter * 8}-0000-4000-8000-000000000001") for letter in "abc")
E4_OF = "ENTERPRISEWITHSCAL"


def licensing(key: GroupId, *members: Person, licenses: tuple[str, ...] = (E4_OF,), **fields: Any) -> Group:
    """Make a licensing group of these members."""
    ids = frozenset(one.id for one in members)
    carried = tuple(GroupLicense(SKU[one], ()) for one in licenses)
    return replace(Group(key, f"Licensing {key[:1]}", carried, direct_members=ids), **fields)


def member(name: str, *groups: GroupId, direct: tuple[str, ...] = (), **columns: str) -> Person:
    """Make somebody who inherits the old product from these groups."""
    return person(name, *direct, *(holding(E4_OF, group=g) for g in groups), **columns)


def planned(
    people: list[Person], groups: list[Group], toml: str = TO_E3, roster: str = "", *, swap: str = "", **more: Any
) -> Drawn:
    """Make the plan in which all groups, or those whose first letter is in `swap`, are named."""
    named = tuple(g.id for g in groups if not swap or g.id[0] in swap)
    policy = GroupPolicy(
        swap=named, **{k: more.pop(k) for k in ("accept_member_losses", "include_outside") if k in more}
    )
    return draw(snapshot(*people, groups=groups, **more), toml, roster, groups=policy)


def told(drawn: Drawn, key: GroupId = A) -> PlannedGroup:
    """Return what the header says of a group."""
    return next(g for g in drawn.plan.header.groups or () if g.id == key)


def fate(drawn: Drawn, key: GroupId = A) -> tuple[str, str]:
    """Return what becomes of a group, and why."""
    return told(drawn, key).fate, told(drawn, key).reason


def test_a_group_is_swapped_by_one_write_and_its_members_are_rows_that_send_nothing() -> None:
    """What the group disables stays disabled in the target; each member has targets, a wave and the group's id."""
    ada, bo = member("ada", A), member("bo", A)
    group = licensing(A, ada, bo, licenses=())
    off = (plan_id(E4_OF, "YAMMER_ENTERPRISE"),)
    group = replace(group, licenses=(GroupLicense(E4, off), GroupLicense(SKU["VISIOCLIENT"], ())))
    people = [
        replace(one, licenses=(LicenseAssignment(E4, A, off), LicenseAssignment(SKU["VISIOCLIENT"], A, ())))
        for one in (ada, bo)
    ]

    drawn = planned(people, [group])
    [task] = group_tasks_of(drawn.plan, drawn.snapshot).values()

    assert (("swap", ""), 2, 2) == (fate(drawn), told(drawn).members, told(drawn).changed)
    assert ([(E3, off)], (E4,)) == ([(a.sku_id, a.disabled_plans) for a in task.change.add], task.change.remove)
    assert (frozenset({ada.id, bo.id}), "all", (E3,)) == (task.members, task.wave, task.targets)
    row = drawn.row(people[0])
    assert ("change", "", "", A, E3, "all") == tuple(
        row[c] for c in ("kind", "add", "remove", "via_groups", "targets", "wave")
    )
    assert {} == tasks_of(drawn.plan, drawn.snapshot)
    assert (2, 2) == (drawn.plan.header.totals.changes, drawn.plan.header.seats[0].needed)


def test_who_holds_it_both_ways_loses_the_direct_half_only_with_the_group() -> None:
    """One request removes the direct half; while the group stays, nothing is sent."""
    ada = member("ada", A, direct=(E4_OF,))

    swapped, kept = planned([ada], [licensing(A, ada)]), planned([ada], [licensing(A, ada)], swap="z")

    assert [((), (E4,))] == [(t.change.add, t.change.remove) for t in tasks_of(swapped.plan, swapped.snapshot).values()]
    assert ("inherited", {}) == (kept.reason(ada), tasks_of(kept.plan, kept.snapshot))
    assert ("left", "") == fate(kept)


ADA, BO = member("ada", A), member("bo", A)
ELSEWHERE = '[[swap]]\nname = "sales"\nto = ["ENTERPRISEPREMIUM"]\nwhere = { department = ["Sales"] }\n' + TO_E3


@dataclass(frozen=True)
class Held:
    """A group of two, and what keeps it from being swapped; `why` are reasons of members with their number."""

    people: tuple[Person, ...] = (ADA, BO)
    toml: str = TO_E3
    roster: str = ""
    group: dict[str, Any] | None = None
    world: dict[str, Any] | None = None
    why: tuple[tuple[str, int], ...] = ()


def _bo(*more: str | LicenseAssignment, **columns: str) -> tuple[Person, ...]:
    return ADA, person("bo", holding(E4_OF, group=A), *more, **columns)


SMALL = [product(p) for p in (E4_OF, "STANDARDPACK", "ENTERPRISEPACK")]
TO_E1 = TO_E3.replace("ENTERPRISEPACK", "STANDARDPACK")

SITUATIONS: dict[str, tuple[str, Held]] = {
    "two targets": ("members_differ", Held(_bo(department="Sales"), ELSEWHERE, why=(("members_differ", 1),))),
    "services of one's own": (
        "members_differ",
        Held(roster="UPN,disabled_plans\nbo@contoso.example,SWAY\n", why=(("members_differ", 1),)),
    ),
    "outside the scope": (
        "outside_scope",
        Held(
            toml=TO_E3 + '[scope]\nfrom = "csv"\nroster = "u.csv"\n', roster="UPN\nada@contoso.example\n",
            why=(("outside_scope", 1),),
        ),
    ),
    "protected": (
        "member_held", Held(toml=TO_E3 + '[scope]\nprotected = ["bo@contoso.example"]\n', why=(("protected", 1),)),
    ),
    "left": ("member_held", Held(roster="UPN,target\nbo@contoso.example,leave\n", why=(("left_by_choice", 1),))),
    "guest": ("member_held", Held(_bo(user_type="Guest"), why=(("guest", 1),))),
    "disabled": (
        "member_held",
        Held(
            _bo(account_enabled="no"), TO_E3 + '[scope]\ndisabled_accounts = "hold"\n', why=(("disabled_account", 1),),
        ),
    ),
    "restricted": ("member_held", Held(_bo(is_management_restricted="yes"), why=(("restricted_management", 1),))),
    "rejected row": (
        "member_held", Held(roster="UPN,target\nbo@contoso.example,NO_SUCH\n", why=(("roster_row_rejected", 1),)),
    ),
    "no rule": (
        "member_held", Held(_bo(department="X"), TO_E3 + 'where = { department = [""] }\n', why=(("no_rule", 1),)),
    ),
    "target in error": (
        "member_held",
        Held(_bo(holding("ENTERPRISEPACK", state="Error", error="CountViolation")), why=(("target_in_error", 1),)),
    ),
    "source in an error of its own": (
        "member_held",
        Held((ADA, person("bo", holding(E4_OF, group=A, state="Error", error="Other"))), why=(("source_in_error", 1),)),
    ),
    "no location anywhere": ("member_held", Held(_bo(usage_location=""), why=(("no_usage_location", 1),))),
    "no country": ("member_held", Held(_bo(usage_location="UK"), why=(("no_usage_location", 1),))),
    "losses": ("members_with_losses", Held(toml=TO_E1, world={"skus": SMALL}, why=(("lost_service", 2),))),
    "voice": (
        "members_with_losses", Held(roster="UPN,voice\nbo@contoso.example,yes\n", why=(("lost_voice", 1),)),
    ),
    "legal hold": (
        "member_held",
        Held(
            toml=TO_E1 + '[plans]\nlost_services = "accept"\n', roster="UPN,legal_hold\nbo@contoso.example,yes\n",
            world={"skus": SMALL}, why=(("legal_hold", 1),),
        ),
    ),
    "another group": (
        "member_held", Held((ADA, member("bo", A, B)), why=(("inherited", 1),)),
    ),
    "no license yet": ("group_processing", Held((ADA, person("bo")), why=(("group_processing", 1),))),
    "processing": ("group_processing", Held(group={"processing_state": "ProcessingInProgress"})),
    "not security-enabled": ("not_security_enabled", Held(group={"security_enabled": False})),
    "hidden": ("hidden_membership", Held(group={"visibility": "HiddenMembership", "direct_members": None})),
    "no seat": ("no_seat", Held(world={"skus": [product(E4_OF), product("ENTERPRISEPACK", enabled=1)]})),
    "trial": (
        "trial_target", Held(world={"subscriptions": [subscription("ENTERPRISEPACK", is_trial=True)]}),
    ),
    "another family": (
        "cross_family",
        Held(
            toml=TO_E3.replace("ENTERPRISEPACK", "ENTERPRISEPACK_GOV"),
            world={"skus": [product(E4_OF), product("ENTERPRISEPACK_GOV")]},
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SITUATIONS)
def test_one_reason_holds_the_whole_group_and_both_members(name: str) -> None:
    """Nothing is sent, the plan says why with the members by name, and no member is changed."""
    reason, case = SITUATIONS[name]
    group = licensing(A, *case.people, **(case.group or {}))

    drawn = planned([*case.people], [group], case.toml, case.roster, **(case.world or {}))

    assert ("hold", reason) == fate(drawn)
    assert set(case.why) <= {(h.reason, h.members) for h in told(drawn).hindrances}
    assert ({}, {}, 0) == (
        group_tasks_of(drawn.plan, drawn.snapshot),
        tasks_of(drawn.plan, drawn.snapshot),
        drawn.plan.header.totals.changes,
    )
    assert drawn.reason(ADA) == "inherited"
    assert f"Licensing a ({A}), which is not changed: " in drawn.row(ADA)["detail"]


LET: dict[str, Callable[[], Drawn]] = {
    "losses accepted for members": lambda: planned(
        [ADA, BO], [licensing(A, ADA, BO)], TO_E1, skus=SMALL, accept_member_losses=True
    ),
    "losses accepted for all": lambda: planned(
        [ADA, BO], [licensing(A, ADA, BO)], TO_E1 + '[plans]\nlost_services = "accept"\n', skus=SMALL
    ),
    "outsiders included": lambda: planned(
        [ADA, BO], [licensing(A, ADA, BO)], '[scope]\nfrom = "csv"\nroster = "u.csv"\n',
        "UPN,target\nada@contoso.example,ENTERPRISEPACK\n", include_outside=True,
    ),
    "synchronized, dynamic, nested, mail-enabled, role-assignable": lambda: planned(
        [ADA, BO],
        [licensing(A, ADA, BO, on_premises_sync_enabled=True, membership_rule="user.x", nested_groups=2,
                   mail_enabled=True, role_assignable=True)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LET)
def test_what_does_not_keep_a_group_from_being_swapped(name: str) -> None:
    """Both members change with it."""
    drawn = LET[name]()

    assert (("swap", ""), ["change", "change"]) == (fate(drawn), [drawn.reason(ADA), drawn.reason(BO)])


@pytest.mark.parametrize(
    ("kind", "notes"),
    [
        ({"group_types": ("DynamicMembership",)}, ["A rule decides who is a member"]),
        ({"nested_groups": 1}, ["1 group is inside it: the members of that group get no license"]),
        ({"on_premises_sync_enabled": True}, ["Its members are managed in the on-premises directory"]),
        ({"mail_enabled": True}, ["It also receives mail"]),
        ({"role_assignable": True}, ["It can be assigned to roles (isAssignableToRole)"]),
        ({"visibility": "HiddenMembership"}, []),
        ({}, []),
    ],
)
def test_each_kind_of_group_has_its_fate_and_its_note(kind: dict[str, Any], notes: list[str]) -> None:
    """All of these are swapped, the hidden one since its members could be read; the note says what to know."""
    drawn = planned([ADA, BO], [licensing(A, ADA, BO, **kind)])

    assert fate(drawn) == ("swap", "")
    assert [note for note in told(drawn).notes if not any(map(note.startswith, notes))] == []
    assert len(told(drawn).notes) == len(notes)


def test_members_without_a_location_take_that_of_the_organization() -> None:
    """A direct license could not do that; the plan says how many they are."""
    ada = member("ada", A, usage_location="")
    world = snapshot(ada, groups=[licensing(A, ada)])
    world = replace(world, organization=replace(world.organization, default_usage_location="NL"))

    drawn = draw(world, groups=GroupPolicy((A,)))

    assert (("swap", ""), True) == (fate(drawn), "no usage location" in told(drawn).notes[0])


def test_one_member_who_cannot_move_holds_every_group_that_shares_members_with_hers() -> None:
    """Bo is in a and b, cy in b and c: a guest in a holds all three; without her all three are swapped."""
    guest = member("guest", A, user_type="Guest")
    bo, cy, dee = member("bo", A, B), member("cy", B, C), member("dee", C)
    groups = [licensing(A, guest, bo), licensing(B, bo, cy), licensing(C, cy, dee)]

    held = planned([guest, bo, cy, dee], groups)
    free = planned([bo, cy, dee], [licensing(A, bo), *groups[1:]])

    assert [("hold", "member_held")] * 3 == [fate(held, g) for g in (A, B, C)]
    assert [("swap", "")] * 3 == [fate(free, g) for g in (A, B, C)]
    assert f"{A}+{B}" == free.row(bo)["via_groups"]


def test_groups_that_share_members_get_their_seats_together_or_not_at_all() -> None:
    """Four seats: a and b need three for three people, c needs two and stays."""
    ada, bo, cy, dee, eve = member("ada", A), member("bo", A, B), member("cy", B), member("dee", C), member("eve", C)
    groups = [licensing(A, ada, bo), licensing(B, bo, cy), licensing(C, dee, eve)]
    skus = [product(E4_OF), product("ENTERPRISEPACK", enabled=4)]

    drawn = planned([ada, bo, cy, dee, eve], groups, skus=skus)

    assert [("swap", ""), ("swap", ""), ("hold", "no_seat")] == [fate(drawn, g) for g in (A, B, C)]
    seats = drawn.plan.header.seats[0]
    assert (3, 1, 1) == (seats.needed, seats.left, seats.short)


def test_who_has_left_the_group_and_keeps_its_license_in_error_holds_nobody_back() -> None:
    """The group is swapped, and whoever Graph keeps its license on in error is told to be assigned directly."""
    gone = person("gone", holding(E4_OF, group=A, state="ActiveWithError", error="DependencyViolation"))

    drawn = planned([ADA, gone], [licensing(A, ADA)])

    assert (("swap", ""), "change", "inherited") == (fate(drawn), drawn.reason(ADA), drawn.reason(gone))
    assert "no member any more" in drawn.row(gone)["detail"]


def test_a_group_that_has_the_target_already_is_done() -> None:
    """The same settings go on in the next slot."""
    drawn = planned([person("ada", holding("ENTERPRISEPACK", group=A))], [licensing(A, licenses=("ENTERPRISEPACK",))])

    assert ("done", "already_on_target") == fate(drawn)
    assert {} == group_tasks_of(drawn.plan, drawn.snapshot)


@pytest.mark.parametrize(
    ("toml", "expected"), [(TO_E3, ("swap", "")), (ELSEWHERE.removesuffix(TO_E3), ("hold", "no_rule"))]
)
def test_a_group_without_members_follows_the_rule_for_everybody(toml: str, expected: tuple[str, str]) -> None:
    """It would hand out the old product to whoever joins; without such a rule nobody says what instead."""
    assert expected == fate(planned([], [licensing(A)], toml))


def test_a_target_that_the_group_has_already_is_not_added_again() -> None:
    """Adding it again would replace what the group has disabled in it."""
    ada = person("ada", holding(E4_OF, group=A), holding("ENTERPRISEPACK", group=A))

    drawn = planned([ada], [licensing(A, ada, licenses=(E4_OF, "ENTERPRISEPACK"))])

    [task] = group_tasks_of(drawn.plan, drawn.snapshot).values()
    assert ((), (E4,), 0) == (task.change.add, task.change.remove, drawn.plan.header.seats[0].needed)


def test_groups_follow_the_users_of_their_wave_and_unnamed_ones_are_last() -> None:
    """A member has the wave of the last of its groups and takes no place in it."""
    ada, bo, cy = member("ada", A), member("bo", A, B), person("cy", E4_OF)
    toml = TO_E3 + '[[wave]]\nname = "pilot"\nusers = 1\n'
    world = snapshot(ada, bo, cy, groups=[licensing(A, ada, bo), licensing(B, bo)])

    drawn = draw(world, toml, groups=GroupPolicy((A, B)), wave_groups={"pilot": (A,)})

    assert {"ada": "pilot", "bo": "rest", "cy": "pilot"} == drawn.column("wave")
    assert ("pilot", "rest") == (told(drawn, A).wave, told(drawn, B).wave)
