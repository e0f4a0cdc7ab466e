"""The sample tenant ends with NO-GO for reasons that a person can settle: each printed remedy is followed and works.

Each remedy is followed literally and alone, in a copy of the tenant as the demo leaves it; then the next plan is made
and applied. Whoever held a license may at no moment be without one, whoever made the change.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import pytest
from worlds import oracle
from worlds.in_process import CommandLine, Place, Said
from worlds.produced_reasons import FOLLOWED_IN_THE_DEMO
from worlds.rehearsal import START

from connectors.sandbox.licensing import groups, others
from connectors.sandbox.licensing.rules import Change
from connectors.sandbox.tenant.file import load
from connectors.sandbox.tenant.model import Assignment, Group, User
from connectors.sandbox.trouble import meddle

SOURCE, TARGET = "ENTERPRISEWITHSCAL", "ENTERPRISEPACK"
APPLY = ("apply", "PLAN", "--tenant", "contoso.example")
IN_ERROR = {"target_in_error", "accepted_then_error"}
_KEPT: dict[str, Place] = {}


def does(reseat: CommandLine, place: Place, *argv: str) -> Said:
    """Call one command; a new plan becomes the run of the place."""
    place.seconds += 60
    said = reseat(place, *(place.run if a == "PLAN" else a for a in argv))
    if argv[0] == "plan":
        plans = sorted((place.folder / "runs").glob("*/plan.json"), key=lambda p: p.stat().st_mtime_ns)
        place.run = plans[-1].parent.name
    return said


@pytest.fixture
def demo(reseat: CommandLine, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The sample tenant as the demo leaves it, a copy for each test."""
    if "demo" not in _KEPT:
        folder, sample = tmp_path_factory.mktemp("demo"), files("sample_data")
        settings = sample.joinpath("demo.toml").read_text(encoding="utf-8")
        local = 'credential = "sandbox"\ngraph_url = "http://127.0.0.1:8080/v1.0"'
        (folder / "reseat.toml").write_text(settings.replace('credential = "sandbox"', local), encoding="utf-8")
        (folder / "users.csv").write_bytes(sample.joinpath("users.csv").read_bytes())
        place = Place(load(sample.joinpath("tenant.json").read_bytes()), START, folder)
        ended = [does(reseat, place, *argv).code for argv in (("plan",), APPLY, ("verify", "PLAN"))]
        assert (ended[0], ended[2]) == (3, 3)
        _KEPT["demo"] = place
    return _KEPT["demo"].copied(tmp_path / "copy")


# What people do.


def user(place: Place, upn: str) -> User:
    found = place.tenant.user(upn)
    assert found is not None
    return found


def row(place: Place, upn: str, **cells: str) -> None:
    """Somebody edits the roster: the row of this user says so from now on."""
    path = place.folder / "users.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    found = [one for one in rows if one["user_principal_name"] == upn]
    if not found:
        rows += [found := dict.fromkeys(rows[0], "") | {"user_principal_name": upn}]  # type: ignore[list-item]
        found = rows[-1:]
    found[0].update(cells)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8", newline="")


def setting(place: Place, old: str, new: str) -> None:
    """Somebody edits the settings."""
    text = place.config.read_text(encoding="utf-8")
    assert text.count(old) == 1
    place.config.write_text(text.replace(old, new), encoding="utf-8")


def by_hand(place: Place, upn: str) -> None:
    """An admin ticks the target and unticks the source, and saves once."""
    one, source = user(place, upn), place.tenant.sku_named(SOURCE).id
    kept = tuple(a for a in one.profile.assignments if a.sku != source)
    meddle.put_licenses(place.tenant, one, (*kept, Assignment(place.tenant.sku_named(TARGET).id)), place.seconds)


def carriers(place: Place) -> list[Group]:
    """The groups that assign the source."""
    return [one for one in place.tenant.groups.values() if place.tenant.sku_named(SOURCE).id in one.licenses]


def out_of_groups(place: Place, names: list[str]) -> None:
    """Each is given the target directly, and then the owner takes them out of the groups that give the source."""
    target = place.tenant.sku_named(TARGET).id
    for one in (user(place, name) for name in names):
        if target not in one.profile.held:
            meddle.put_licenses(place.tenant, one, (*one.profile.assignments, Assignment(target)), place.seconds)
        for carrier in [g for g in carriers(place) if one.id in g.members]:
            others.leave(place.tenant, carrier, one, place.seconds)
    place.seconds += 600


def remove_from(place: Place, one: Group) -> None:
    """Remove the source alone from the group."""
    groups.change_group(place.tenant, one, Change((), (place.tenant.sku_named(SOURCE).id,)), place.seconds)
    place.seconds += 600


def settle_left(place: Place, names: list[str]) -> None:
    """Whoever has left the group before, and has the target directly now, is reprocessed."""
    for one in (user(place, name) for name in names):
        if all(one.id not in place.tenant.groups[a.group].members for a in one.profile.assignments if a.group):
            groups.reprocess(place.tenant, one, place.seconds)


