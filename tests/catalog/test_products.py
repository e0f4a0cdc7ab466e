"""The catalog: names that lead to one product, and lists that agree with each other."""

from __future__ import annotations

import re
from collections import Counter
from importlib import resources
from typing import Any

import orjson
import pytest

from connectors.catalog.products import AmbiguousProduct, Market, UnknownProduct, load_catalog
from connectors.tenant import PlanId, ServicePlan, SkuId, SubscribedSku

E4 = SkuId("1392051d-0cb9-4b7a-88d5-621fee5e8711")
EMS_E3 = SkuId("efccb6f7-5641-4e0e-bd10-b4976e1bf68e")
O365_E5 = SkuId("c7df2760-2c81-4ef7-b578-5b5392b571df")
PHONE = SkuId("e43b5b99-8dfb-405f-9987-dc307f34bcbd")
M365_F1 = SkuId("44575883-256e-4a79-9da4-ebe9acabe2b2")
M365_F1_COMM = SkuId("50f60901-3181-4b75-8a2c-4c8e4c1d5a72")
CATALOG = load_catalog()


def owned(part_number: str, sku_id: str) -> SubscribedSku:
    """A SKU as a tenant lists it, without plans or seats."""
    return SubscribedSku(SkuId(sku_id), part_number, "Enabled", "User", 0, 0, 0, 0, 0, ())


def table(name: str) -> Any:
    """One installed data file."""
    return orjson.loads(resources.files("connectors.catalog").joinpath("data", name).read_bytes())


@pytest.mark.parametrize(
    "text",
    [
        "ENTERPRISEWITHSCAL",
        "enterprisewithscal",
        "Office 365 E4",
        " office  365 e4 ",
        "Office365 E4",
        "Office\u00a0365\tE4",
        "E4",
        "365 e4",
        "1392051D-0CB9-4B7A-88D5-621FEE5E8711",
    ],
)
def test_part_number_product_name_and_guid_mean_the_same_sku(text: str) -> None:
    """Case, spaces, tabs and non-breaking spaces do not matter."""
    assert CATALOG.find_skus(text, []) == E4


def test_a_part_number_that_looks_like_another_product_means_itself() -> None:
    """SPE_F1 is Microsoft 365 F3 and O365_BUSINESS_PREMIUM is Business Standard."""
    assert CATALOG.names.sku(CATALOG.find_skus("SPE_F1", [])) == "Microsoft 365 F3"
    assert CATALOG.names.sku(CATALOG.find_skus("O365_BUSINESS_PREMIUM", [])) == "Microsoft 365 Business Standard"
    assert CATALOG.names.sku(CATALOG.find_skus("SPB", [])) == "Microsoft 365 Business Premium"


def test_the_tenants_own_sku_wins_over_the_published_list() -> None:
    """A part number that the tenant uses for another id means the tenant's."""
    own = owned("EnterpriseWithSCAL", "00000000-0000-0000-0000-00000000e4e4")

    assert CATALOG.find_skus("ENTERPRISEWITHSCAL", [own]) == own.sku_id


def test_a_name_of_two_products_means_the_one_that_the_tenant_has() -> None:
    """Two products are called Microsoft 365 F1; a tenant with one of them means that one."""
    assert CATALOG.find_skus("Microsoft 365 F1", [owned("M365_F1_COMM", M365_F1_COMM)]) == M365_F1_COMM


@pytest.mark.parametrize("text", ["Microsoft 365 F1", "MCOPSTN5"])
def test_a_name_of_two_products_is_ambiguous_without_a_tenant(text: str) -> None:
    """The error lists both with part number and id."""
    with pytest.raises(AmbiguousProduct) as caught:
        CATALOG.find_skus(text, [])

    assert len(caught.value.candidates) == 2
    assert all(re.search(r"\w+ \([0-9a-f-]{36}\)", c) for c in caught.value.candidates)


def test_both_products_of_one_name_in_the_tenant_stay_ambiguous() -> None:
    """Owning both does not decide."""
    with pytest.raises(AmbiguousProduct):
        CATALOG.find_skus("Microsoft 365 F1", [owned("M365_F1", M365_F1), owned("M365_F1_COMM", M365_F1_COMM)])


