"""Names to ids: what settings and roster call by name is found in the tenant, or refused with what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from worlds.job_world import CATALOG, E3, E4, E5, MCOEV, PRODUCTS, SKU, TO_E3, draw, person, product, settings, snapshot

from connectors.roster.read import read_roster
from connectors.tenant import Organization, ReadScope
from jobs.license_reassignment.errors import ExitCode, InputError, NotReady
from jobs.license_reassignment.gather.names import Products, policy_of
from jobs.license_reassignment.gather.roster import read_scope, wishes_of
from jobs.license_reassignment.model.plan_header import RosterUse

SKUS = tuple(product(p) for p in PRODUCTS)
ADA = person("ada", "ENTERPRISEWITHSCAL")
BO = person("bo", "ENTERPRISEWITHSCAL")
WORLD = snapshot(ADA, BO)


@pytest.mark.parametrize(
    "text", ["ENTERPRISEPACK", "enterprisepack", "Office 365 E3", " office365  e3 ", E3, E3.upper()]
)
def test_a_product_is_found_by_part_number_name_or_id(text: str) -> None:
    """Case and blanks do not matter."""
    assert Products(CATALOG, SKUS).one(text, key="to") == E3


def test_an_unknown_product_is_refused_with_the_nearest_names() -> None:
    """A typing error is exit 2 and is answered with what was probably meant."""
    with pytest.raises(InputError) as refused:
        Products(CATALOG, SKUS).one("ENTERPRISEPAK", key="[[swap]] 1 to")

    assert refused.value.exit_code == ExitCode.USAGE
    message = str(refused.value)
    assert message.startswith("[[swap]] 1 to: no product is called `ENTERPRISEPAK`. Did you mean ENTERPRISEPACK")
    assert message.endswith("`reseat skus` lists the tenant's own.")


def test_a_product_that_the_tenant_has_not_yet_is_a_matter_of_time() -> None:
    """Bought by invoice it can take two business days: exit 6, not a mistake."""
    with pytest.raises(NotReady) as waiting:
        policy_of(settings(TO_E3.replace("ENTERPRISEPACK", "SPE_E5")), Products(CATALOG, SKUS))

    assert waiting.value.exit_code == ExitCode.NOT_YET
    assert str(waiting.value).startswith("[[swap]] 1 to: the tenant has no Microsoft 365 E5 (SPE_E5) yet.")


def test_all_that_is_wrong_in_the_settings_is_told_at_once() -> None:
    """Two typing errors are two sentences; a product that only has to be waited for is told when they are mended."""
    toml = '[[swap]]\nto = ["ENTERPRISEPAK"]\n[[swap]]\nto = ["SPE_E5"]\nwhere = { holds = ["VISIOKLIENT"] }\n'

    with pytest.raises(InputError) as refused:
        policy_of(settings(toml), Products(CATALOG, SKUS))

    assert "[[swap]] 1 to: no product is called `ENTERPRISEPAK`." in str(refused.value)
    assert "[[swap]] 2 where.holds: no product is called `VISIOKLIENT`." in str(refused.value)
    assert "SPE_E5" not in str(refused.value)


def test_a_source_that_the_tenant_has_not_is_a_mistake_and_not_a_matter_of_time() -> None:
    """Waiting brings a purchase, never a product that is meant to go."""
    without = [sku for sku in SKUS if sku.sku_id != E4]

    with pytest.raises(InputError) as refused:
        policy_of(settings(), Products(CATALOG, without))

    assert str(refused.value) == (
        "[source] skus[1]: the tenant has no `ENTERPRISEWITHSCAL`, so there is nothing to retire. `reseat skus` lists "
        "what it has."
    )


def test_a_name_that_several_products_have_is_refused_with_their_numbers() -> None:
    """Two products of the tenant with one name: only part number or id tells them apart."""
    twins = [name for name, ids in CATALOG.by_product_name.items() if len(ids) > 1]
    name = min(twins)
    owned = [
        replace(product("ENTERPRISEPACK"), sku_id=s, part_number=CATALOG.part_numbers[s])
        for s in sorted(CATALOG.by_product_name[name])
    ]

    with pytest.raises(InputError) as refused:
        Products(CATALOG, owned).one(name, key="to")

    for sku in owned:
        assert sku.part_number in str(refused.value)
    assert str(refused.value).endswith("Give the part number or the SKU ID.")


def test_a_source_cannot_be_a_target() -> None:
    """The retiring product as its own successor is a mistake of the settings, however it is spelled."""
    with pytest.raises(InputError, match=r"is a source and a target; name another target\.$"):
        policy_of(settings('[[swap]]\nto = ["Office 365 E4"]\n'), Products(CATALOG, SKUS))


def test_targets_joined_by_a_plus_are_several() -> None:
    """The text form of a list, as a roster cell has it."""
    policy = policy_of(settings('[[swap]]\nto = ["ENTERPRISEPACK + MCOEV"]\n'), Products(CATALOG, SKUS))

    assert policy.rules[0].targets == (E3, MCOEV)


def test_the_settings_become_a_policy_without_names() -> None:
    """Every section that decisions read arrives, resolved."""
    toml = (
        '[[swap]]\nname = "sales"\nto = ["ENTERPRISEPREMIUM"]\nwhere = { holds = ["VISIOCLIENT"] }\n'
        '[[swap]]\nto = "leave"\n'
        '[scope]\nprotected = ["Break.Glass@Contoso.example"]\ndisabled_accounts = "hold"\nguests = "move"\n'
        '[plans]\ncarry_over = false\nnew_in_target = ["SWAY"]\nlost_services = "accept"\n'
        '[[wave]]\nname = "pilot"\nusers = "10%"\n[[wave]]\nname = "next"\nusers = 5\nthen = "continue"\n'
    )

    policy = policy_of(settings(toml), Products(CATALOG, SKUS))

    assert policy.sources == (E4,)
    assert [(r.name, r.targets) for r in policy.rules] == [("sales", (E5,)), ("swap 2", ())]
    assert policy.rules[0].where.holds == {SKU["VISIOCLIENT"]}
    assert (policy.hold_disabled_accounts, policy.hold_guests, policy.carry_over) == (True, False, False)
    assert (policy.new_in_target, policy.accept_lost_services) == (frozenset({"SWAY"}), True)
    assert [(w.name, w.users, w.percent, w.stop) for w in policy.waves] == [
        ("pilot", None, 10.0, True),
        ("next", 5, None, False),
    ]


def _errors(roster: str, world: object = WORLD) -> list[tuple[int, str]]:
    drawn = draw(world, TO_E3, roster)  # type: ignore[arg-type]
    return [(e.line, e.reason) for e in drawn.bound.errors]


@pytest.mark.parametrize("cell", [ADA.upn, ADA.upn.upper(), f" {ADA.upn} "])
def test_a_row_is_bound_by_principal_name(cell: str) -> None:
    """Case and blanks around it do not matter."""
    drawn = draw(WORLD, TO_E3, f"UPN,target\n{cell},ENTERPRISEPREMIUM\n")

    assert drawn.row(ADA)["targets"] == E5
    assert (drawn.bound.rows_in, drawn.bound.rows_used) == (1, 1)


def test_a_row_is_bound_by_id_even_when_the_name_has_changed_since() -> None:
    """The id stays with the person; an export of last month may still have the former name, which mail still knows."""
    renamed = person(
        "ada", "ENTERPRISEWITHSCAL", proxy_addresses="SMTP:ada@contoso.example+smtp:Former@contoso.example"
    )
    drawn = draw(snapshot(renamed), TO_E3, f"UPN,id,target\nformer@contoso.example,{ADA.id},ENTERPRISEPREMIUM\n")

    assert (drawn.row(ADA)["targets"], drawn.bound.errors) == (E5, ())


def test_an_id_beside_a_name_of_nobody_is_rejected_and_its_user_held() -> None:
    """A column that slipped gives everybody another's id: what the row wishes is for nobody that can be known."""
    drawn = draw(WORLD, TO_E3, f"UPN,id,target\nleft.long.ago@contoso.example,{ADA.id},ENTERPRISEPREMIUM\n")

    [error] = drawn.bound.errors
    assert error.reason == (
        "The ID belongs to ada@contoso.example, and no user is called left.long.ago@contoso.example; correct one of "
        "the two, or leave the name out. ada@contoso.example is on hold."
    )
    assert (drawn.reason(ADA), drawn.reason(BO)) == ("roster_row_rejected", "change")


