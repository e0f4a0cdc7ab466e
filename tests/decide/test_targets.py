"""Who gets which target: the first rule that fits, unless the user's own roster row says otherwise."""

from __future__ import annotations

import pytest
from worlds.job_world import E3, E4, E5, TO_E3, Drawn, Person, draw, group, holding, person, snapshot

from jobs.license_reassignment.decide.scope import in_scope
from jobs.license_reassignment.decide.targets import matches
from jobs.license_reassignment.model.policy import Policy, Where

SALES = "aaaaaaaa-0000-4000-8000-000000000001"
VOICE = "aaaaaaaa-0000-4000-8000-000000000002"
ADA = person("ada", "ENTERPRISEWITHSCAL", department="Sales", usage_location="NL", country="Netherlands")
BO = person("bo", "ENTERPRISEWITHSCAL", department=" sales ", usage_location="be", company_name="Contoso BV")
CY = person("cy", "ENTERPRISEWITHSCAL", "VISIOCLIENT", department="IT", usage_location="NL", account_enabled="no")
DI = person("di", "ENTERPRISEPACK", department="Sales")
WORLD = snapshot(ADA, BO, CY, DI, groups=[group(SALES, ADA, DI), group(VOICE, CY)])


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", "ada bo cy"),
        ('department = ["SALES"]', "ada bo"),
        ('department = ["Sales", "IT"]', "ada bo cy"),
        ('department = ["Sales"], usage_location = ["BE"]', "bo"),
        ('department = ["IT"], usage_location = ["BE"]', ""),
        ('country = ["netherlands"]', "ada"),
        ('company = ["Contoso BV", "Fabrikam"]', "bo"),
        ('account_enabled = ["no"]', "cy"),
        ('account_enabled = ["yes", "no"]', "ada bo cy"),
        (f'member_of = ["{SALES}"]', "ada"),
        (f'member_of = ["{SALES.upper()}", "{VOICE}"]', "ada cy"),
        ('holds = ["VISIOCLIENT"]', "cy"),
        ('holds = ["VISIOCLIENT"], department = ["Sales"]', ""),
    ],
)
def test_keys_are_joined_by_and_their_values_by_or(where: str, expected: str) -> None:
    """Text is compared without case and without blanks around it; an absent key asks nothing."""
    toml = f'[[swap]]\nto = ["ENTERPRISEPACK"]\nwhere = {{ {where} }}\n' if where else TO_E3

    kinds = draw(WORLD, toml).column("kind")

    assert " ".join(sorted(name for name, kind in kinds.items() if kind == "change")) == expected


def test_the_first_rule_that_fits_wins() -> None:
    """The order of the file decides, however narrow a later rule is."""
    toml = (
        '[[swap]]\nname = "sales"\nto = ["ENTERPRISEPREMIUM"]\nwhere = { department = "Sales" }\n'
        '[[swap]]\nname = "Belgium"\nto = ["ENTERPRISEPACK"]\nwhere = { usage_location = "BE" }\n'
        '[[swap]]\nname = "the rest"\nto = "leave"\n'
    )

    drawn = draw(WORLD, toml)

    assert drawn.column("rule") == {"ada": "sales", "bo": "sales", "cy": "the rest"}
    assert drawn.column("targets") == {"ada": E5, "bo": E5, "cy": ""}
    assert drawn.reason(CY) == "left_by_choice"


def test_a_rule_without_a_name_is_called_by_its_number() -> None:
    """The plan must name what decided, so an unnamed rule has a name too."""
    assert draw(snapshot(ADA), '[[swap]]\nto = ["ENTERPRISEPACK"]\n').row(ADA)["rule"] == "swap 1"


def test_a_target_in_the_roster_beats_every_rule_and_names_its_line() -> None:
    """The row's own target decides; a row without one leaves it to the rules."""
    roster = f"UPN,target,note\n{ADA.upn},ENTERPRISEPREMIUM,\n{BO.upn},,just a note\n{CY.upn},leave,\n"

    drawn = draw(WORLD, TO_E3, roster)

    assert drawn.column("rule") == {"ada": "roster line 2", "bo": "everyone", "cy": "roster line 4"}
    assert drawn.column("targets") == {"ada": E5, "bo": E3, "cy": ""}
    assert drawn.column("roster_line") == {"ada": "2", "bo": "3", "cy": "4"}


