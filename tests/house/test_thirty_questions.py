"""docs/audit.md answers every question from a generated run: each command works there, and each answer is the truth."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
import pytest
from worlds.evidence_world import Night
from worlds.machine import ROOT, needs
from worlds.powershell import Shell

from connectors.sandbox.tenant.file import load
from connectors.sandbox.tenant.model import User, WriteRecord
from connectors.sandbox.tenant.state import SOMEBODY_ELSE, TenantState
from jobs.license_reassignment.report.codes import FAMILIES as WORDS

PAGE = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Question:
    """One question of the page: its number, what it says and its commands."""

    number: int
    text: str
    commands: str
    powershell: str


def questions() -> dict[int, Question]:
    """Return the questions by number."""
    parts = re.split(r"^### (\d+)\. ", PAGE, flags=re.MULTILINE)[1:]
    found = (
        Question(int(n), body, *("".join(re.findall(rf"^```{one}\n(.*?)^```", body, re.M | re.S)) for one in SHELLS))
        for n, body in zip(parts[::2], parts[1::2], strict=True)
    )
    return {q.number: q for q in found}


SHELLS = ("sh", "powershell")
QUESTIONS = questions()
[READ_ONCE] = re.findall(r"^```powershell\n(.*?)^```", PAGE.partition("\n## ")[0], re.M | re.S)
"""What PowerShell is given once, before the first question."""
FAMILIES = ("gate", "outcome", "due", "basis", "incident", "status", "reason")
# What the files use as values: gates, kinds, outcomes, dates and states; and one column that only a roster has.
_VALUES = {code for f in FAMILIES for code in WORDS[f]} | {"intent", "legal_hold"}


SAMPLE = files("sample_data")
FILE: dict[str, Any] = orjson.loads(SAMPLE.joinpath("tenant.json").read_bytes())
DEMO = tomllib.loads(SAMPLE.joinpath("demo.toml").read_text(encoding="utf-8"))
ROSTER = list(csv.DictReader(io.StringIO(SAMPLE.joinpath("users.csv").read_text(encoding="utf-8"), newline="")))
PRODUCTS = {one["skuPartNumber"]: one for one in FILE["skus"]}
SOURCE = "ENTERPRISEWITHSCAL"
TARGETS = ("ENTERPRISEPREMIUM", "SPE_E3", "ENTERPRISEPACK", "MCOEV", "EXCHANGESTANDARD")
"""What the settings and the roster send people to."""


def held(person: Mapping[str, Any]) -> set[str]:
    """Return the part numbers of what somebody of the tenant file holds; an assignment in error holds nothing."""
    licenses = ({"sku": one} if isinstance(one, str) else one for one in person.get("licenses", ()))
    return {one["sku"] for one in licenses if one.get("state") != "Error"}


def by_group(person: Mapping[str, Any]) -> bool:
    """Whether somebody of the tenant file has the source from a group."""
    return any(
        not isinstance(one, str) and one["sku"] == SOURCE and "group" in one for one in person.get("licenses", ())
    )


DELETED = [one for one in FILE["users"] if "deleted" in one]
LIVING = {one["upn"]: one for one in FILE["users"] if "deleted" not in one}
HOLDERS = [one for one in LIVING.values() if SOURCE in held(one)]
NAMED = [one for one in FILE["groups"] if one["name"] in DEMO["groups"]["swap"]]
[SWAPPED] = [one for one in NAMED if one["name"] == "LIC-Office365-E4-Commercial"]
"""The group that can be changed: the members of the other one are to get different products."""

IN_ERROR = {upn for one in NAMED for upn in one["members"] if SOURCE not in held(LIVING[upn])}
"""Members of a named group whom Entra could not give the source: they are read with their group, and hold nothing."""

KEPT_BY_GROUP = [u for u, one in LIVING.items() if by_group(one) and u not in SWAPPED["members"]]
IN_SCOPE = {one["upn"] for one in HOLDERS} | {row["user_principal_name"] for row in ROSTER} | IN_ERROR
SUBSCRIPTIONS = [one for one in FILE["subscriptions"] if one["sku"] == SOURCE]


@dataclass(frozen=True)
class Evening:
    """The sample tenant after its run: its own state and log, and the folder that answers are taken from."""

    night: Night
    exit_code: int

    @property
    def tenant(self) -> TenantState:
        """The tenant as it is now."""
        return self.night.tenant

    @property
    def ours(self) -> list[WriteRecord]:
        """What the tenant itself has logged of our license changes."""
        return [one for one in self.tenant.write_log if one.kind == "user" and one.actor != SOMEBODY_ELSE]

    @property
    def our_groups(self) -> list[WriteRecord]:
        """What the tenant itself has logged of our changes of groups."""
        return [one for one in self.tenant.write_log if one.kind == "group" and one.status == 202]

    def name(self, user_id: str) -> str:
        """A user's principal name, as the tenant has it."""
        found = self.tenant.user(user_id)
        assert found is not None
        return found.upn

    def part(self, sku_id: str) -> str:
        """A product's part number."""
        return self.tenant.skus[sku_id].part_number

    def now(self, part_number: str) -> list[User]:
        """The living users who hold a product now."""
        key = self.tenant.sku_named(part_number).id
        return [user for user in self.tenant.living() if key in user.profile.held]

    @property
    def added(self) -> Counter[str]:
        """How many users were given each product."""
        found = Counter(self.part(sku) for one in self.ours if one.status == 200 for sku, _ in one.add)
        for one in self.our_groups:
            [group] = [g for g in FILE["groups"] if g["id"] == one.target]
            found.update({self.part(sku): len(group["members"]) for sku, _ in one.add})
        return found


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    """The sample tenant of the package, planned with its roster, moved and verified."""
    folder = tmp_path_factory.mktemp("sample")
    (folder / "users.csv").write_bytes(SAMPLE.joinpath("users.csv").read_bytes())
    night = Night(folder, **DEMO)
    night.tenant = load(SAMPLE.joinpath("tenant.json").read_bytes())
    night.moved().clock.seconds += 60
    return Evening(night, night.verify().exit_code)


