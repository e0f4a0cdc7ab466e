"""Every sentence of the evidence has its Dutch, which keeps its figures, names and terms."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from report.messages import catalog
from worlds import job_world
from worlds.gate_facts import NOT_CHECKABLE, OPEN, SHUT
from worlds.job_world import CATALOG, E3, E4, E5, MCOEV, draw, holding, product, snapshot

from connectors.catalog.families import PHONE_SYSTEM, PlanLevel
from connectors.message import Message, by_text
from connectors.tenant import Group, GroupId, GroupLicense, LicenseGroups, LicenseProfile, UserId, UserRead
from jobs.license_reassignment.commands.shared import new_plan
from jobs.license_reassignment.decide import remarks, worth_knowing
from jobs.license_reassignment.decide.coverage import NOT_PROVIDED, ServiceLoss, needed, phone_off, voice_at_risk
from jobs.license_reassignment.decide.draft import Draft
from jobs.license_reassignment.decide.remarks import SENTENCES, sentence_of
from jobs.license_reassignment.decide.table import no_rows
from jobs.license_reassignment.gather.license_groups import license_group_findings
from jobs.license_reassignment.gather.readiness import target_problem
from jobs.license_reassignment.guard import over_limits
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.model.plan_header import (
    AddonUse,
    PlannedGroup,
    PlanRule,
    PlanTotals,
    RemarkUse,
    UnexpectedHolders,
)
from jobs.license_reassignment.model.reasons import (
    CHANGED_GROUP_REMEDIES,
    GROUP_REMEDIES,
    HOLD_REMEDIES,
    OTHER_REMEDIES,
    REFUSAL_REMEDIES,
)
from jobs.license_reassignment.model.standing import Entry
from jobs.license_reassignment.reconcile import incidents
from jobs.license_reassignment.reconcile.ending.cancellation import advice_of
from jobs.license_reassignment.reconcile.gates import all_gates
from jobs.license_reassignment.reconcile.since_last import after_cancel
from jobs.license_reassignment.reconcile.tables import not_checked
from jobs.license_reassignment.reconcile.whose_change import NO_OTHER_RUNS
from jobs.license_reassignment.report.words import ENGLISH, words_of

EN, NL = ENGLISH, words_of("nl")
DUTCH = {(e.id, "") if isinstance(e.id, str) else tuple(e.id) for e in catalog("nl")}
BLANK = re.compile(r"\{\w+\}")
PEOPLE = [f"u{n}@contoso.example" for n in range(7)]
NAME = re.compile(r"\w+@contoso\.example")
TERM = re.compile(r"`[^`]+`|\"\w+\"|\b\w+_\w+\b|\b[A-Z]{2,}[\w+]*\b")
FIGURE = re.compile(r"(?<![\w.:-])\d+(?![\w:-])")
IN_ENGLISH = re.compile(r"\b(?:the|an?|users?|holds?|and|not|seats?|or)\b")


def told(said: str) -> None:
    """Assert that it is a message all of which a catalog has, and that the Dutch keeps names, terms and figures."""
    assert isinstance(said, Message), said
    for part in said.within():
        if re.search("[A-Za-z]", BLANK.sub("", part.template)):
            assert (part.template, part.plural) in DUTCH, part
    dutch = NL(said)
    assert EN(said).replace(",", "").replace("\N{MINUS SIGN}", "-") == said.replace(",", "")
    for kept in (NAME, TERM):
        assert set(kept.findall(said)) - {"SKU"} <= set(kept.findall(dutch)), (said, dutch)
    figures = set(FIGURE.findall(re.sub(r"(?<=\d),(?=\d)", "", said)))
    assert figures <= set(FIGURE.findall(dutch.replace(".", ""))), (said, dutch)
    assert not IN_ENGLISH.search(TERM.sub("", dutch).replace("[scope]", "")), dutch


@pytest.mark.parametrize(
    "text",
    [
        *HOLD_REMEDIES.values(),
        *GROUP_REMEDIES.values(),
        *CHANGED_GROUP_REMEDIES.values(),
        *REFUSAL_REMEDIES.values(),
        *OTHER_REMEDIES.values(),
    ],
)
def test_every_remedy_of_a_reason(text: str) -> None:
    told(text)


def test_every_gate_with_nobody_one_many_and_unread() -> None:
    """Each answer with its evidence, and the remedy of each that is not passed."""
    for facts in (
        *(replace(OPEN, **change) for change in SHUT.values()),
        *(replace(OPEN, **change) for change in NOT_CHECKABLE.values()),
        *(gate_facts(PEOPLE[:n]) for n in (0, 1, 2, 7)),
        replace(OPEN, scans_agreed=False, last_write_at=""),
    ):
        for gate in all_gates(facts):
            told(gate.detail)
            if gate.remedy:
                told(gate.remedy)


def gate_facts(names: list[str]) -> Any:
    """Return facts in which everything happened to so many."""
    n = len(names)
    return replace(
        OPEN,
        residual=replace(OPEN.residual, users_direct=n, users_inherited=1000 * n),
        totals=replace(OPEN.totals, in_doubt=n, pending=n),
        groups=names,
        soft_deleted=names,
        relatives=[product(p) for p in ("ENTERPRISEWITHSCAL", "ENTERPRISEPACK")][:n],
        unlicensed=names,
        lost_unaccepted=names,
        addons=["MCOEV", "MCOMEETADV"][:n],
        declared_addons={"MCOEV": "traditional", "MCOMEETADV": "traditional"},
        targets_not_ready=list(target_problems()) if n else [],
    )


def target_problems() -> Iterable[str]:
    yield target_problem(None, E3, ())
    for seats in (0, 1, 2):
        sku = replace(product("ENTERPRISEPACK"), enabled=seats, capability_status="Suspended")
        yield target_problem(sku, E3, ())
    sku = product("ENTERPRISEPACK")
    yield target_problem(sku, E3, [SimpleNamespace(sku_id=E3, status="Deleted")])
    yield target_problem(replace(sku, plans=tuple(replace(p, provisioning_status="Error") for p in sku.plans)), E3, ())


def test_every_reason_why_a_target_is_not_ready() -> None:
    for text in target_problems():
        told(text)


def profile(*part_numbers: str) -> LicenseProfile:
    return LicenseProfile.of([holding(p) for p in part_numbers])


def person(standing: dict[str, Any], after: LicenseProfile) -> Any:
    row = SimpleNamespace(targets=(E3,))
    before = profile("ENTERPRISEWITHSCAL")
    seen = {"after": after, "has": after, "broken": False, "author": "", "row": row, "adds": frozenset[str]()}
    seen["judgement"] = SimpleNamespace(reason="move_undone")
    return SimpleNamespace(id="u", name=PEOPLE[0], before=before, standing=SimpleNamespace(**standing), **seen)


def test_every_user_without_a_license() -> None:
    """Whether a request was sent, and whether a move had been proven."""
    plan = SimpleNamespace(sources=(E4,), targets=(E3,), decisions=pd.DataFrame({"targets": [E3]}))
    for sent in (0, 1):
        for proven in (frozenset[str](), frozenset({"u"})):
            user = person({"state": "applied", "sent": sent, "at": "2026-03-02T12:00:00.000Z"}, LicenseProfile.of([]))
            (found,) = incidents._unlicensed(SimpleNamespace(plan=plan, users=[user], proven=proven))
            told(found.detail)


def test_every_change_of_a_license_by_others() -> None:
    """Lost, got and changed, each alone and together; those who drifted too."""
    part = {E4: "ENTERPRISEWITHSCAL", E3: "ENTERPRISEPACK", E5: "ENTERPRISEPREMIUM", MCOEV: "MCOEV"}
    off, on = holding("VISIOCLIENT"), replace(holding("VISIOCLIENT"), disabled_plans=("p",))
    sides = [(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1) if a + b + c]
    for lost, got, changed in sides:
        before = LicenseProfile.of([*[holding("MCOEV")] * lost, *[off] * changed])
        after = LicenseProfile.of([*[holding("ENTERPRISEPACK")] * got, *[on] * changed])
        told(incidents._difference(before, after, frozenset(), part))
    world = SimpleNamespace(sku=lambda _: SimpleNamespace(part_number="ENTERPRISEPACK"))
    moved = {E3: SimpleNamespace(foreign_users=[("u", PEOPLE[0], 1, ""), ("v", PEOPLE[1], -1, "")])}
    group = SimpleNamespace(id="g", name="Sales", decision="swap", display_name="Sales", direct_members={"u"})
    left = SimpleNamespace(id="v", swaps=[SimpleNamespace(change=SimpleNamespace(group_id="g"), inside=False)])
    for drifted, groups, users in itertools.product(({"u", "v"}, set[str]()), ((), (group,)), ((), (left,))):
        world.groups = groups
        compared = SimpleNamespace(moved=moved, before=world, after=world, groups=groups, users=users)
        for incident in incidents._foreign(compared, drifted):
            told(incident.detail)


def test_every_other_incident_is_told_in_dutch(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address, a usage location, a request beyond the plan, a service that is gone."""
    cells = [("u", PEOPLE[0], was, now) for was, now in (("", "NL"), ("NL", ""), ("NL", "BE"))]
    mails = pd.DataFrame(cells, columns=["id", "user_principal_name", "mail", "mail_after"])
    places = pd.DataFrame(cells, columns=["id", "user_principal_name", "usage_location", "usage_location_after"])
    monkeypatch.setattr(incidents, "changed_addresses", lambda *_: mails)
    monkeypatch.setattr(incidents, "changed_locations", lambda *_: places)
    plan = SimpleNamespace(decisions=pd.DataFrame({"kind": [], "via_groups": [], "id": []}), groups=no_rows())
    sent = Entry("intent", "", {"items": [{"id": "u", "add": [], "remove": []}]})
    gone = ServiceLoss("exchange", PlanLevel("exchange", 2, "Plan 2"), NOT_PROVIDED).sentence
    for text in (
        *(i.detail for i in incidents._addresses(None, None)),
        *(i.detail for i in incidents._locations(None, None, SimpleNamespace(located={}, others=NO_OTHER_RUNS))),
        *(i.detail for i in incidents._beyond_plan(plan, [sent])),
        gone,
    ):
        told(text)


