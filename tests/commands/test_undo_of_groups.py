"""`reseat undo` of a plan that changed groups: each gets back what it carried, or says why it stays."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import orjson
import pytest
from worlds.in_process import CommandLine, Place, Said
from worlds.small_tenant import APPLY, DECLARED, EVERYONE, OLD, group, group_id, person, place

from connectors.sandbox.api.world import SANDBOX_APP_ID
from connectors.sandbox.licensing import others
from connectors.sandbox.licensing.rules import Change
from jobs.license_reassignment.errors import ExitCode

SALES, LEGAL = group_id(1), group_id(2)
BOTH_GROUPS = '\n[groups]\nswap = ["LIC Sales", "LIC Legal"]\n'
LICENSING = '\n[groups]\nswap = ["LIC Sales"]\n'


class World:
    """Ada and Bo are in one group, Bo holds the product directly too; Di holds it directly only."""

    def __init__(self, folder: Path, call: CommandLine, *, apply: bool = True, shared: bool = False) -> None:
        through: dict[str, object] = {"sku": OLD, "group": SALES}
        people = [person("ada", through), person("bo", OLD, through), person("di")]
        groups, settings = [group(1, "LIC Sales", "ada", "bo", licenses=[OLD])], LICENSING
        if shared:
            other: dict[str, object] = {"sku": OLD, "group": LEGAL}
            people += [person("cy", other), person("fay", through, other)]
            groups = [
                group(1, "LIC Sales", "ada", "bo", "fay", licenses=[OLD]),
                group(2, "LIC Legal", "cy", "fay", licenses=[OLD]),
            ]
            settings = BOTH_GROUPS
        self.call = call
        self.here: Place = place(folder, people, EVERYONE + settings + DECLARED, groups=groups)
        self.before = self.licenses()
        assert self.plan("plan").code in {0, 3}
        if apply:
            assert self.apply().code == ExitCode.DONE
            assert self.call(self.here, "verify", self.here.run).code in {0, 3}

    def plan(self, *arguments: str) -> Said:
        """Make a plan, and go on with it."""
        runs = self.here.folder / "runs"
        known = {p.name for p in runs.iterdir()} if runs.exists() else set()
        said = self.call(self.here, *arguments)
        new = [p.name for p in runs.iterdir() if p.name.startswith("p") and p.name not in known]
        self.here.run = new[0] if new else self.here.run
        return said

    def apply(self) -> Said:
        """Apply the plan at hand."""
        return self.call(self.here, "apply", self.here.run, *APPLY)

    def undo(self) -> Said:
        """Plan to take the plan at hand back."""
        return self.plan("undo", self.here.run)

    def licenses(self) -> dict[str, set[tuple[str, str, tuple[str, ...], str]]]:
        """By name, what the tenant itself says everybody has: product, group, disabled services, state."""
        return {
            u.upn.partition("@")[0]: {(a.sku, a.group or "", a.off, a.state) for a in u.profile.assignments}
            for u in self.here.tenant.users
        }

    def rows(self, name: str) -> dict[str, dict[str, str]]:
        """A table of the run, by the name before the @."""
        with (self.here.folder / "runs" / self.here.run / name).open(encoding="utf-8-sig", newline="") as file:
            table = list(csv.DictReader(file))
        return {(row.get("name") or row.get("user_principal_name") or "").partition("@")[0]: row for row in table}

    @property
    def header(self) -> dict[str, Any]:
        """What stands in plan.json."""
        found: dict[str, Any] = orjson.loads((self.here.folder / "runs" / self.here.run / "plan.json").read_bytes())
        return found

    def group_writes(self) -> int:
        """How often we changed a group."""
        log = self.here.tenant.write_log
        return sum(r.kind == "group" and r.actor == SANDBOX_APP_ID and r.status == 202 for r in log)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> World:
    return World(tmp_path, CommandLine(monkeypatch, capsys))


def test_a_group_gets_back_what_it_carried_and_its_members_have_it_again(world: World) -> None:
    """One more write on the group; who also held the product directly has it through the group alone."""
    assert world.undo().code == ExitCode.DONE
    assert world.apply().code == ExitCode.DONE
    verified = world.call(world.here, "verify", world.here.run)

    assert verified.code == ExitCode.DONE, verified.words
    after = world.licenses()
    assert (after["ada"], after["di"]) == (world.before["ada"], world.before["di"])
    assert after["bo"] == {one for one in world.before["bo"] if one[1] == SALES}
    assert world.group_writes() == 2
    assert {row["outcome"] for row in world.rows("users.csv").values()} == {"moved", "moved_by_group"}
    audited = world.call(world.here, "audit", world.here.run, config=False)
    assert audited.code == ExitCode.DONE, audited.words
    assert world.apply().code == ExitCode.DONE
    assert world.group_writes() == 2


def test_an_undo_of_the_undo_moves_the_group_again(world: World) -> None:
    """The group and its members are where the first plan had put them."""
    moved = world.licenses()
    world.undo()
    world.apply()
    assert world.undo().code == ExitCode.DONE
    assert world.apply().code == ExitCode.DONE

    after = world.licenses()
    assert (after["ada"], after["bo"], after["di"]) == (moved["ada"], moved["bo"], moved["di"])


def test_whoever_joined_since_keeps_the_group_as_it_is_and_is_named(world: World) -> None:
    """An undo changes nobody whom the plan did not change."""
    tenant = world.here.tenant
    [newcomer] = [u for u in tenant.users if u.upn.startswith("di@")]
    others.join(tenant, tenant.groups[SALES], newcomer, world.here.seconds)
    world.here.seconds += 600
    said = world.undo()

    assert said.code == ExitCode.PEOPLE_LEFT
    page = (world.here.folder / "runs" / world.here.run / "plan.html").read_text(encoding="utf-8")
    assert "di@contoso.example" in page[page.index("LIC Sales") :]
    rows = world.rows("decisions.csv")
    assert (rows["LIC Sales"]["kind"], rows["LIC Sales"]["reason"]) == ("hold", "joined_since")
    assert (rows["ada"]["kind"], rows["ada"]["reason"]) == ("hold", "group_stays")
    before = world.licenses()
    world.apply()
    assert world.group_writes() == 1
    assert world.licenses()["ada"] == before["ada"]


def test_a_group_that_somebody_changed_since_is_left_as_it_is(world: World) -> None:
    """What stands there is that person's."""
    tenant = world.here.tenant
    other = tenant.sku_named("ENTERPRISEPREMIUM").id
    change = Change(((other, ()),), ())
    others.change(tenant, tenant.groups[SALES], change, world.here.seconds)
    world.here.seconds += 600

    assert world.undo().code == ExitCode.PEOPLE_LEFT
    assert world.rows("decisions.csv")["LIC Sales"]["reason"] == "changed_by_others"