def agree(place: Place) -> None:
    """Everybody whom the groups give the source is to get the same; whoever gives reasons of her own is settled too."""
    held = [one for one in place.tenant.living() if one.profile.inherited(place.tenant.sku_named(SOURCE).id)]
    for one in held:
        row(place, one.upn, target=TARGET)


def of_each(act: Callable[[Place, str], None]) -> Callable[[Place, list[str]], None]:
    """Do the same for each user whom the remedy is for."""

    def acts(place: Place, names: list[str]) -> None:
        for name in names:
            act(place, name)

    return acts


def locate(place: Place, upn: str) -> None:
    user(place, upn).location = "NL"


def give_address_up(place: Place, names: list[str]) -> None:
    """One of the two gives the address up that both have."""
    user(place, names[0]).proxies = None
    place.tenant._addresses.clear()
    for one in place.tenant.living():
        place.tenant.claim_addresses(one)


def out_of_the_unit(place: Place, upn: str) -> None:
    user(place, upn).restricted = False


def switch_off(place: Place, upn: str) -> None:
    """Of the two plans of the conflict, the target's own goes into the row."""
    detail = rows_of(place, "users.csv", user_principal_name=upn)[0]["detail"]
    target = place.tenant.sku_named("SPE_E3").plan_by_name
    row(place, upn, disabled_plans=next(name for name in detail.split(" conflicts with ") if name in target))


def buy(place: Place, _names: list[str]) -> None:
    """The trial is bought."""
    sku = place.tenant.sku_named("SPE_E5")
    for one in place.tenant.subscriptions.values():
        if one.sku == sku.id:
            one.trial = False


class Row(NamedTuple):
    """A remedy: the reason it is for, the words of the print that say so, and what somebody does who follows them."""

    reason: str
    says: str
    follow: Callable[[Place, list[str]], object]


FOLLOWED = (
    Row("conflict", "Disable the target's service in the roster (`disabled_plans`)", of_each(switch_off)),
    Row("conflict", "choose a different target", of_each(lambda p, u: row(p, u, target=TARGET))),
    Row("disabled_account", 'Set it to "move"', lambda p, _: setting(p, 'accounts = "hold"', 'accounts = "move"')),
    Row("duplicate_address", "Remove the address from the other one", give_address_up),
    Row(
        "inherited",
        "assign the target directly to the user, and only when that works have the owner take the user out of the",
        lambda p, names: (out_of_groups(p, names), settle_left(p, names)),
    ),
    Row("left_by_choice", "enter a target there", of_each(lambda p, u: row(p, u, target=TARGET))),
    Row("legal_hold", "Choose a target that includes it", of_each(lambda p, u: row(p, u, target=TARGET))),
    Row(
        "lost_service",
        "Choose a target that includes it",
        of_each(lambda p, u: row(p, u, target=TARGET, disabled_plans="")),
    ),
    Row(
        "lost_service",
        "back the data up and enter in the roster, under backup_acknowledged_by",
        of_each(lambda p, u: row(p, u, backup_acknowledged_by="me")),
    ),
    Row(
        "lost_voice",
        "Add Teams Phone (MCOEV) to the target",
        of_each(lambda p, u: row(p, u, target=f"{TARGET}+MCOEV")),
    ),
    Row(
        "members_differ",
        "Have the rules and roster rows agree for all its members and make a new plan",
        lambda p, _: agree(p),
    ),
    Row("no_usage_location", "usage location for the user", of_each(locate)),
    Row(
        "protected",
        "take the account out of `protected`",
        lambda p, _: setting(p, 'protected = ["breakglass@contoso.example"]', ""),
    ),
    Row("protected", "assign the target and remove the old license manually in one change", of_each(by_hand)),
    Row("restricted_management", "remove the user from the unit", of_each(out_of_the_unit)),
    Row(
        "restricted_management", "assign the target and remove the old license manually in one change", of_each(by_hand)
    ),
    Row("trial_target", "Buy the product", buy),
    Row("trial_target", "choose a different target", of_each(lambda p, u: row(p, u, target=TARGET))),
)


def rows_of(place: Place, name: str, **cells: str) -> list[dict[str, str]]:
    """The rows of a file of the run in which these cells stand."""
    text = (place.folder / "runs" / place.run / name).read_text(encoding="utf-8-sig")
    return [one for one in csv.DictReader(io.StringIO(text, newline="")) if all(one[k] == v for k, v in cells.items())]


def licensed(place: Place) -> set[str]:
    """Everybody who holds any license."""
    return {one.id for one in place.tenant.living() if one.profile.held}