def answers_of_shell(evening: Evening, number: int) -> list[str]:
    """Run the commands of one question inside the folder; each must work."""
    for command in ("jq", "sha256sum"):
        needs(command, {"sha256sum": "coreutils"}.get(command, command))
    return [called(evening, ["bash", "-o", "pipefail", "-c", line]) for line in QUESTIONS[number].commands.splitlines()]


def called(evening: Evening, words: Sequence[str]) -> str:
    """Run a program inside the folder and return what it says."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    folder = evening.night.run.path
    done = subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    expected = evening.exit_code if words[-1] == "reseat audit ." or words[:2] == ["reseat", "audit"] else 0
    assert expected == done.returncode, f"{words}: {done.stderr}"
    return done.stdout


def answer(evening: Evening, number: int) -> str:
    """Return everything that the commands of one question say in a shell."""
    return "".join(answers_of_shell(evening, number))


PWSH = shutil.which("pwsh")
AS_JSON = "ConvertTo-Json -Depth 9 -Compress -InputObject @(. {{ {} }})"


def answers_of_powershell(evening: Evening, number: int) -> list[Any]:
    """Return what the same question says in PowerShell: in a real one, or else in the words of it that are known."""
    lines = [*READ_ONCE.splitlines(), *QUESTIONS[number].powershell.splitlines()]
    if PWSH:
        script = "\n".join(("$ErrorActionPreference = 'Stop'", *map(AS_JSON.format, lines)))
        said = called(evening, [PWSH, "-NoProfile", "-NonInteractive", "-Command", script])
        return [value for line in said.splitlines() for value in orjson.loads(line)]
    shell = Shell(evening.night.run.path, lambda words: called(evening, words))
    return [value for line in lines for value in shell.typed(line)]


def parts(value: object) -> Iterator[str]:
    """Yield the single words of an answer, without keys: what both shells must say, in whatever form."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from parts(one)
    elif isinstance(value, bool):
        yield str(value).casefold()
    elif isinstance(value, int | float):
        yield f"{float(value):g}"
    elif isinstance(value, str):
        for word in re.split(r"[\s,]+", re.sub(r"^\d+:", "", value)):
            moment = re.fullmatch(r"(\d{4}-\d\d-\d\dT[\d:]+)(\.\d*?)?0*Z", word)
            number = re.fullmatch(r"\d+(\.\d+)?", word)
            if word:
                yield moment[1] + (moment[2] or "") if moment else f"{float(word):g}" if number else word.casefold()