def test_a_renamed_user_without_an_id_is_told_so() -> None:
    """Nobody is guessed: the row is rejected, with renaming as the likely cause."""
    [(line, reason)] = _errors("UPN,target\nada.former@contoso.example,ENTERPRISEPACK\n")

    assert line == 2
    assert reason == (
        "No user of the tenant is called ada.former@contoso.example; correct the name (the user may have been renamed "
        "since the export), or remove the row."
    )


def test_a_domain_that_is_not_verified_is_told_so() -> None:
    """The row belongs to another tenant."""
    [(_, reason)] = _errors("UPN,target\nada@fabrikam.example,ENTERPRISEPACK\n")

    assert reason == (
        "The domain fabrikam.example is not a verified domain of this tenant; correct the name, or remove the row."
    )


def test_two_rows_that_turn_out_to_be_one_user_are_both_rejected_and_the_user_is_held() -> None:
    """By name and by id the file cannot see it; the tenant can."""
    drawn = draw(WORLD, TO_E3, f"UPN,id,target\n{ADA.upn},,ENTERPRISEPACK\n,{ADA.id},ENTERPRISEPREMIUM\n")

    assert [(e.line, e.reason) for e in drawn.bound.errors] == [
        (2, "The row names the same user as line 3; keep one of them."),
        (3, "The row names the same user as line 2; keep one of them."),
    ]
    assert (drawn.reason(ADA), drawn.reason(BO)) == ("roster_row_rejected", "change")