@pytest.mark.parametrize(
    ("asks", "undo"), [(True, False), (False, True), (False, False)], ids=["swap", "undo", "addons"]
)
def test_every_advice_is_told_in_dutch(asks: bool, undo: bool) -> None:
    """GO or not, cancelled or not; nobody, one, several."""
    plan = SimpleNamespace(asks_gates=asks, undo=undo)
    for verdict, cancelled, n in itertools.product(("GO", "NO-GO"), (False, True), (0, 1, 2, 1000)):
        residual, totals = replace(OPEN.residual, users_direct=n), replace(OPEN.totals, in_scope=n, moved=n)
        told(advice_of(plan, verdict, totals, residual, cancelled=cancelled)[1])


def test_every_answer_after_the_cancellation() -> None:
    """Over or not, with a date or without; nobody, one and many who lost."""
    for status, date, lost in (("Enabled", "2026-04-01", 1), ("Enabled", "", 7), ("Deleted", "", 0)):
        one = SimpleNamespace(sku_id=E4, part_number="E4", id="s-1", status=status, next_lifecycle=date)
        users = [
            SimpleNamespace(
                id=n, name=n, standing=SimpleNamespace(state="applied"), judgement=SimpleNamespace(outcome="drifted")
            )
            for n in PEOPLE[:lost]
        ]
        after = SimpleNamespace(subscriptions=[one] if lost else [])
        for check in after_cancel(after, [E4], [], users, None):
            told(check.detail)
            if check.remedy:
                told(check.remedy)