def spoken(text: str) -> Iterator[str]:
    """Yield the words of what a program says: one document, one a line, or text."""
    try:
        yield from parts(orjson.loads(text))
    except orjson.JSONDecodeError:
        for line in text.splitlines():
            try:
                yield from parts(orjson.loads(line))
            except orjson.JSONDecodeError:
                yield from parts(line)


Truth = Callable[[Evening], list[str]]


def subscriptions(_: Evening) -> list[str]:
    """Every subscription of the tenant file, none of which changes in a night, and what a person declared."""
    rows = (
        f"{s['id']}\t{s['sku']}\t{PRODUCTS[s['sku']].get('capabilityStatus', 'Enabled')}\t{s['totalLicenses']}"
        for s in FILE["subscriptions"]
    )
    return [*rows, "\t".join(("purchase_channel", DEMO["declare"]["purchase_channel"], DEMO["declare"]["by"]))]


def seats(e: Evening) -> list[str]:
    """Seats that were free by the tenant file, as many as were given out, and when the tenant saw the first write."""
    free = {p: PRODUCTS[p]["enabled"] - sum(p in held(one) for one in LIVING.values()) for p in TARGETS}
    first = datetime.fromtimestamp(e.ours[0].at, UTC)
    assert set(e.added) == set(TARGETS)
    return [
        *(f"{p}\tEnabled\t{PRODUCTS[p]['enabled']}\t" for p in TARGETS),
        *(f"{p}\t{free[p]}\t{e.added[p]}" for p in TARGETS),
        f"\n{first:%Y-%m-%dT%H:%M:}",
    ]


def before(_: Evening) -> list[str]:
    """Who was in scope, and how many held each product, counted in the tenant file."""
    counts = {p: sum(p in held(one) for one in LIVING.values()) for p in (SOURCE, *TARGETS)}
    named = (
        f'"sku_part_number": "{p}",\n      "holders_before": {n},\n      "consumed_before": {n}'
        for p, n in counts.items()
    )
    return [f'"in_scope": {len(IN_SCOPE)}', *named]


def first_user(e: Evening) -> list[str]:
    """The first row: before by the tenant file, asked for by the tenant's log, after by the tenant."""
    user_id = e.night.run.read("users.csv").decode().splitlines()[1].partition(",")[0]
    upn = e.name(user_id)
    [written] = [one for one in e.ours if one.target == user_id]
    assert written.after is not None
    columns = (held(LIVING[upn]), {e.part(sku) for sku, _ in written.add}, set(map(e.part, written.after.held)))
    return [f"{user_id},{upn},moved,,", ",".join("+".join(sorted(one)) for one in columns), f"{upn} ({user_id})"]


def sums(_: Evening) -> list[str]:
    """Everybody in scope has one outcome; reasons that stand in the tenant file are counted there."""
    counts = {
        "disabled_account": sum(not one.get("enabled", True) for one in HOLDERS),
        "duplicate_address": sum("proxies" in one for one in HOLDERS),
        "inherited": len(KEPT_BY_GROUP),
        "no_usage_location": sum("location" not in one for one in HOLDERS),
        "protected": len(DEMO["scope"]["protected"]),
        "restricted_management": sum("restricted" in one for one in HOLDERS),
    }
    held_for = (f'"{reason}": {number}' for reason, number in counts.items())
    return [f'"in_scope": {len(IN_SCOPE)}', f'"sum": {len(IN_SCOPE)}', *held_for]


