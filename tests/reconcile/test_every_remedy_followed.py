"""The printed remedy of each gate, and of each reason that the sandbox can produce, is followed literally and alone.

Then the gate is open or the user is moved, and nobody who held a license was without one at any moment since. What
cannot be followed here stands in NOT_FOLLOWED with its reason.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from worlds import oracle
from worlds.in_process import CommandLine
from worlds.produced_reasons import FOLLOWED_IN_THE_DEMO, PRODUCED
from worlds.rehearsal import read_json
from worlds.sets import few
from worlds.several_runs import Runs
from worlds.small_tenant import EVERYONE, NEW, OLD, group, group_id, person, place, say

from connectors.catalog.products import load_catalog
from connectors.sandbox.licensing import groups, others
from connectors.sandbox.licensing.rules import Change
from connectors.sandbox.tenant.model import Assignment, User
from connectors.sandbox.trouble import meddle
from jobs.license_reassignment.reconcile.gates import GATE_IDS

DECLARED = '\n[declare]\nby = "CHG-1"\npurchase_channel = "direct"\nbilling_agreement = "mca"\n'
SETTINGS = EVERYONE + DECLARED
PILOT = '\n[[wave]]\nname = "pilot"\nusers = 1\nthen = "stop"\n'
PEOPLE = ("ada", "bo")
VARIANT = "ENTERPRISEWITHSCALWITHOUTPROPLUS"


def unmarked(text: str) -> str:
    """Take the backticks from code, as a cell of actions.csv has it."""
    return text.replace("`", "")


class World(Runs):
    """A small tenant with its runs, and what people do in it."""

    settings = SETTINGS

    def user(self, name: str) -> User:
        """A user by the name before the @."""
        found = self.here.tenant.user(f"{name}@contoso.example")
        assert found is not None
        return found

    def say(self, old: str, new: str) -> None:
        """Somebody edits the settings."""
        assert self.settings.count(old) == 1
        self.settings = self.settings.replace(old, new)
        say(self.here, self.settings)

    def roster(self, text: str) -> None:
        """Somebody writes the roster."""
        (self.here.folder / "users.csv").write_text(text, encoding="utf-8")

    def sku(self, part: str = NEW) -> Any:
        """A product of the tenant."""
        return self.here.tenant.sku_named(part)

    def moved(self) -> None:
        """Plan, apply and verify."""
        self.plan()
        self.apply()
        self.verify()

    def by_hand(self, name: str) -> None:
        """An admin gives a user the target and takes the source away in one change."""
        user, old = self.user(name), self.sku(OLD).id
        kept = tuple(a for a in user.profile.assignments if a.sku != old)
        meddle.put_licenses(self.here.tenant, user, (*kept, Assignment(self.sku().id)), self.here.seconds)

    def on_group(self, *, add: bool = True) -> None:
        """The only group gets the target, and loses the source in the same change."""
        [one] = self.here.tenant.groups.values()
        change = Change(((self.sku().id, ()),) if add else (), (self.sku(OLD).id,))
        groups.change_group(self.here.tenant, one, change, self.here.seconds)
        self.here.seconds += 600

    def out_of_the_group(self, name: str) -> None:
        """An admin gives a user the target, and then the owner of the only group takes the user out of it."""
        user, tenant = self.user(name), self.here.tenant
        [one] = tenant.groups.values()
        meddle.put_licenses(tenant, user, (*user.profile.assignments, Assignment(self.sku().id)), self.here.seconds)
        others.leave(tenant, one, user, self.here.seconds)
        self.here.seconds += 600

    def repaired(self) -> None:
        """What an error names was settled, and the licenses were reprocessed."""
        self.here.tenant.on_assign.clear()
        for user in list(self.here.tenant.living()):
            sound = tuple(a._replace(state="Active", error="None") for a in user.profile.assignments)
            if sound != user.profile.assignments:
                meddle.put_licenses(self.here.tenant, user, sound, self.here.seconds)

    def restored(self, name: str) -> None:
        """A deleted user comes back."""
        [user] = [one for one in self.here.tenant.deleted() if one.upn.startswith(f"{name}@")]
        self.here.tenant.restore_user(user, self.here.seconds)

    def printed(self, reason: str) -> list[str]:
        """The remedies of this reason in the list of actions of the last verification, or in the plan's own holds."""
        path = self.folder / self.run / "actions.csv"
        if path.is_file():
            rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
            return [one["remedy"] for one in rows if one["reason"].partition(":")[0] == reason]
        return [unmarked(one["remedy"]) for one in self.header()["holds"] if one["reason"] == reason]

    def gate(self, gate_id: str) -> str:
        """What the last verification says of a gate."""
        gates: list[Mapping[str, str]] = read_json(self.folder / self.run / "reconciliation.json")["gates"]
        return next(one["status"] for one in gates if one["id"] == gate_id)

    def licensed(self) -> set[str]:
        """Everybody who holds something."""
        return {user.id for user in self.here.tenant.living() if user.profile.held}

    def harmed(self, before: set[str]) -> list[str]:
        """Who of them has no license now or had none at a moment since; before this, the log was emptied."""
        every = list(self.here.tenant.skus)
        moments = oracle.bare_moments(self.here.tenant, every)
        return [
            *(one.target for one in moments if one.kind != "delete"),
            *oracle.bare_users(self.here.tenant, every, before),
        ]