def test_contradictory_rows_of_one_name_hold_the_user() -> None:
    """Two targets for one person: neither is taken, and no rule decides instead."""
    drawn = draw(WORLD, TO_E3, f"UPN,target\n{ADA.upn},ENTERPRISEPACK\n{ADA.upn.upper()},ENTERPRISEPREMIUM\n")

    assert [e.line for e in drawn.bound.errors] == [2, 3]
    assert (drawn.reason(ADA), drawn.bound.rows_used) == ("roster_row_rejected", 0)


def test_a_name_and_an_id_of_two_different_users_are_a_contradiction() -> None:
    """Whom the row means cannot be known: it is rejected and both are held."""
    drawn = draw(WORLD, TO_E3, f"UPN,id,target\n{ADA.upn},{BO.id},ENTERPRISEPREMIUM\n")

    assert [e.reason for e in drawn.bound.errors] == [
        "The ID and the name belong to two different users; correct one of them. Both users are on hold."
    ]
    assert (drawn.reason(ADA), drawn.reason(BO)) == ("roster_row_rejected", "roster_row_rejected")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("NO_SUCH_PRODUCT,", "target: no product is called `NO_SUCH_PRODUCT`."),
        ("SPE_E5,", "target: the tenant has no Microsoft 365 E5 (SPE_E5) yet."),
        ("ENTERPRISEWITHSCAL,", "The target Office 365 E4 is being retired; name another one."),
        ("ENTERPRISEPACK + ENTERPRISEWITHSCAL,", "The target Office 365 E4 is being retired; name another one."),
        (
            "SHAREPOINTSTORAGE,",
            "SHAREPOINTSTORAGE is for the whole company and cannot be assigned to a user; name another target.",
        ),
    ],
)
def test_a_row_with_a_target_that_cannot_be_is_rejected(cells: str, reason: str) -> None:
    """The row names the user, so the user is held rather than decided by a rule."""
    skus = [*SKUS, product("SHAREPOINTSTORAGE", applies_to="Company")]
    drawn = draw(snapshot(ADA, skus=skus), TO_E3, f"UPN,target,note\n{ADA.upn},{cells}\n")

    [error] = drawn.bound.errors
    assert error.reason.startswith(reason)
    assert drawn.reason(ADA) == "roster_row_rejected"


def test_rows_in_are_rows_used_and_rows_rejected() -> None:
    """Every row of the file is one or the other; rejected.csv has the others."""
    drawn = draw(WORLD, TO_E3, f"UPN,target\n{ADA.upn},\nnobody@contoso.example,\n{BO.upn},NO_SUCH\n")

    assert drawn.plan.header.roster == RosterUse(
        file="users.csv", sha256=drawn.wishes.sha256, rows=3, used=1, rejected=2, kept=("roster/01-users.csv",)
    )
    assert drawn.files["rejected.csv"].decode().splitlines()[0] == "file,line,row,reason,user,held"
    assert [line.split(",")[1] for line in drawn.files["rejected.csv"].decode().splitlines()[1:]] == ["3", "4"]


def test_a_read_covers_sources_targets_rows_and_the_groups_that_rules_name() -> None:
    """Users of rejected rows are looked up too, since they are held by name."""
    group = "aaaaaaaa-0000-4000-8000-000000000001"
    toml = f'{TO_E3}where = {{ member_of = ["{group}"] }}\n'
    roster = read_roster(f"UPN,target\n{ADA.upn},ENTERPRISEPREMIUM\n{BO.upn},NO_SUCH\n".encode(), file="users.csv")
    policy = policy_of(settings(toml), Products(CATALOG, SKUS))

    scope = read_scope(policy, wishes_of(roster, Products(CATALOG, SKUS), policy))

    assert scope == ReadScope(
        sku_ids=(E4, E3, E5),
        group_sku_ids=(E4,),
        lookups=(ADA.upn, BO.upn),
        member_groups=(group,),  # type: ignore[arg-type]
        plan_rules=True,
    )


def test_a_guest_of_another_domain_is_bound_all_the_same() -> None:
    """The name of a guest ends in the tenant's own domain; who is there is there, whatever the domain."""
    guest = person("eve_fabrikam.example#EXT#@contoso.onmicrosoft.com", "ENTERPRISEWITHSCAL")
    world = replace(
        snapshot(guest),
        organization=Organization("11111111-2222-4333-8444-555555555555", "Contoso", ("contoso.example",)),
    )

    assert _errors(f"UPN,target\n{guest.upn},ENTERPRISEPACK\n", world) == []