def left(e: Evening) -> list[str]:
    """Who holds the old product now, directly or by a group, which groups carry it, and whom a restore would bring."""
    key = e.tenant.sku_named(SOURCE).id
    there = e.now(SOURCE)
    direct = {user.id for user in there if any(a.sku == key and not a.group for a in user.profile.assignments)}
    groups = [group.name for group in e.tenant.groups.values() if key in group.licenses]
    return [
        *(f"\t{user.upn}\t{SOURCE}" for user in there),
        *(f"group\t{name}\t" for name in groups),
        *(f"soft_deleted\t{one['upn']}\t" for one in DELETED),
        f'"users_direct": {len(direct)}',
        f'"users_inherited": {len(there) - len(direct) + len(IN_ERROR)}',
        f'"groups": {len(groups)}',
        f'"soft_deleted": {len(DELETED)}',
    ]


def bare(e: Evening) -> list[str]:
    """Nobody in scope was left with neither product by the tenant's log, and whose request removed alone."""
    whole = {e.tenant.sku_named(part).id for part in (SOURCE, *TARGETS)}
    assert [] == [one.target for one in e.ours if one.after is not None and not one.after.held & whole]
    alone = [e.name(one.target) for one in e.ours if not one.add]
    has_it = [upn for upn, one in LIVING.items() if {SOURCE, "ENTERPRISEPREMIUM"} <= held(one)]
    both_ways = [u for u in SWAPPED["members"] if SOURCE in LIVING[u]["licenses"]]
    assert sorted(alone) == sorted([*has_it, *both_ways])
    rows = [f"{upn},ENTERPRISEPREMIUM+{SOURCE},ENTERPRISEPREMIUM" for upn in has_it]
    [(given, _)] = [sku for one in e.our_groups for sku in one.add]
    return ["passed\t", *rows, *(f"{upn},{SOURCE},{e.part(given)}" for upn in both_ways)]


def others_untouched(e: Evening) -> list[str]:
    """By the tenant's log each request took the old product, gave what it names, and left every other license."""
    for one in e.ours:
        assert one.before is not None
        assert one.after is not None
        assert one.after.held == one.before.held - set(one.remove) | {sku for sku, _ in one.add}
    removed = Counter(sku for one in (*e.ours, *e.our_groups) for sku in one.remove)
    return ["[]", *(f"{number} {sku}" for sku, number in removed.items())]


def services(_: Evening) -> list[str]:
    """Each service of the old product; those that a target has under the same name stay what they are."""
    old, new = (PRODUCTS[part]["plans"].split() for part in (SOURCE, "ENTERPRISEPREMIUM"))
    same = [f"same\t{name}\t{name}" for name in old if name in new]
    assert len(same) > 10
    return [*same, *(f"\t{name}\t" for name in old), "level_up\tFORMS_PLAN_E3\tFORMS_PLAN_E5", "plans_kept_off"]


def accepted(_: Evening) -> list[str]:
    """The roster's acknowledged rows that no legal hold keeps, with what their target has not."""
    rows = [r for r in ROSTER if r["backup_acknowledged_by"] and not r["legal_hold"]]
    plans = {name for r in rows for name in PRODUCTS[r["target"]]["plans"].split()}
    assert "EXCHANGE_S_STANDARD" in plans
    assert [] == [name for name in plans if name.startswith(("SHAREPOINT", "TEAMS", "YAMMER"))]
    lost = "Exchange: Plan 2 to Plan 1; SharePoint/OneDrive: Plan 2 to none; Teams: Full to none"
    kept = '"kept":["roster/01-users.csv"]'
    return [*(f"{r['user_principal_name']}\t{lost}" for r in rows), *(r["backup_acknowledged_by"] for r in rows), kept]


def kept_by_law(_: Evening) -> list[str]:
    """The roster's rows on legal hold whose target is a mailbox alone."""
    rows = [r for r in ROSTER if r["legal_hold"] == "yes" and r["target"] == "EXCHANGESTANDARD"]
    return [f'"held_for_legal_hold": {len(rows)}', *(r["user_principal_name"] for r in rows), '"file": "users.csv"']