Act = Callable[[World], object]


def world(folder: Path, reseat: CommandLine, settings: str = SETTINGS, **more: Any) -> World:
    """Two people on the old product, or those that are given."""
    users = more.pop("users", [person(name) for name in PEOPLE])
    made = World(place(folder, users, settings, **more), reseat)
    made.settings = settings
    return made


def variant(folder: Path, reseat: CommandLine) -> World:
    """Somebody holds another edition of the source."""
    catalog = load_catalog()
    sku_id = next(k for k, v in catalog.part_numbers.items() if v == VARIANT)
    skus = [{"skuPartNumber": part, "enabled": 50} for part in (OLD, NEW)]
    made = world(folder, reseat, skus=skus)
    old = made.sku(OLD)
    made.here.tenant.skus[sku_id] = type(old)(sku_id, VARIANT, old.plans, enabled=5)
    late = made.here.tenant.add_user("0d000000-0000-4000-8000-00000000000d", "di@contoso.example", "Di")
    late.location = "NL"
    made.here.tenant.set_assignments(late, [Assignment(sku_id)], made.here.seconds)
    made.moved()
    return made


def member(folder: Path, reseat: CommandLine, *names: str) -> World:
    """A group hands the old product out, to these members."""
    users = [person("ada"), *(person(name, {"sku": OLD, "group": group_id(1)}) for name in names)]
    made = world(folder, reseat, users=users, groups=[group(1, "licensed", *names, licenses=[OLD])])
    made.moved()
    return made


def of(settings: str = SETTINGS, *, before: Act | None = None, then: Act | None = None, **more: Any) -> Any:
    """Make a state: plan, something happens, apply, something happens, verify."""

    def make(folder: Path, reseat: CommandLine) -> World:
        made = world(folder, reseat, settings, **more)
        made.plan("--skip-bad-rows")
        for step, act in ((made.apply, before), (made.verify, then)):
            if act:
                act(made)
            step()
        return made

    return make


def give(name: str, *licenses: str) -> Act:
    return lambda w: w.somebody_gives(name, *licenses)


def by_hand(name: str) -> Act:
    return lambda w: w.by_hand(name)


def newcomer(w: World) -> None:
    """A user outside the plan gets the old product."""
    user = w.here.tenant.add_user("0e000000-0000-4000-8000-00000000000e", "eve@contoso.example", "Eve")
    user.location = "NL"
    w.somebody_gives("eve", OLD)


def put(what: str, value: object, part: str = NEW) -> Act:
    return lambda w: setattr(w.sku(part), what, value)


def of_user(what: str, value: object, name: str = "ada") -> Act:
    return lambda w: setattr(w.user(name), what, value)


def shares(w: World, proxies: tuple[str, ...] | None) -> None:
    """Both users have the same address, or only one has."""
    for name in PEOPLE:
        w.user(name).proxies = (f"SMTP:{name}@contoso.example", *(proxies or ()))
    w.here.tenant._addresses.clear()
    for one in w.here.tenant.living():
        w.here.tenant.claim_addresses(one)


