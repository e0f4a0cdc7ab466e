"""Users as columns: one row each, profiles shared, nothing lost on the way."""

from __future__ import annotations

from graph.graph_double import E3, E4, GROUP, state, user, user_id

from connectors.graph.reads import columns
from connectors.graph.reads.columns import Profiles
from connectors.tenant import USER_COLUMNS, LicenseAssignment, LicenseProfile, PlanId, SkuId

PLAN_A, PLAN_B = PlanId("0feaeb32-d00e-4d66-bd5a-43b5b83db82c"), PlanId("efb87545-963c-4e0d-99df-69c6916d9eb0")


def test_each_user_is_a_row_of_texts_and_a_profile() -> None:
    """Every cell but the profile is text; absent values are empty."""
    full = user(
        2,
        state(E4, disabledPlans=[PLAN_A]),
        id=user_id(2).upper(),
        mail="u2@contoso.example",
        proxyAddresses=["smtp:b@contoso.example", "SMTP:a@contoso.example"],
        accountEnabled=False,
        department="Legal",
        country="NL",
        companyName="Contoso",
        onPremisesSyncEnabled=True,
        isManagementRestricted=False,
    )
    profiles = Profiles()
    rows = [full, user(1)]
    frame, distinct = columns.table([columns.page(rows, [profiles.number(r) for r in rows])], profiles.distinct)

    assert list(USER_COLUMNS) == list(frame.columns)
    assert [
        [user_id(1), "user1@contoso.example", "User 1", "", "", "yes", "Member", "NL", "", "", "", "", "", 0],
        [
            user_id(2),
            "user2@contoso.example",
            "User 2",
            "u2@contoso.example",
            "SMTP:a@contoso.example+smtp:b@contoso.example",
            "no",
            "Member",
            "NL",
            "Legal",
            "NL",
            "Contoso",
            "yes",
            "no",
            1,
        ],
    ] == frame.to_numpy().tolist()
    assert (
        LicenseProfile((LicenseAssignment(E4, "", ()),)),
        LicenseProfile((LicenseAssignment(E4, "", (PLAN_A,)),)),
    ) == distinct
    assert {"string"} == {str(frame[c].dtype.storage and "string") for c in USER_COLUMNS if c != "profile"}


def test_users_share_a_profile_whatever_the_order_and_the_dates() -> None:
    """Two users with equal assignments have one profile."""
    profiles = Profiles()
    one = user(1, state(E4), state(E3, GROUP))
    other = user(2, state(E3, GROUP, lastUpdatedDateTime="2026-01-01T00:00:00Z"), state(E4, error_word=None))

    assert (0, 0, 1) == (profiles.number(one), profiles.number(other), profiles.number(user(3)))
    assert 2 == len(profiles.distinct)


def test_a_user_read_twice_is_taken_as_read_last() -> None:
    """A user with two of the products comes in two scans, and may change in between."""
    profiles = Profiles()
    pages = [[user(2), user(1)], [user(3), user(1, state(E3), department="Moved")]]
    frame, distinct = columns.table(
        [columns.page(rows, [profiles.number(r) for r in rows]) for rows in pages], profiles.distinct
    )

    assert [user_id(1), user_id(2), user_id(3)] == list(frame["id"])
    assert ["Moved", "", ""] == list(frame["department"])
    assert E3 == distinct[frame["profile"][0]].assignments[0].sku_id


def test_profiles_that_nobody_has_any_more_are_dropped() -> None:
    """What a superseded read left behind is not reported."""
    profiles = Profiles()
    pages = [[user(1)], [user(1, state(SkuId(E3)))]]
    frame, distinct = columns.table(
        [columns.page(rows, [profiles.number(r) for r in rows]) for rows in pages], profiles.distinct
    )

    assert ([0], 1) == (list(frame["profile"]), len(distinct))


def test_nobody_is_an_empty_table() -> None:
    """A tenant without holders still has the columns."""
    frame, distinct = columns.table([], [])

    assert (list(USER_COLUMNS), 0, ()) == (list(frame.columns), len(frame), distinct)