def addresses(e: Evening) -> list[str]:
    """Whose address the tenant file lets Exchange change with a license, and what the tenant has for it now."""
    [person] = [one for one in LIVING.values() if "mailOnAssign" in one]
    user = e.tenant.user(person["upn"])
    assert user is not None
    return [f"{user.upn}\temail address {user.upn} → {user.mail};"]


def answers(e: Evening) -> list[str]:
    """How often the tenant took a change of ours and how often it refused one, and what is left to do."""
    taken = Counter((one.status, "applied" if one.status == 200 else "refused") for one in e.ours)
    open_ = [f"{len(DELETED)} residual,soft_deleted_holder", f"{len(KEPT_BY_GROUP)} held,inherited"]
    return [*(f"{n} {verdict}\t{status}" for (status, verdict), n in taken.items()), *open_]


def groups(e: Evening) -> list[str]:
    """The groups that carried the old product, before and now, and the one change of one by the tenant's log."""
    found = [one for one in FILE["groups"] if SOURCE in one.get("licenses", ())]
    [change] = e.our_groups
    assert change.target == SWAPPED["id"]
    old, [new] = e.tenant.sku_named(SOURCE).id, [sku for sku, _ in change.add]
    state = '"processing_state":"ProcessingComplete"'
    then = (
        f'{{"display_name":"{g["name"]}","licenses":["{old}"],{state},"members":{len(g["members"])}}}' for g in found
    )
    now = (f'{{"display_name":"{g["name"]}","licenses":["{new if g is SWAPPED else old}"],{state}}}' for g in found)
    request = f'{{"id":"{change.target}","remove":["{old}"],"add":["{new}"]}}\n{len(SWAPPED["members"])}\n'
    return [*then, *now, request, f"{len(NAMED)} group", f"{len(IN_SCOPE)} user"]


def nobody_else(e: Evening) -> list[str]:
    """By the tenant's log nobody but us wrote, so each ledger row has nothing foreign and nothing unexplained."""
    assert [] == [one for one in e.tenant.write_log if one.actor == SOMEBODY_ELSE]
    return [f"{part}\t0\t0" for part in (SOURCE, *TARGETS)]


def addons(e: Evening) -> list[str]:
    """Each add-on of somebody who was moved is counted; those beside the old product are declared to stand alone."""
    moved = {e.name(one.target) for one in e.ours}
    beside = {part for upn in moved for part in held(LIVING[upn])} & {"ATP_ENTERPRISE", "EMS", "MCOMEETADV", "MCOEV"}
    assert beside
    assert set(DEMO["declare"]["addons"].values()) == {"standalone"}
    return ["passed\t", *(f'"sku_part_number":"{part}"' for part in beside)]


def data_and_domains(e: Evening) -> list[str]:
    """The other products with mail or files whose seats can be used, and how many users sign in with which domain."""
    data = re.compile(r"EXCHANGE_S_(?!FOUNDATION|ARCHIVE)|SHAREPOINT(ENTERPRISE|STANDARD|DESKLESS)\b")
    states = {"Enabled", "Warning"}
    found = (part for part, one in PRODUCTS.items() if one.get("capabilityStatus", "Enabled") in states)
    usable = sorted(part for part in found if part != SOURCE and data.search(PRODUCTS[part]["plans"]))
    people = IN_SCOPE | {user.upn for part in (SOURCE, *TARGETS) for user in e.now(part)}
    at = Counter(upn.rpartition("@")[2] for upn in people)
    named = f"included in {', '.join(usable[:5])} and {len(usable) - 5} more"
    assert set(at) == set(FILE["organization"]["domains"])
    return [f"passed\tmailboxes or files are also {named}", *(f"{domain}\t{number}" for domain, number in at.items())]