def test_a_base_and_an_add_on_are_one_request() -> None:
    """Several targets are added together, in the order written, while the source goes."""
    drawn = draw(snapshot(ADA), '[[swap]]\nto = ["ENTERPRISEPACK", "MCOEV"]\n')

    row = drawn.row(ADA)

    assert (row["add"], row["remove"]) == (f"{E3}+e43b5b99-8dfb-405f-9987-dc307f34bcbd", E4)


def test_a_target_held_already_is_not_sent_again() -> None:
    """Sending it would replace its disabled plans; only what is missing is added."""
    both = person("ada", "ENTERPRISEWITHSCAL", holding("ENTERPRISEPACK", "SWAY"))

    row = draw(snapshot(both)).row(both)

    assert (row["kind"], row["add"], row["remove"]) == ("change", "", E4)


def test_a_target_held_in_error_beside_a_sound_one_counts_as_held() -> None:
    """Direct in error and sound through a group: the user has the target."""
    both = person(
        "ada",
        "ENTERPRISEWITHSCAL",
        holding("ENTERPRISEPACK", state="Error", error="CountViolation"),
        holding("ENTERPRISEPACK", group=SALES),
    )

    assert draw(snapshot(both)).reason(both) == "change"


def test_everything_that_is_switched_off_stays_off_by_family() -> None:
    """Forms of E4 is called otherwise in E5: the user's choice follows the service, not its id."""
    one = person("ada", holding("ENTERPRISEWITHSCAL", "FORMS_PLAN_E3", "SWAY"))

    row = draw(snapshot(one), TO_E3.replace("ENTERPRISEPACK", "ENTERPRISEPREMIUM")).row(one)

    forms_e5, sway = "e212cbc7-0961-4c40-9825-01117710dcb1", "a23b959c-7ce8-4e57-9140-b90eb88a9e97"
    assert row["disabled_plans"] == f"{E5}:{sway}+{forms_e5}"


def _names(drawn: Drawn) -> list[str]:
    return sorted(drawn.column("name"))


def test_scope_graph_takes_every_holder_and_those_the_roster_names() -> None:
    """A named user without the source is judged too, so that its row has an answer."""
    roster = f"UPN,target\n{DI.upn},ENTERPRISEPACK\n"

    assert _names(draw(WORLD)) == ["ada", "bo", "cy"]
    assert _names(draw(WORLD, TO_E3, roster)) == ["ada", "bo", "cy", "di"]


def test_scope_csv_takes_exactly_the_rows() -> None:
    """Holders without a row are out of scope, rejected rows are in: they are held."""
    toml = TO_E3 + '[scope]\nfrom = "csv"\nroster = "users.csv"\n'
    roster = f"UPN,target\n{ADA.upn},\n{BO.upn},NO_SUCH\n"

    drawn = draw(WORLD, toml, roster)

    assert (_names(drawn), drawn.reason(ADA), drawn.reason(BO)) == (["ada", "bo"], "change", "roster_row_rejected")


@pytest.mark.parametrize("name", [CY.upn.upper(), CY.id, VOICE])
def test_a_user_is_protected_by_name_by_id_or_through_a_group(name: str) -> None:
    """Whatever way they are named, they are never touched and always reported."""
    drawn = draw(WORLD, TO_E3 + f'[scope]\nprotected = ["{name}"]\n')

    assert {n: drawn.column("reason")[n] for n in ("ada", "bo", "cy")} == {"ada": "", "bo": "", "cy": "protected"}


def test_members_that_were_not_read_match_nothing() -> None:
    """A group whose members are unknown cannot be a reason to choose a target."""
    unread = snapshot(ADA, groups=[group(SALES, licenses=["ENTERPRISEWITHSCAL"])])

    assert matches(unread, Where(member_of=frozenset({VOICE}))).to_list() == [False]


@pytest.mark.parametrize(("scope", "expected"), [("graph", [True, True, True, False]), ("csv", [False] * 4)])
def test_scope_alone_decides_who_is_looked_at(scope: str, expected: list[bool]) -> None:
    """Columns in, booleans out, for every user of the snapshot."""
    policy = Policy(sources=(E4,), rules=(), scope=scope)  # type: ignore[arg-type]
    by_id = dict(zip(WORLD.users["id"], in_scope(WORLD, policy, frozenset()), strict=True))

    assert [by_id[one.id] for one in _people()] == expected


def _people() -> tuple[Person, ...]:
    return ADA, BO, CY, DI