def again(*steps: str) -> Act:
    """Call these commands of the run in their order."""

    def acts(w: World) -> None:
        for step in steps:
            w.here.seconds += 60
            getattr(w, step)()

    return acts


def both(*acts: Act) -> Act:
    return lambda w: [act(w) for act in acts]


NEXT_PLAN = again("plan", "apply", "verify")
AGAIN = again("apply", "verify")
VERIFY = again("verify")


class Gate(NamedTuple):
    """A gate that is shut, words that its printed remedy has, and what somebody does who follows them."""

    id: str
    says: str
    make: Callable[[Path, CommandLine], World]
    follow: Act


ADDON_SKUS = [{"skuPartNumber": part, "enabled": 50} for part in (OLD, NEW, "MCOEV")]
BOUND = SETTINGS.replace('"mca"', '"mca"\naddons = { MCOEV = "traditional" }')
TO_VISIO = SETTINGS.replace(NEW, "VISIOCLIENT") + '\n[plans]\nlost_services = "accept"\n'
UNDECLARED = EVERYONE + '\n[declare]\nby = "CHG-1"\n'


def add_source(w: World) -> None:
    """The settings name the variant too."""
    text = w.here.config.read_text(encoding="utf-8")
    w.here.config.write_text(text.replace(f'skus = ["{OLD}"]', f'skus = ["{OLD}", "{VARIANT}"]'), encoding="utf-8")


def partner(w: World) -> None:
    for one in w.here.tenant.subscriptions.values():
        one.owner_tenant_id = "0f000000-0000-4000-8000-00000000000f"


def pilot_only(folder: Path, reseat: CommandLine) -> World:
    """The first wave is applied and verified; the next one waits for its name."""
    made = world(folder, reseat, SETTINGS + PILOT)
    made.moved()
    return made


def written_since(folder: Path, reseat: CommandLine) -> World:
    """The rest is applied after the verification, and the report is made again."""
    made = pilot_only(folder, reseat)
    made.apply("", "--wave", "rest")
    made.call(made.here, "report", made.run)
    return made


def in_doubt(folder: Path, reseat: CommandLine) -> World:
    """A kill left a request without its answer, and what it did is read differently by each scan."""
    made = world(folder, reseat)
    made.plan()
    made.killed_while_sending("ada", effect=lambda name: made.somebody_gives(name, OLD, NEW))
    made.verify()
    return made