def may_it_go(e: Evening) -> list[str]:
    """NO-GO while the tenant has holders, groups or deleted users of it; seats can go down to those who are left."""
    in_use, kinds = len(e.now(SOURCE)), left(e)
    there = in_use + len(IN_ERROR)
    shut = ("no_direct_holders", "no_inherited_holders", "no_group_carries_source", "no_soft_deleted_holders")
    assert [] == [one for one in kinds if one.endswith(": 0")]
    return [
        "NO-GO\n",
        f"reduce seats to {there}\n{there} users still have the old product",
        *(f"{one['id']}\t{SOURCE}\tEnabled\treduce" for one in SUBSCRIPTIONS),
        *(f"failed\t{gate}\t" for gate in shut),
        f"failed\tconsumed_is_zero\t{SOURCE}: {in_use} in use (consumedUnits)",
        *(f"passed\t{gate}\t" for gate in ("no_in_doubt", "nothing_pending", "nobody_bare", "books_balance")),
    ]


def later(subscription: Mapping[str, Any], days: int) -> str:
    """The day so many days after the end of a term in the tenant file."""
    return str(datetime.fromisoformat(subscription["nextLifecycleDateTime"]).date() + timedelta(days))


def ending(_: Evening) -> list[str]:
    """Not renewed, as a part of the people stays: the term's end from the tenant file, and 90 days under the MCA."""
    usual = {
        "next_state\tgraph": 0,
        "disabled\tgraph": 0,
        "last_reactivation\ttypical": 90,
        "data_gone\ttypical": 90,
    }
    dates = (f"{later(one, days)}\t{what}\t{days}" for one in SUBSCRIPTIONS for what, days in usual.items())
    return [*(f"{one['id']}\t{one['totalLicenses']}\tend_of_term" for one in SUBSCRIPTIONS), *dates]


def both_paid(e: Evening) -> list[str]:
    """All were bought years before the move, so both are paid for since the plan of today, for who has come over."""
    today = e.night.clock.now().date()
    had = {one["upn"] for one in HOLDERS}
    rows = []
    for one in FILE["subscriptions"]:
        if (part := one["sku"]) in TARGETS:
            created = datetime.fromisoformat(e.tenant.subscriptions[one["id"]].created).date()
            assert today - created > timedelta(days=365)
            came = sum(user.upn in had for user in e.now(part))
            rows += [f"{part}\t{today}\t0\t{came}\t0"]
            rows += [f"{part}\t{PRODUCTS[part]['enabled'] - len(e.now(part))}\t{created + timedelta(7)}\tfalse"]
    return rows


def sealed(e: Evening) -> list[str]:
    """The digest of the manifest, and that of the journal's last line, reckoned here."""
    last = e.night.run.read("journal.jsonl").splitlines()[-1]
    manifest = hashlib.sha256(e.night.run.read("manifest.json")).hexdigest()
    return [
        "unaltered\n",
        "NO-GO: the evidence is intact",
        hashlib.sha256(last).hexdigest(),
        f"{manifest}  manifest.json",
    ]


def steps(who: str) -> list[str]:
    """One name for each step."""
    return [f'"{step}": "{who}"' for step in ("plan", "apply", "verify")]


def apps(e: Evening) -> list[str]:
    """The app that the tenant has logged with our changes did all three."""
    [app] = {one.actor for one in e.ours}
    return [f'"{key}": "{app}"' for key in ("planned_by", "applied_by", "verified_by")]


def roster(_: Evening) -> list[str]:
    """How many rows the list of the package has, and its digest."""
    digest = hashlib.sha256(SAMPLE.joinpath("users.csv").read_bytes()).hexdigest()
    return [f'"roster_rows": {len(ROSTER)}', f"{digest}  roster/01-users.csv", "file,line,row"]