def test_a_group_that_has_its_old_product_again_needs_nothing(world: World) -> None:
    """Somebody was there before."""
    tenant = world.here.tenant
    old = tenant.sku_named(OLD).id
    new = next(sku for sku in tenant.groups[SALES].licenses)
    others.change(tenant, tenant.groups[SALES], Change(((old, ()),), (new,)), world.here.seconds)
    world.here.seconds += 600
    world.undo()

    assert world.rows("decisions.csv")["LIC Sales"]["reason"] == "already_on_target"
    world.apply()
    assert world.group_writes() == 1


def test_without_seats_of_the_old_product_the_group_and_its_members_stay(world: World) -> None:
    """Whole or not at all: nobody of the group is given back alone."""
    tenant = world.here.tenant
    tenant.skus[tenant.sku_named(OLD).id].enabled = 1
    said = world.undo()

    rows = world.rows("decisions.csv")
    assert said.code == ExitCode.PEOPLE_LEFT
    assert (rows["LIC Sales"]["kind"], rows["ada"]["kind"], rows["bo"]["kind"]) == ("hold", "hold", "hold")
    world.apply()
    assert world.group_writes() == 1


def test_a_plan_that_was_not_applied_has_nothing_to_undo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is written."""
    world = World(tmp_path, CommandLine(monkeypatch, capsys), apply=False)
    said = world.undo()

    assert "has changed nobody" in said.words
    assert world.group_writes() == 0


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> World:
    """Two groups that have Fay in common."""
    return World(tmp_path, CommandLine(monkeypatch, capsys), shared=True)


def test_groups_with_a_member_in_common_go_back_together(two: World) -> None:
    """One request each, and everybody has through both what they had."""
    assert two.undo().code == ExitCode.DONE
    assert two.apply().code == ExitCode.DONE

    after = two.licenses()
    assert {n: after[n] for n in ("ada", "cy", "fay")} == {n: two.before[n] for n in ("ada", "cy", "fay")}
    assert two.group_writes() == 4


def test_a_group_that_stays_keeps_those_it_shares_members_with(two: World) -> None:
    """Neither is written to; settled as the remedy says, both go back."""
    tenant = two.here.tenant
    [newcomer] = [u for u in tenant.users if u.upn.startswith("di@")]
    others.join(tenant, tenant.groups[SALES], newcomer, two.here.seconds)
    two.here.seconds += 600
    swapped = two.here.run
    assert two.undo().code == ExitCode.PEOPLE_LEFT
    rows = two.rows("decisions.csv")
    assert (rows["LIC Sales"]["reason"], rows["LIC Legal"]["reason"]) == ("joined_since", "shared_members")
    assert {rows[n]["reason"] for n in ("ada", "cy", "fay")} == {"group_stays"}
    two.apply()
    assert two.group_writes() == 2

    others.leave(tenant, tenant.groups[SALES], newcomer, two.here.seconds)
    two.here.seconds += 600
    two.here.run = swapped
    two.undo()
    assert two.rows("decisions.csv")["LIC Legal"]["kind"] == "change"
    two.apply()
    assert two.licenses()["fay"] == two.before["fay"]


def test_where_one_group_is_back_already_the_other_goes(two: World) -> None:
    """Who is in both gets the rest of it; who is only in the first one has it."""
    tenant = two.here.tenant
    new = next(iter(tenant.groups[SALES].licenses))
    old = tenant.sku_named(OLD).id
    others.change(tenant, tenant.groups[SALES], Change(((old, ()),), (new,)), two.here.seconds)
    two.here.seconds += 600
    two.undo()

    rows = two.rows("decisions.csv")
    assert (rows["LIC Sales"]["reason"], rows["LIC Legal"]["kind"]) == ("already_on_target", "change")
    assert (rows["ada"]["reason"], rows["fay"]["via_groups"]) == ("already_on_target", LEGAL)
    two.apply()
    assert two.licenses()["fay"] == two.before["fay"]


def test_members_who_left_and_groups_that_are_gone_are_told(two: World) -> None:
    """An undo can give them nothing, and does not keep silent about it."""
    tenant = two.here.tenant
    [ada] = [u for u in tenant.users if u.upn.startswith("ada@")]
    others.leave(tenant, tenant.groups[SALES], ada, two.here.seconds)
    two.here.seconds += 600
    swapped = two.here.run
    assert "1 member has left LIC Sales since: an undo gives them nothing." in two.undo().words

    others.delete(tenant, tenant.groups[LEGAL], two.here.seconds)
    two.here.seconds += 600
    two.here.run = swapped
    assert "1 group of the plan no longer exists: its members get nothing back" in two.undo().words