GATES = (
    Gate("no_direct_holders", "make a new plan and apply it", of(then=newcomer), NEXT_PLAN),
    Gate(
        "no_inherited_holders",
        "add the target and remove the old product in one change, never the old product alone",
        lambda f, r: member(f, r, "bo"),
        both(World.on_group, VERIFY),
    ),
    Gate(
        "no_group_carries_source",
        "On each group with members, add the target and remove the old product in one change",
        lambda f, r: member(f, r, "bo"),
        both(World.on_group, VERIFY),
    ),
    Gate(
        "no_group_carries_source",
        "Remove it alone only from a group that has no members",
        member,
        both(lambda w: w.on_group(add=False), VERIFY),
    ),
    Gate(
        "no_soft_deleted_holders",
        "Restore the users who are to come back, make a new plan and apply it",
        of(before=lambda w: w.somebody_deletes("bo")),
        both(lambda w: w.restored("bo"), NEXT_PLAN),
    ),
    Gate(
        "source_family_clear",
        "Add them to [source] skus, make a new plan and apply it",
        variant,
        both(add_source, NEXT_PLAN),
    ),
    Gate(
        "consumed_is_zero",
        "run `reseat verify` again later",
        of(then=put("consumed_offset", 1, OLD)),
        both(put("consumed_offset", 0, OLD), VERIFY),
    ),
    Gate("no_in_doubt", "Run `reseat apply` again", in_doubt, AGAIN),
    Gate(
        "nothing_pending",
        "with `--wave` after a wave that stops",
        pilot_only,
        both(lambda w: w.apply("", "--wave", "rest"), VERIFY),
    ),
    Gate("nothing_pending", "make a new plan and apply it", pilot_only, both(lambda w: w.say(PILOT, ""), NEXT_PLAN)),
    Gate(
        "targets_ready",
        "renew its subscription",
        of(then=put("status", "Suspended")),
        both(put("status", "Enabled"), VERIFY),
    ),
    Gate(
        "nobody_bare",
        "Assign the target to each of them manually",
        of(then=give("ada")),
        both(give("ada", NEW), VERIFY),
    ),
    Gate(
        "nothing_lost_unaccepted",
        "resolve the error of the assignment",
        of(users=[person("ada", onAssign={NEW: ["ActiveWithError", "Other"]}), person("bo")]),
        both(World.repaired, VERIFY),
    ),
    Gate(
        "books_balance",
        "Run `reseat verify` again later",
        of(then=put("consumed_offset", 2)),
        both(put("consumed_offset", 0), VERIFY),
    ),
    Gate(
        "addons_declared",
        "Declare each add-on under [declare] addons",
        of(skus=ADDON_SKUS),
        both(lambda w: w.say('"mca"', '"mca"\naddons = { MCOEV = "standalone" }'), VERIFY),
    ),
    Gate(
        "addons_declared",
        "declare them as `standalone`",
        of(BOUND, skus=ADDON_SKUS),
        both(lambda w: w.say('"traditional"', '"standalone"'), VERIFY),
    ),
    Gate(
        "purchase_channel_declared",
        '"direct", "partner" or "volume", whichever is true',
        of(UNDECLARED),
        both(lambda w: w.say('"CHG-1"\n', '"CHG-1"\npurchase_channel = "volume"\n'), VERIFY),
    ),
    Gate(
        "purchase_channel_declared",
        'Set [declare] purchase_channel = "partner"',
        of(then=partner),
        both(lambda w: w.say('channel = "direct"', 'channel = "partner"'), VERIFY),
    ),
    Gate("verified_after_last_write", "Run `reseat verify` again", written_since, VERIFY),
)
GATES_NOT_FOLLOWED = {
    "not_last_data_subscription": "a product has to be bought and everybody moved to it: a project, not a step",
}


@pytest.mark.parametrize("case", GATES, ids=lambda case: f"{case.id}: {case.says[:40]}")
def test_the_remedy_of_a_gate_opens_it(case: Gate, reseat: CommandLine, tmp_path: Path) -> None:
    """It is printed while the gate is shut; followed, the gate is open, and nobody was harmed on the way."""
    made = case.make(tmp_path, reseat)
    assert made.gate(case.id) != "passed"
    assert any(unmarked(case.says) in remedy for remedy in made.printed(case.id)), made.printed(case.id)
    before = made.licensed()
    made.here.tenant.write_log.clear()

    case.follow(made)

    assert made.gate(case.id) == "passed"
    assert [] == made.harmed(before)


def test_every_gate_is_in_the_table() -> None:
    assert set(GATE_IDS) == {case.id for case in GATES} | GATES_NOT_FOLLOWED.keys()


class Reason(NamedTuple):
    """Why a user was not moved, words that the printed remedy has, and what somebody does who follows them."""

    code: str
    says: str
    make: Callable[[Path, CommandLine], World]
    follow: Act
    who: str = "ada"


WITH_ROSTER = SETTINGS + '\n[scope]\nroster = "users.csv"\n'
HOLD_GUESTS = SETTINGS + '\n[scope]\nguests = "hold"\n'
SOME = SETTINGS.replace("[declare]", 'where = { department = ["Sales"] }\n\n[declare]')
FEW = [{"skuPartNumber": OLD, "enabled": 50}, {"skuPartNumber": NEW, "enabled": 1}]
HEADER = "user_principal_name,target,disabled_plans\n"
BAD_ROW = f"{HEADER}ada@contoso.example,NO_SUCH_PRODUCT,\n"
BAD_WISH = f"{HEADER}ada@contoso.example,{NEW},MCOEV\n"
"""A service plan that only another product has."""

TO_NEW = f"{HEADER}ada@contoso.example,{NEW},\n"
IN_ERROR = {"sku": NEW, "state": "Error", "error": "CountViolation"}


def planned(settings: str = SETTINGS, **more: Any) -> Callable[[Path, CommandLine], World]:
    """Only the plan is made; its own page prints the remedy."""

    def make(folder: Path, reseat: CommandLine) -> World:
        made = world(folder, reseat, settings, **more)
        made.plan("--skip-bad-rows")
        return made

    return make


