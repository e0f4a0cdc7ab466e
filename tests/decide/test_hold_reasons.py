"""Every reason for which a user is held, each produced by the smallest tenant that has it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from worlds.job_world import (
    E3,
    TO_E3,
    Person,
    draw,
    group,
    holding,
    person,
    product,
    snapshot,
    subscription,
)

from connectors.tenant import TenantSnapshot
from jobs.license_reassignment.model.plan_header import PlanTotals
from jobs.license_reassignment.model.reasons import HOLD_REMEDIES, OTHER_REMEDIES, REFUSAL_REMEDIES, remedy
from jobs.license_reassignment.report.page.html import render_plan_html
from jobs.license_reassignment.report.page.plan_view import plan_view

GROUP = "aaaaaaaa-0000-4000-8000-000000000001"
TO_E5 = TO_E3.replace("ENTERPRISEPACK", "ENTERPRISEPREMIUM")

Situation = tuple[Person, TenantSnapshot, str, str]


def _is(one: Person, toml: str = TO_E3, roster: str = "", **world: object) -> Situation:
    return one, snapshot(one, **world), toml, roster  # type: ignore[arg-type]


def _to(part_number: str) -> str:
    return TO_E3.replace("ENTERPRISEPACK", part_number)


def _named(line: str, header: str = "UPN,target") -> str:
    return f"{header}\n{line}\n"


E4_USER = person("ada", "ENTERPRISEWITHSCAL")
BUSINESS = [product("ENTERPRISEWITHSCAL"), product("SPB")]


def _full_business() -> Situation:
    crowd = [person(f"b{n}", "SPB") for n in range(300)]
    skus = [product("ENTERPRISEWITHSCAL"), product("SPB", enabled=400)]
    toml = _to("SPB") + '[plans]\nlost_services = "accept"\n'
    return E4_USER, snapshot(E4_USER, *crowd, skus=skus), toml, ""


def _sharing(first: str, second: str) -> Situation:
    one = person("ada", "ENTERPRISEWITHSCAL", proxy_addresses=first)
    return one, snapshot(one, person("bo", "ENTERPRISEPACK", proxy_addresses=second)), TO_E3, ""


def _trial() -> Situation:
    return _is(E4_USER, subscriptions=[subscription("ENTERPRISEPACK", is_trial=True)])


# What each is about stands in HOLD_REMEDIES; the second word of a situation is what the tenant lacks or has too much.
SITUATIONS: dict[str, Callable[[], Situation]] = {
    "roster_row_rejected": lambda: _is(E4_USER, roster=_named(f"{E4_USER.upn},NO_SUCH_PRODUCT")),
    "protected": lambda: _is(E4_USER, TO_E3 + f'[scope]\nprotected = ["{E4_USER.upn.upper()}"]\n'),
    "no_source": lambda: _is(person("ada"), roster=_named(f"{E4_USER.upn},ENTERPRISEPACK")),
    "already_on_target": lambda: _is(person("ada", "ENTERPRISEPACK"), roster=_named(f"{E4_USER.upn},ENTERPRISEPACK")),
    "no_rule": lambda: _is(E4_USER, TO_E3 + 'where = { department = ["Sales"] }\n'),
    "left_by_choice": lambda: _is(E4_USER, '[[swap]]\nto = "leave"\n'),
    "disabled_account": lambda: _is(
        person("ada", "ENTERPRISEWITHSCAL", account_enabled="no"), TO_E3 + '[scope]\ndisabled_accounts = "hold"\n'
    ),
    "guest": lambda: _is(person("ada", "ENTERPRISEWITHSCAL", user_type="Guest")),
    "restricted_management": lambda: _is(person("ada", "ENTERPRISEWITHSCAL", is_management_restricted="yes")),
    "inherited": lambda: _is(person("ada", holding("ENTERPRISEWITHSCAL", group=GROUP))),
    "duplicate_address": lambda: _sharing("SMTP:info@contoso.example", "smtp:INFO@contoso.example"),
    "no_usage_location": lambda: _is(person("ada", "ENTERPRISEWITHSCAL", usage_location="")),
    "target_not_assignable": lambda: _is(
        E4_USER,
        _to("SHAREPOINTSTORAGE"),
        skus=[product("ENTERPRISEWITHSCAL"), product("SHAREPOINTSTORAGE", applies_to="Company")],
    ),
    "target_in_error": lambda: _is(
        person("ada", "ENTERPRISEWITHSCAL", holding("ENTERPRISEPACK", state="Error", error="CountViolation"))
    ),
    "source_in_error": lambda: _is(person("ada", holding("ENTERPRISEWITHSCAL", state="Unknown"))),
    "conflict": lambda: _is(
        person("ada", "ENTERPRISEWITHSCAL", "MCOPSTN1"),
        '[[swap]]\nto = ["ENTERPRISEPREMIUM", "MCOPSTN2"]\n',
        skus=[product(p) for p in ("ENTERPRISEWITHSCAL", "ENTERPRISEPREMIUM", "MCOPSTN1", "MCOPSTN2")],
    ),
    "dependency": lambda: _is(
        person("ada", "ENTERPRISEWITHSCAL", "MCOMEETADV"),
        _to("EXCHANGEENTERPRISE") + '[plans]\nlost_services = "accept"\n',
        skus=[product(p) for p in ("ENTERPRISEWITHSCAL", "EXCHANGEENTERPRISE", "MCOMEETADV")],
    ),
    "lost_service": lambda: _is(
        E4_USER, _to("STANDARDPACK"), skus=[product("ENTERPRISEWITHSCAL"), product("STANDARDPACK")]
    ),
    "lost_voice": lambda: _is(E4_USER, roster=_named(f"{E4_USER.upn},yes", "UPN,voice")),
    "unknown_plan_wish": lambda: _is(
        E4_USER,
        roster=_named(f"{E4_USER.upn},PROJECT_CLIENT_SUBSCRIPTION", "UPN,disabled_plans"),
        skus=[product("ENTERPRISEWITHSCAL"), product("ENTERPRISEPACK"), product("PROJECTPROFESSIONAL")],
    ),
    "legal_hold": lambda: _is(
        E4_USER,
        _to("STANDARDPACK") + '[plans]\nlost_services = "accept"\n',
        _named(f"{E4_USER.upn},yes", "UPN,legal_hold"),
        skus=[product("ENTERPRISEWITHSCAL"), product("STANDARDPACK")],
    ),
    "business_cap": _full_business,
    "no_seat": lambda: _is(E4_USER, skus=[product("ENTERPRISEWITHSCAL"), product("ENTERPRISEPACK", enabled=0)]),
    "cross_family": lambda: _is(
        E4_USER, _to("ENTERPRISEPACK_GOV"), skus=[product("ENTERPRISEWITHSCAL"), product("ENTERPRISEPACK_GOV")]
    ),
    "trial_target": _trial,
}


def test_the_table_has_a_situation_for_every_reason_and_no_other() -> None:
    """A reason that no situation produces would be a sentence that nobody ever reads."""
    assert sorted(HOLD_REMEDIES) == sorted(SITUATIONS)


@pytest.mark.parametrize("reason", sorted(SITUATIONS))
def test_each_situation_is_held_for_its_reason(reason: str) -> None:
    """The user is held, nothing is sent, and the plan tells the remedy."""
    one, world, toml, roster = SITUATIONS[reason]()

    drawn = draw(world, toml, roster)
    row = drawn.row(one)

    assert (row["kind"], row["reason"]) == ("hold", reason)
    assert (row["add"], row["remove"], row["disabled_plans"], row["wave"]) == ("", "", "", "")
    told = [h.remedy for h in drawn.plan.header.holds if h.reason == reason]
    assert told == ([HOLD_REMEDIES[reason]] if reason != "already_on_target" else [])


def test_the_reasons_of_holding_add_up_to_who_is_held() -> None:
    """Who is on the target already needs nothing and has a total of its own, on the page of the plan too."""
    there, bare = person("there", "ENTERPRISEPACK"), person("bare", "ENTERPRISEWITHSCAL", usage_location="")
    roster = _named("\n".join(f"{one.upn},ENTERPRISEPACK" for one in (E4_USER, there, bare)))
    plan = draw(snapshot(E4_USER, there, bare), roster=roster).plan

    assert plan.header.totals == PlanTotals(in_scope=3, changes=1, already_on_target=1, held=1)
    assert [(h.reason, h.users) for h in plan.header.holds] == [("no_usage_location", 1)]
    page = plan_view(plan, ())
    assert (page.in_scope, page.changes, page.held, page.already_on_target) == (3, 1, 1, 1)
    html = render_plan_html(page)
    assert "already on the new product: 1; rejected roster rows: 0" in html


PHONES = [product(p) for p in ("ENTERPRISEWITHSCAL", "ENTERPRISEPACK", "MCOEV", "MCOPSTN1")]
TO_E3_AND_PHONE = TO_E3.replace('"ENTERPRISEPACK"', '"ENTERPRISEPACK", "MCOEV"')
STAYS_OFF = "has the calling plan MCOPSTN1, and Teams Phone (MCOEV) of the target would stay disabled"


@pytest.mark.parametrize(
    ("off", "toml", "wish", "detail"),
    [
        (("TEAMS1",), TO_E3_AND_PHONE, "", f"{STAYS_OFF}, because it needs Teams, which is disabled"),
        ((), TO_E3_AND_PHONE, "MCOEV", STAYS_OFF),
        ((), TO_E3, "", "has the calling plan MCOPSTN1, and no Teams Phone (MCOEV) afterwards"),
    ],
)
def test_a_teams_phone_that_comes_and_stays_off_is_not_told_as_absent(
    off: tuple[str, ...], toml: str, wish: str, detail: str
) -> None:
    """The user is held in any case, for nothing could be dialed; why is told as it is."""
    one = person("ada", holding("ENTERPRISEWITHSCAL", *off), "MCOPSTN1")

    roster = _named(f"{one.upn},{wish}", "UPN,disabled_plans") if wish else ""
    row = draw(snapshot(one, skus=PHONES), toml, roster).row(one)

    assert (row["reason"], row["detail"]) == ("lost_voice", detail)


def test_an_ordinary_holder_is_moved() -> None:
    """Without anything in the way the change adds the target and removes the source in one request."""
    drawn = draw(snapshot(E4_USER))

    row = drawn.row(E4_USER)

    assert (row["kind"], row["reason"], row["rule"], row["wave"]) == ("change", "", "everyone", "all")
    assert (row["add"], row["remove"]) == (E3, "1392051d-0cb9-4b7a-88d5-621fee5e8711")


def test_two_reasons_at_once_are_told_in_the_order_of_their_weight() -> None:
    """A protected guest whose row is rejected is told as rejected; without the row, as protected."""
    guest = person("ada", "ENTERPRISEWITHSCAL", user_type="Guest")
    toml = TO_E3 + f'[scope]\nprotected = ["{guest.upn}"]\n'

    with_row = draw(snapshot(guest), toml, _named(f"{guest.upn},NO_SUCH_PRODUCT"))

    assert (with_row.reason(guest), draw(snapshot(guest), toml).reason(guest)) == ("roster_row_rejected", "protected")


def test_a_group_that_gives_the_license_is_named() -> None:
    """The remedy is on the group, so the group stands in the detail, direct half or not."""
    both = person("ada", "ENTERPRISEWITHSCAL", holding("ENTERPRISEWITHSCAL", group=GROUP))

    row = draw(snapshot(both, groups=[group(GROUP, both, licenses=["ENTERPRISEWITHSCAL"])])).row(both)

    assert (row["reason"], row["detail"]) == ("inherited", f"group aaaa ({GROUP})")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("SMTP:ada+news@contoso.example", "SMTP:bo+news@contoso.example"),
        ("SMTP:ada+x@contoso.example+smtp:ad+x@contoso.example", "SMTP:bo@contoso.example"),
        ("", ""),
    ],
)
def test_a_plus_in_an_address_makes_no_address_shared(first: str, second: str) -> None:
    """Addresses are joined by a plus and may hold one: what follows it is no address of its own."""
    one, world, toml, _ = _sharing(first, second)

    assert draw(world, toml).reason(one) == "change"


def test_acknowledging_the_backup_lifts_a_lost_service() -> None:
    """A name in backup_acknowledged_by is consent; it stands in the header for the reconciliation."""
    world = snapshot(E4_USER, skus=[product("ENTERPRISEWITHSCAL"), product("STANDARDPACK")])
    roster = _named(f"{E4_USER.upn},J. Doe", "UPN,backup_acknowledged_by")

    drawn = draw(world, _to("STANDARDPACK"), roster)

    assert drawn.reason(E4_USER) == "change"
    assert drawn.plan.header.acknowledged == (E4_USER.id,)


def test_a_limit_that_allows_it_lifts_the_hold_on_trial_and_family() -> None:
    """[limits] allow_trial and allow_cross_family say that it is meant."""
    trial, world, toml, _ = _trial()
    gov = snapshot(E4_USER, skus=[product("ENTERPRISEWITHSCAL"), product("ENTERPRISEPACK_GOV")])
    accept = '[plans]\nlost_services = "accept"\n'

    allowed = draw(world, toml + "[limits]\nallow_trial = true\n")
    crossed = draw(gov, _to("ENTERPRISEPACK_GOV") + accept + "[limits]\nallow_cross_family = true\n")

    assert (allowed.reason(trial), crossed.reason(E4_USER)) == ("change", "change")


@pytest.mark.parametrize("code", sorted({**HOLD_REMEDIES, **REFUSAL_REMEDIES, **OTHER_REMEDIES}))
def test_a_remedy_is_a_sentence_whatever_detail_follows_the_code(code: str) -> None:
    """The detail after a colon names the thing; the sentence stays the same."""
    assert remedy(f"{code}: MCOEV") == remedy(code) != ""
    assert remedy(code).endswith(".")