def test_the_end_of_several_names_is_answered_with_those() -> None:
    """E3 and E5 end the names of suites that differ; those of the tenant come first."""
    with pytest.raises(UnknownProduct) as caught:
        CATALOG.find_skus("E5", [owned("ENTERPRISEPREMIUM", O365_E5)])

    assert "Office 365 E5" == caught.value.nearest[0]
    assert "Microsoft 365 E5" in caught.value.nearest


def test_a_misspelt_product_is_answered_with_its_neighbors() -> None:
    """The nearest names come first, the tenant's own part numbers among them."""
    with pytest.raises(UnknownProduct) as caught:
        CATALOG.find_skus("Ofice 365 E4", [])
    with pytest.raises(UnknownProduct) as own:
        CATALOG.find_skus("CONTOSO_SPECAL", [owned("CONTOSO_SPECIAL", "00000000-0000-0000-0000-000000000001")])

    assert caught.value.nearest[0] == "Office 365 E4"
    assert "Office 365 E4" in str(caught.value)
    assert own.value.nearest == ("CONTOSO_SPECIAL",)


def test_an_unlisted_guid_is_taken_as_it_is() -> None:
    """Tenants own products that no list names, and a GUID says exactly which."""
    guid = "ABCDEF01-2345-6789-ABCD-EF0123456789"

    assert CATALOG.find_skus(guid, []) == SkuId(guid.lower())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Office 365 E5", (O365_E5,)),
        ("Enterprise Mobility + Security E3", (EMS_E3,)),
        ("Enterprise Mobility + Security E3 + Office 365 E5", (EMS_E3, O365_E5)),
        ("ENTERPRISEPREMIUM+Enterprise Mobility + Security E3+MCOEV", (O365_E5, EMS_E3, PHONE)),
        ("MCOEV + mcoev + Microsoft Teams Phone Standard", (PHONE,)),
    ],
)
def test_products_joined_by_plus_are_split_at_the_longest_names(text: str, expected: tuple[SkuId, ...]) -> None:
    """A plus inside a product's name does not split it, and a product named twice counts once."""
    assert CATALOG.split_products(text, []) == expected


@pytest.mark.parametrize("text", ["Office 365 E5 + Nonsense", "+ Office 365 E5", "Office 365 E5 +", ""])
def test_a_list_with_one_unknown_product_is_unknown(text: str) -> None:
    """An empty part is not skipped: it may be a name that got lost."""
    with pytest.raises(UnknownProduct):
        CATALOG.split_products(text, [])


@pytest.mark.parametrize(
    ("part_number", "expected"),
    [
        ("ENTERPRISEWITHSCAL", Market.COMMERCIAL),
        ("ENTERPRISEWITHSCAL_GOV", Market.GOVERNMENT),
        ("SPE_E3_USGOV_GCCHIGH", Market.GOVERNMENT),
        ("ENTERPRISEPACK_USGOV_DOD", Market.GOVERNMENT),
        ("M365_G5_GCC", Market.GOVERNMENT),
        ("ENTERPRISEWITHSCAL_FACULTY", Market.EDUCATION),
        ("M365EDU_A3_STUUSEBNFT", Market.EDUCATION),
        ("Microsoft_Entra_ID_Governance", Market.COMMERCIAL),
        ("SPE_E5", Market.COMMERCIAL),
    ],
)
def test_the_price_list_is_read_from_the_part_number(part_number: str, expected: Market) -> None:
    """Whole words decide, so Governance is not government."""
    assert CATALOG.market(SkuId("00000000-0000-0000-0000-000000000001"), part_number) is expected


def test_every_edition_of_e4_in_the_tenant_is_a_relative() -> None:
    """Ids and part numbers both count: no public table gives the id of the government edition."""
    editions = [
        owned("ENTERPRISEWITHSCAL", E4),
        owned("ENTERPRISEWITHSCALWITHOUTPROPLUS", "b865e169-24fb-4d7c-926e-c557a48080b6"),
        owned("RENAMED", "16732e85-c0e3-438e-a82f-71f39cbe2acb"),
        owned("ENTERPRISEWITHSCAL_GOV", "00000000-0000-0000-0000-00000000e490"),
        owned("ENTERPRISEPACK", "6fd2c87f-b296-42f0-b197-1e91e994b900"),
    ]

    assert CATALOG.related(E4, editions) == tuple(sorted(s.sku_id for s in editions[1:4]))
    assert CATALOG.related(SkuId("6fd2c87f-b296-42f0-b197-1e91e994b900"), editions) == ()