REASONS = (
    Reason(
        "roster_row_rejected",
        "Correct the roster row",
        planned(WITH_ROSTER, roster=BAD_ROW),
        both(lambda w: w.roster(TO_NEW), NEXT_PLAN),
    ),
    Reason(
        "no_rule",
        "Add one and make a new plan",
        planned(SOME),
        both(lambda w: w.say('where = { department = ["Sales"] }\n', ""), NEXT_PLAN),
    ),
    Reason(
        "guest",
        'Set it to "move" and make a new plan',
        planned(HOLD_GUESTS, users=[person("ada", kind="Guest")]),
        both(lambda w: w.say('guests = "hold"', 'guests = "move"'), NEXT_PLAN),
    ),
    Reason(
        "unknown_plan_wish",
        "Correct the row",
        planned(WITH_ROSTER, roster=BAD_WISH),
        both(lambda w: w.roster(TO_NEW), NEXT_PLAN),
    ),
    Reason(
        "target_in_error",
        "reprocess the license and make a new plan",
        planned(users=[person("ada", OLD, IN_ERROR)]),
        both(World.repaired, NEXT_PLAN),
    ),
    Reason("no_seat", "Buy seats", planned(skus=FEW), both(put("enabled", 5), NEXT_PLAN), "bo"),
    Reason(
        "no_usage_location",
        "usage location for the user",
        of(before=of_user("location", "")),
        both(of_user("location", "NL"), NEXT_PLAN),
    ),
    Reason(
        "duplicate_address",
        "Correct the address",
        of(users=[*map(person, (*PEOPLE, "cy"))], before=lambda w: shares(w, ("smtp:both@contoso.example",))),
        both(lambda w: shares(w, None), NEXT_PLAN),
    ),
    Reason(
        "restricted_management",
        "remove the user from the unit",
        of(before=of_user("restricted", True)),
        both(of_user("restricted", False), NEXT_PLAN),
    ),
    Reason(
        "restricted_management",
        "assign the target and remove the old license manually in one change",
        of(before=of_user("restricted", True)),
        both(lambda w: w.by_hand("ada"), VERIFY),
    ),
    Reason("changed_by_others", "Make a new plan", of(before=give("ada", OLD, NEW)), NEXT_PLAN),
    Reason("changed_by_others", "assign the target manually", of(before=give("ada")), both(by_hand("ada"), VERIFY)),
    Reason("move_undone", "Make a new plan", of(then=give("ada", OLD)), NEXT_PLAN),
    Reason("move_undone", "assign the target manually", of(then=give("ada")), both(by_hand("ada"), VERIFY)),
    Reason(
        "user_not_found",
        "restore the user there, make a new plan and apply it",
        of(before=lambda w: w.somebody_deletes("ada")),
        both(lambda w: w.restored("ada"), NEXT_PLAN),
    ),
    Reason(
        "not_sent",
        "Run the same apply again",
        pilot_only,
        both(lambda w: w.apply("", "--wave", "rest"), VERIFY),
        "bo",
    ),
    Reason("unproven", "Run the same apply again", in_doubt, both(AGAIN, NEXT_PLAN)),
    Reason("residual_holder", "make a new plan", of(then=newcomer), NEXT_PLAN, "eve"),
    Reason(
        "group_carries_source",
        "Add the target to the group and remove the old product from it in one change",
        lambda f, r: member(f, r, "bo"),
        both(World.on_group, VERIFY),
        "bo",
    ),
    Reason(
        "inherited",
        "Name the group under [groups] swap and make a new plan",
        lambda f, r: member(f, r, "bo"),
        both(lambda w: w.say(DECLARED, f'{DECLARED}\n[groups]\nswap = ["licensed"]\n'), NEXT_PLAN),
        "bo",
    ),
    Reason(
        "inherited",
        "assign the target directly to the user, and only when that works have the owner take the user out of the",
        lambda f, r: member(f, r, "bo"),
        both(lambda w: w.out_of_the_group("bo"), NEXT_PLAN),
        "bo",
    ),
    Reason(
        "soft_deleted_holder",
        "restore the user, make a new plan and apply it",
        of(then=lambda w: (newcomer(w), w.somebody_deletes("eve"))),
        both(lambda w: w.restored("eve"), NEXT_PLAN),
        "eve",
    ),
)