NOT_IN_GRAPH = (
    "mailboxes, sites",
    "prices, credits",
    "really made calls",
    "Entra Connect, HR",
    "shared mailboxes, rooms",
)
TRUTHS: dict[int, Truth] = {
    1: lambda e: [f'"tenant_id": "{FILE["organization"]["id"]}"', *steps("a.jansen"), *steps("ops-07"), *apps(e)],
    2: subscriptions,
    3: seats,
    4: lambda e: [f"{part}\t{PRODUCTS[part]['enabled']}\t{len(e.now(part))}" for part in (SOURCE, *TARGETS)],
    5: before,
    6: first_user,
    7: sums,
    8: left,
    9: bare,
    10: others_untouched,
    11: services,
    12: lambda _: ['"new_in_target": "enable"', "plans_new_on"],
    13: accepted,
    14: kept_by_law,
    15: addresses,
    16: answers,
    17: lambda e: [f'"writes": {len(e.ours) + len(e.our_groups)}', '"throttled": 0'],
    18: groups,
    19: nobody_else,
    20: addons,
    21: data_and_domains,
    22: may_it_go,
    23: ending,
    24: both_paid,
    25: lambda _: [
        f"{SOURCE}\t{PRODUCTS[SOURCE]['enabled']}",
        *(f"{one['id']}\t{later(one, 90)}\ttypical" for one in SUBSCRIPTIONS),
    ],
    26: sealed,
    27: lambda e: ['"two_apps": false', f'"matched": {len(e.ours)}', *apps(e), *steps("a.jansen")],
    28: lambda _: list(NOT_IN_GRAPH),
    29: lambda _: ["user_principal_name", "false"],
    30: roster,
}
"""What is so by the tenant file, the settings, the roster and the tenant itself; never by what the run found."""


def test_every_question_stands_once_and_has_a_truth() -> None:
    assert list(range(1, 31)) == list(QUESTIONS) == sorted(TRUTHS)
    assert all(q.commands and q.text.splitlines()[0].endswith("?") for q in QUESTIONS.values())


@pytest.mark.parametrize("number", range(1, 31))
def test_the_commands_give_the_answer(evening: Evening, number: int) -> None:
    """What the folder says is what is so in the tenant."""
    said = answer(evening, number)
    expected = TRUTHS[number](evening)

    assert expected
    assert [] == [truth for truth in expected if truth not in said], said


@pytest.mark.thorough
@pytest.mark.parametrize("number", range(1, 31))
def test_powershell_gives_the_same_answer(evening: Evening, number: int) -> None:
    """Word for word what the shell says, each as often, whatever the form."""
    shell = Counter(word for text in answers_of_shell(evening, number) for word in spoken(text))
    powershell = Counter(word for value in answers_of_powershell(evening, number) for word in parts(value))

    assert (shell - powershell, powershell - shell) == (Counter(), Counter())


@pytest.mark.parametrize("number", range(1, 31))
def test_every_file_key_and_column_that_is_named_is_there(evening: Evening, number: int) -> None:
    """A file of the folder, a path of its JSON, or a column of its table."""
    run = evening.night.run
    prose = QUESTIONS[number].text.partition("```")[0]
    named = re.findall(r"`([\w.-]+\.(?:json|jsonl|csv|html|xlsx|md|xml|sha256))`", prose)
    columns = {
        row
        for name in ("users.csv", "decisions.csv", "snapshot.csv", "actions.csv")
        for row in run.read(name).decode("utf-8-sig").partition("\r\n")[0].split(",")
    }
    keys = {
        key
        for name in ("reconciliation.json", "plan.json", "after-tenant.json")
        for key in _keys(orjson.loads(run.read(name)))
    }
    journal = {key for line in run.read("journal.jsonl").splitlines() for key in _keys(orjson.loads(line))}
    said = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)*)`", prose)) - set(named)

    assert [] == [name for name in named if not run.has(name)]
    assert set() == said - columns - keys - journal - _VALUES - {"reseat", "audit", "manifest.sig", "desktop.ini"}


def _keys(value: object, path: str = "") -> set[str]:
    """Every path of a document, whole and by its last part."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, one in value.items():
            whole = f"{path}.{key}" if path else key
            found |= {key, whole} | _keys(one, whole)
    elif isinstance(value, list):
        for one in value:
            found |= _keys(one, path)
    return found