def test_everything_that_was_not_checked() -> None:
    for status in ("not_permitted", "not_asked", "exported"):
        for missing, writes in ((0, 1), (1, 1), (1, 2), (3, 1000)):
            witness = SimpleNamespace(status=status, missing=["x"] * missing, writes=writes)
            for text in not_checked({}, SimpleNamespace(unread=("deleted_users", "groups")), witness):
                told(text)


def test_everything_that_is_worth_knowing() -> None:
    """Each remark for one user and for many; add-ons, groups and holders that nobody expected."""
    exchange = PlanLevel("exchange", 2, "Plan 2")
    about = {
        "lowered": [ServiceLoss("exchange", exchange, now).sentence for now in (PlanLevel("", 1, "1"), NOT_PROVIDED)],
        "may_need": [needed(need.wanted) for need in CATALOG.families.needs],
    }
    coded = [remark for code, pairs in about.items() for remark in (remarks.about(code, pair) for pair in pairs)]
    uses = [RemarkUse(code, n, sentence_of(code), ()) for code in (*SENTENCES, *coded) for n in (1, 3)]
    drawn = draw(snapshot(job_world.person("ada", "ENTERPRISEWITHSCAL"))).plan
    header = replace(
        drawn.header,
        remarks=tuple(uses),
        company_wide=("RIGHTSMANAGEMENT",),
        plan_rules=(PlanRule("g", "Dynamic", ("TO_DO",), ("YAMMER",), ("TEAMS",)), PlanRule("h", "Other")),
        addons=(AddonUse("", "MCOEV", 1, 0, 0),),
        frozen={"addons": {"included_in_target": "remove"}},
        unexpected_holders=[UnexpectedHolders("", "ENTERPRISEPACK", n, tuple(PEOPLE[:n])) for n in (1, 3)],
    )
    decisions = pd.DataFrame({"name": ["ada"], "remarks": ["; ".join((*SENTENCES, *coded))]})
    for text in worth_knowing.worth_knowing(Plan(header, decisions, pd.DataFrame(), by_text(coded))).lines:
        told(text)