def never_bare(place: Place, before: set[str]) -> list[str]:
    """Who of them has no license now, or was without at any moment, by whomever's change."""
    every = [sku.part_number for sku in place.tenant.skus.values()]
    return [
        *(record.target for record in oracle.bare_moments(place.tenant, every)),
        *oracle.bare_users(place.tenant, every, before),
    ]


def test_every_reason_of_the_demo_has_a_remedy_that_is_followed_here(demo: Place) -> None:
    """The list of what is left to do names no reason that this table does not try."""
    left = {one["reason"].partition(":")[0] for one in rows_of(demo, "actions.csv") if one["kind"] != "gate"}

    assert left - IN_ERROR - {"group_carries_source", "soft_deleted_holder"} <= {one.reason for one in FOLLOWED}
    assert {one.reason for one in FOLLOWED} == FOLLOWED_IN_THE_DEMO


@pytest.mark.parametrize("case", FOLLOWED, ids=lambda case: f"{case.reason}: {case.says[:40]}")
def test_a_printed_remedy_works_and_harms_nobody(case: Row, demo: Place, reseat: CommandLine) -> None:
    """Followed alone, the next plan moves these users, or they are moved; nobody is without a license at any time."""
    asked = [one for one in rows_of(demo, "actions.csv") if one["reason"].partition(":")[0] == case.reason]
    names, before = [one["user_principal_name"] for one in asked if one["user_principal_name"]], licensed(demo)
    assert asked
    says = case.says.replace("`", "")
    assert all(says in one["remedy"] for one in asked), asked[0]["remedy"]

    case.follow(demo, names)
    assert does(reseat, demo, "plan").code in {0, 3}
    assert does(reseat, demo, *APPLY).code in {0, 3}

    assert [] == never_bare(demo, before)
    assert set() == {user(demo, name).id for name in names} & oracle.holders(demo.tenant, SOURCE)


def test_the_oracle_sees_what_the_groups_alone_would_do(demo: Place, reseat: CommandLine) -> None:
    """Removing the source alone from every group leaves its members who have nothing else without a license."""
    before = licensed(demo)
    for one in carriers(demo):
        remove_from(demo, one)
    does(reseat, demo, "plan")

    assert len(set(never_bare(demo, before))) >= 5


def settle_deleted(place: Place) -> None:
    """One is restored, for a new plan to move; the others are deleted for good, and name no license any more."""
    back, *others = place.tenant.deleted()
    place.tenant.restore_user(back, place.seconds)
    back.location = "NL"
    for one in others:
        one.profile = place.tenant.empty


def repair(place: Place) -> None:
    """Whoever is in error has the license reprocessed after its cause was settled."""
    for one in list(place.tenant.living()):
        sound = tuple(a._replace(state="Active", error="None") for a in one.profile.assignments)
        if sound != one.profile.assignments:
            meddle.put_licenses(place.tenant, one, sound, place.seconds)


def test_with_every_remedy_followed_the_demo_ends_with_go(demo: Place, reseat: CommandLine) -> None:
    """All of them, and those of the gates: groups, deleted users, licenses in error."""
    before, done = licensed(demo), set[str]()
    gates = {one["reason"]: one["remedy"] for one in rows_of(demo, "actions.csv", kind="gate")}
    assert "Remove it alone only from a group that has no members" in gates["no_group_carries_source"]
    assert "Restore the users who are to come back, make a new plan" in gates["no_soft_deleted_holders"]

    for case in FOLLOWED:
        asked = [one for one in rows_of(demo, "actions.csv") if one["reason"].partition(":")[0] == case.reason]
        if case.reason not in done:
            done.add(case.reason)
            case.follow(demo, [one["user_principal_name"] for one in asked if one["user_principal_name"]])
    for empty in carriers(demo):
        if empty.name not in demo.config.read_text(encoding="utf-8"):  # the plan changes those that it names
            remove_from(demo, empty)
    settle_deleted(demo)
    repair(demo)
    said = [does(reseat, demo, *argv) for argv in (("plan",), APPLY, ("verify", "PLAN"))]

    assert [0, 0] == [one.code for one in said[1:]], said[2].words
    assert "GO" in said[2].words
    assert [] == never_bare(demo, before)


def test_no_remedy_of_the_demo_takes_a_license_away_alone(demo: Place) -> None:
    """Neither the list of actions nor the pages tell anybody to cancel, to unlicense, or to leave a group."""
    told = [one["remedy"] for one in rows_of(demo, "actions.csv")]
    summary = (demo.folder / "runs" / demo.run / "summary.md").read_text(encoding="utf-8")
    safe = re.compile(r"only when that works have the owner take (?:the user|them|these members) out of the group")
    wrong = re.compile(
        r"\bunlicense\b|[Cc]ancel (?:it|each|online)|out of (?:the group|it\b)|remove (?:its|the) license"
    )

    assert any(map(safe.search, told))
    assert [] == [text for text in (*told, summary) if wrong.search(safe.sub("", text))]