MET_OFTEN = {
    *("roster_row_rejected", "no_seat", "no_usage_location", "duplicate_address", "inherited"),
    *("changed_by_others", "not_sent", "target_in_error"),
}


@pytest.mark.parametrize(
    "case",
    few(REASONS, *(case for case in REASONS if case.code in MET_OFTEN)),
    ids=lambda case: f"{case.code}: {case.says[:40]}",
)
def test_the_remedy_of_a_reason_moves_the_user(case: Reason, reseat: CommandLine, tmp_path: Path) -> None:
    """It is printed; followed, the user is off the old product and on the new one, and nobody was harmed on the way."""
    made = case.make(tmp_path, reseat)
    assert any(unmarked(case.says) in remedy for remedy in made.printed(case.code)), made.printed(case.code)
    before = made.licensed()
    made.here.tenant.write_log.clear()

    case.follow(made)

    assert NEW in made.holds()[case.who].split()
    assert OLD not in made.holds()[case.who].split()
    assert [] == made.harmed(before)


LOOKS = "the same apply looks before it writes, in tests/commands/test_whose_change.py and tests/apply/test_engine.py"
WAITS = "the same apply goes on, in tests/apply/test_engine.py"
SWAPS = "the group is changed by others, or refused: tests/apply/test_groups.py"
NOT_FOLLOWED = {
    **dict.fromkeys(("group_drifted", "group_gone", "role_assignable"), SWAPS),
    "joined_since": "tests/commands/test_undo_of_groups.py: the group stays until the owner has taken them out",
    "shared_members": "the remedy is that of the other group: tests/commands/test_undo_of_groups.py",
    "group_stays": "the remedy is that of the group",
    "already_on_target": "nothing to do",
    "no_source": "nothing to do",
    "gone": "nothing to do: the user does not exist",
    "changed_by_run": "nothing to do where it was meant: the other run has a report of its own",
    "accepted_then_error": "the cause is settled in the admin center, which this tenant does not have",
    "source_in_error": "the cause is settled in the admin center, which this tenant does not have",
    "review": "what Graph's unknown sentence names is settled by whoever reads it",
    "unknown_status": "what Graph's unknown answer means is settled by whoever reads it",
    "wrong_body": "a fault of ours is mended by us",
    "unknown_sku": "Microsoft brings a subscription back, or the billing department",
    "company_sku": "a product changes its kind between plan and apply at Microsoft alone",
    "unknown_plan": "a product changes at Microsoft alone, and apply stops before: tests/test_guard.py",
    "target_not_assignable": "the roster's row is rejected and a rule names another target, as with trial_target",
    "cross_family": "another target is named, as with trial_target",
    "business_cap": "another target is named, as with trial_target",
    "dependency": "the row is corrected or another target is named, as with conflict",
    "not_in_location": "the row is corrected or another target is named, as with conflict",
    "refused_alike": "another refusal is settled, and the next plan moves them",
    "permission": "a permission is granted in Entra: tests/e2e/test_sign_in.py",
    "unauthorized": "a credential is repaired outside: tests/e2e/test_sign_in.py",
    "seats_taken": "somebody takes a seat between two requests of a run: tests/apply/test_engine.py",
    "location_replicating": WAITS,
    "throttled": WAITS,
    "locked": WAITS,
    "unavailable": WAITS,
    "concurrent_write": WAITS,
    "no_effect": WAITS,
    **dict.fromkeys(
        ("already_gone", "server_error", "conflicting_state", "failed_dependency", "unexpected_success"), LOOKS
    ),
    **dict.fromkeys(("missing_answer", "lost_reply", "unreadable", "not_graph"), LOOKS),
}


def test_every_reason_is_followed_or_says_why_not() -> None:
    """A new reason code comes with its row here."""
    tried = {case.code for case in REASONS} | FOLLOWED_IN_THE_DEMO

    assert set() == PRODUCED.keys() - tried - NOT_FOLLOWED.keys()