def test_every_warning_of_a_plan() -> None:
    drawn = draw(snapshot(job_world.person("ada", "ENTERPRISEWITHSCAL")))
    header = replace(
        drawn.plan.header,
        seats=[replace(drawn.plan.header.seats[0], part_number="SPE_E3", short=n) for n in (0, 1, 40)],
        totals=PlanTotals(in_scope=1600, changes=1200, already_on_target=0, held=400),
        source_holders=None,
    )
    unstable = replace(drawn.snapshot, stable=False)
    swap = PlannedGroup("g", "LIC", "hold", "group_processing", (), "", 20, 0)
    allotted = [replace(header, allotments=("LIC", "OTHER")[:n], groups=(swap,)) for n in (1, 2)]
    limits = SimpleNamespace(users_changed_max=1000, users_changed_percent_max=50.5)
    pace = SimpleNamespace(pace=SimpleNamespace(writes_per_150_s=3000, quota_share=1.0))
    plan = Plan(header, pd.DataFrame({"kind": ["hold"]}), pd.DataFrame())
    for text in (
        *new_plan.warnings_of(Draft(header, plan.decisions, unstable)),
        *(w for h in allotted for w in new_plan.warnings_of(Draft(h, plan.decisions, unstable))),
        *new_plan._duration(plan, pace),
        *over_limits(plan, limits),
    ):
        told(text)


def test_every_finding_about_groups() -> None:
    """Read or not, with and without a rule that follows service plans, of one group and of many."""
    nobody, one = UserRead(UserId("u"), True, job_world.NOON), Group(GroupId("g"), "LIC", (GroupLicense(E4, ()),))
    follows = replace(one, membership_rule="user.assignedPlans -any (true)")
    looks = (
        None,
        LicenseGroups((one,), {one.id: (nobody,)}, frozenset(), ()),
        LicenseGroups((one,), {one.id: (nobody, nobody)}, frozenset(), (follows,)),
        LicenseGroups((one,), {one.id: (nobody,)}, frozenset({one.id}), ()),
        LicenseGroups((one,)),
        LicenseGroups((one, replace(one, id=GroupId("h")))),
    )
    for look in looks:
        for found in license_group_findings(look, (), [], []):
            told(found.text)
            told(found.remedy) if found.remedy else None


def test_every_reason_why_somebody_would_stop_telephoning() -> None:
    """Each evidence with each cause, and what a service needs or excludes."""
    phone = next(n.plan for n in CATALOG.families.needs if phone_off([n.plan], [], CATALOG.families))
    offs = ("", phone_off([phone], [], CATALOG.families), phone_off([phone], [phone], CATALOG.families))
    nothing = SimpleNamespace(services={})
    for off in offs:
        for calling, declared in ((("MCOPSTN1",), None), ((), True)):
            before = SimpleNamespace(calling_plans=calling, possible_services={})
            told(voice_at_risk(before, nothing, declared, phone_off=off))
        phone_system = SimpleNamespace(calling_plans=(), possible_services={PHONE_SYSTEM: None})
        told(voice_at_risk(phone_system, nothing, None, phone_off=off))
    for need in CATALOG.families.needs:
        told(needed(need.wanted))


def test_what_nobody_translated_stays_as_it_is() -> None:
    """A name, a text of Microsoft's or nothing at all is no mistake."""
    for text in ("", "Licensing NL (0f0f)", "License assignment cannot be done.", "{n} users", "a; b"):
        assert NL(text) == text


def test_a_sentence_begins_with_a_capital_and_a_name_is_left_alone() -> None:
    assert EN.sentence("no group assigns the old product") == "No group assigns the old product"
    assert NL.sentence("no group assigns the old product") == "Geen groep wijst het oude product toe"
    assert NL.sentence(Message("declared: {channel}", channel="direct")) == "Opgegeven: direct"
    assert NL.sentence(Message("email address {was} → {now}", was=Message("none"), now="a@b")).startswith(
        "E-mailadres geen → "
    )
    for name in ("a1b2-c3: not in", "vries@contoso.example x", "iPhone users", "", "x"):
        assert EN.sentence(name) == name
