"""The tenant in memory and on disk: its books balance, it comes back from its file, and time changes it."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from worlds import oracle
from worlds.sample.tenant import document
from worlds.sandbox_client import ADELE, BRAM, E3, E4, TENANT, Caller, person, tenant_of

from connectors.sandbox.sample.seed import generate
from connectors.sandbox.tenant.file import dump, load
from connectors.sandbox.tenant.model import Assignment, Json, instant, stamp
from connectors.sandbox.tenant.state import SOMEBODY_ELSE
from connectors.sandbox.trouble.meddle import meddle

SAMPLE = Path(__file__).parents[2] / "sample_data" / "tenant.json"


def test_a_tenant_comes_back_from_its_file() -> None:
    """Loading what was dumped and dumping it again gives the same bytes, with every kind of entry in it."""
    tenant = generate(300, 5, deleted=0.05, conflicts=0.05)
    tenant.schedule = [{"after": 60, "sku": "SPE_E5", "set": {"enabled": 3}}]
    tenant.knobs.consumed_lag_seconds = 5.0
    sku = tenant.skus[E3]
    tenant.on_assign = {(user.id, sku.id): ("ActiveWithError", "Other") for user in tenant.users[:3]}
    failing = (frozenset({sku.plan_by_name["SWAY"].id}), frozenset[str]())
    tenant.failing = {(user.id, sku.id): plans for user, plans in zip(tenant.users, failing, strict=False)}

    again = load(dump(tenant))

    assert (tenant.on_assign, tenant.failing) == (again.on_assign, again.failing)
    assert dump(tenant) == dump(again)
    assert oracle.snapshot(tenant) == oracle.snapshot(again)
    assert oracle.recount(tenant) == oracle.recount(again)


def test_the_same_seed_gives_the_same_tenant() -> None:
    """And another seed another one."""
    assert dump(generate(50, 1)) == dump(generate(50, 1))
    assert dump(generate(50, 1)) != dump(generate(50, 2))


def test_a_generated_tenant_has_the_situations_of_its_mix() -> None:
    """The shares are met within sampling error, no product is overdrawn, and names of all sorts occur."""
    tenant = generate(4_000, 7)
    source = tenant.sku_named("ENTERPRISEWITHSCAL").id
    kinds: Counter[str] = Counter()
    for user in tenant.users:
        direct, inherited = user.profile.direct(source) is not None, user.profile.inherited(source)
        kinds["both ways"] += direct and inherited
        kinds["inherited only"] += inherited and not direct
        kinds["no location"] += user.location is None
        kinds["guest"] += "#EXT#" in user.upn
        kinds["disabled"] += not user.enabled
        kinds["some service off"] += any(a.off for a in user.profile.assignments)
        kinds["nothing"] += not user.profile.assignments

    expected = {
        "both ways": 0.05, "inherited only": 0.04, "no location": 0.02, "guest": 0.01, "disabled": 0.02,
        "some service off": 0.27, "nothing": 0.05,
    }  # fmt: skip
    assert {kind: count / 4_000 for kind, count in kinds.items()} == pytest.approx(expected, abs=0.01)
    assert oracle.overdrawn(tenant) == []
    assert any("'" in user.upn for user in tenant.users)
    assert any(not user.name.isascii() for user in tenant.users)
    assert len({user.profile for user in tenant.users}) < 300


def test_a_mix_can_be_overridden() -> None:
    """Without conflicts, guests and the like, everybody is a plain holder."""
    shares = "inherited direct_and_group on_target both unlicensed addons conflicts disabled_plans"
    plain = dict.fromkeys(shares.split(), 0.0)

    tenant = generate(40, 1, **plain)

    source = tenant.sku_named("ENTERPRISEWITHSCAL").id
    assert {(Assignment(source),)} == {user.profile.assignments for user in tenant.users}


@pytest.mark.parametrize("seed", range(5))
def test_the_index_of_holders_always_agrees_with_a_recount(seed: int) -> None:
    """After any mixture of changes, deletions and restorations, seats are what a count from scratch says."""
    tenant, rng = generate(80, seed, deleted=0.1), random.Random(seed)

    for step in range(300):
        if rng.random() < 0.2 and tenant.deleted():
            tenant.restore_user(rng.choice(tenant.deleted()), step)
        meddle(tenant, rng, ("licenses", "seats", "delete"), step, {})
        assert oracle.recount(tenant) == {key: tenant.consumed(key) for key in tenant.skus}
    assert [record for record in tenant.write_log if record.actor != SOMEBODY_ELSE] == []


def test_a_wish_of_the_schedule_comes_true_at_its_time() -> None:
    """A product appears, a plan gets ready, a subscription ages, a service suffers: each at its second."""
    schedule: list[Json] = [
        {"after": 7_200, "sku": "ENTERPRISEPACK", "planStatus": {"SWAY": "Success"}},
        {"after": 3_600, "sku": "ENTERPRISEPACK", "set": {"hidden": False}},
        {"after": 7_200, "subscription": "s1", "set": {"status": "Warning"}},
        {"after": 7_200, "health": {"Exchange Online": "serviceDegradation"}},
        {"after": 7_200, "sku": "ENTERPRISEPACK", "addPlan": ["00000000-0000-4000-8000-00000000beef", "NEW_SERVICE"]},
    ]
    seats = {"ENTERPRISEPACK": {"enabled": 5, "hidden": True, "planStatus": {"SWAY": "PendingProvisioning"}}}
    subscription = {"id": "s1", "sku": "ENTERPRISEPACK", "totalLicenses": 5}
    caller = Caller(tenant_of(seats=seats, schedule=schedule, subscriptions=[subscription]))
    path = f"/subscribedSkus/{TENANT}_{E3}"

    def sway() -> str:
        plans = {plan["servicePlanName"]: plan["provisioningStatus"] for plan in caller.get(path)["servicePlans"]}
        return f"{plans['SWAY']} of {len(plans)}"

    caller.clock[0] += 3_599
    assert caller.call("GET", path).status_code == 404
    assert caller.get("/directory/subscriptions")["value"] == []
    caller.clock[0] += 1
    assert sway() == "PendingProvisioning of 37"
    caller.clock[0] += 3_600
    assert sway() == "Success of 38"
    assert [row["status"] for row in caller.get("/directory/subscriptions")["value"]] == ["Warning"]
    health = caller.get("/admin/serviceAnnouncement/healthOverviews")["value"]
    assert health == [{"id": "Exchange Online", "service": "Exchange Online", "status": "serviceDegradation"}]


def test_the_oracle_sees_a_user_left_bare_and_a_foreign_license_changed() -> None:
    """It reads the write log and two snapshots, and knows nothing of any client."""
    tenant = tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL", "VISIOCLIENT"), person(BRAM, "Bram"))
    caller, before = Caller(tenant), oracle.snapshot(tenant)
    pair = ("ENTERPRISEWITHSCAL", "ENTERPRISEPACK")

    caller.assign(ADELE, [E3], [E4])
    assert oracle.bare_moments(tenant, pair) == []
    assert oracle.changed_beside(tenant, before, pair) == []
    caller.assign(ADELE, [], [E3, "c5928f49-12ba-48f7-ada3-0d743a3601d5"])
    caller.assign(ADELE, [E3], [])
    assert [(record.target, record.remove) for record in oracle.bare_moments(tenant, pair)] == [
        (ADELE, (E3, "c5928f49-12ba-48f7-ada3-0d743a3601d5"))
    ]
    assert oracle.changed_beside(tenant, before, pair) == [ADELE]
    assert oracle.bare_users(tenant, pair, [ADELE, BRAM]) == [BRAM]
    assert oracle.holders(tenant, "ENTERPRISEPACK") == {ADELE}


def test_instants_are_written_and_read_as_utc() -> None:
    """A date without a zone is refused."""
    assert (stamp(0.0), stamp(1_709_164_799.9)) == ("1970-01-01T00:00:00Z", "2024-02-28T23:59:59Z")
    assert instant("2024-02-29T01:00:00+01:00") == 1_709_164_800.0
    with pytest.raises(ValueError, match="no time zone"):
        instant("2024-02-29T01:00:00")


def test_the_sample_tenant_is_what_its_builder_makes() -> None:
    """The file in the repository can be made again, byte for byte, and is small."""
    committed = SAMPLE.read_bytes()

    assert committed == dump(load(document()))
    assert len(committed) < 400_000


def test_the_sample_tenant_is_sound_and_its_notes_are_never_served() -> None:
    """Two subscriptions stand behind E4 and add up; nothing is overdrawn; no user carries its note over HTTP."""
    tenant = load(SAMPLE.read_bytes())
    source = tenant.sku_named("ENTERPRISEWITHSCAL")
    caller = Caller(tenant)

    purchases = [one.total for one in tenant.subscriptions.values() if one.sku == source.id]
    assert (len(purchases), sum(purchases)) == (2, source.enabled)
    assert oracle.overdrawn(tenant) == []
    assert len(tenant.notes) > 50
    assert b"note" not in caller.call("GET", "/users?$top=999").content
    names = {group.name: (len(group.members), bool(group.licenses)) for group in tenant.groups.values()}
    assert names["LIC-Office365-E4-onboarding"] == (0, True)
    assert names["LIC-Office365-E4"][0] > 5


def test_targets_of_the_sample_are_ready() -> None:
    """The three targets are Enabled with every service plan provisioned."""
    tenant = load(SAMPLE.read_bytes())

    for name in ("ENTERPRISEPACK", "ENTERPRISEPREMIUM", "SPE_E3"):
        sku = tenant.sku_named(name)
        assert (sku.status, {plan.status for plan in sku.plans}) == ("Enabled", {"Success"})