def test_presets_and_lists_name_published_products() -> None:
    """Every id in the product lists has the part number that stands beside it."""
    products, known = table("products.json"), CATALOG.part_numbers
    listed = {
        **{s: n for s, (n, _) in products["presets"]["skus"].items()},
        **products["unsupported"]["skus"],
        **products["business_capped"]["skus"],
        **products["relatives"]["families"][0]["skus"],
    }

    assert {s: known[SkuId(s)] for s in listed} == listed
    assert [p.part_number for p in CATALOG.presets] == [
        "ENTERPRISEPACK",
        "SPE_E3",
        "ENTERPRISEPREMIUM",
        "SPE_E5",
        "SPE_E5_NOPSTNCONF",
    ]


def test_small_and_midsize_business_are_unsupported_and_business_plans_are_capped() -> None:
    """These are different lists: a Business plan is a legal target, for 300 users."""
    unsupported = {CATALOG.part_numbers[s] for s in CATALOG.unsupported}
    capped = {CATALOG.part_numbers[s] for s in CATALOG.business_capped}

    assert unsupported == {"LITEPACK", "LITEPACK_P2", "MIDSIZEPACK"}
    assert {"SPB", "O365_BUSINESS_PREMIUM", "O365_BUSINESS_ESSENTIALS"} <= capped
    assert not {n for n in capped if n.startswith(("ENTERPRISE", "SPE_", "STANDARD"))}


def test_published_texts_are_clean() -> None:
    """No non-breaking space, tab or edge space, and every id is a lower-case GUID."""
    skus = table("skus.json")
    guid = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    texts = [t for entry in (*skus["skus"].values(), *skus["service_plans"].values()) for t in entry]

    assert [t for t in texts if t != " ".join(t.split())] == []
    assert [i for i in (*skus["skus"], *skus["service_plans"]) if not guid.fullmatch(i)] == []
    assert {p for plans in skus["plans_of"].values() for p in plans} <= set(skus["service_plans"])


def family_plans() -> list[tuple[str, str]]:
    """Every (plan id, plan name) of the family levels, in file order."""
    return [p for f in table("families.json")["families"] for level in f["levels"] for p in level["plans"].items()]


def test_no_plan_is_in_two_families() -> None:
    """A plan has one place, or its successor would depend on the order of the file."""
    twice = [p for p, n in Counter(p for p, _ in family_plans()).items() if n > 1]

    assert twice == []


def test_every_plan_of_the_families_is_published_under_that_name() -> None:
    """Ids and names were reviewed together; a slip in one shows in the other."""
    data = table("families.json")
    rules = [*data["needs"], *data["excludes"], data["fillers"]]
    named = [*family_plans(), *(p for r in rules for p in (*r["plans"].items(), *r.get("any_of", {}).items()))]
    named += [p for e in data["equivalents"] for key in ("plan", "by") for p in e[key].items()]

    assert [(p, n) for p, n in named if CATALOG.plan_names.get(PlanId(p)) != n] == []


def test_every_family_level_and_rule_says_why() -> None:
    """A reviewed table without reasons cannot be reviewed again."""
    data = table("families.json")
    entries = [
        *data["families"],
        *(level for f in data["families"] for level in f["levels"]),
        *(entry for key in ("needs", "excludes", "equivalents") for entry in data[key]),
        data["fillers"],
    ]

    assert [e for e in entries if not e["reason"].strip()] == []


def test_mcovoiceconf_has_no_successor() -> None:
    """Teams Phone is never taken for it by itself."""
    voice, phone = PlanId("27216c54-caf8-4d0d-97e2-517afb5c08f6"), PlanId("4828c8ec-dc2e-4779-b502-87ac9ce28ab7")

    assert CATALOG.families.successor(voice, {phone}) is None


def test_a_product_can_be_shown_as_published() -> None:
    """The example product carries names and plans, and no seats."""
    e4 = CATALOG.published(E4)

    assert len(e4.plans) == 17
    assert ServicePlan(PlanId("57ff2da0-773e-42df-b2af-ffb7a2317929"), "TEAMS1") in e4.plans
    assert (e4.part_number, e4.enabled) == ("ENTERPRISEWITHSCAL", 0)
