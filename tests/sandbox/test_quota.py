"""Microsoft's limits, the headers that tell of them, and the record of who did not listen."""

from __future__ import annotations

from worlds.sandbox_client import ADELE, START, TENANT, Caller, person, swap_item, tenant_of

from connectors.sandbox.tenant.model import Json
from connectors.sandbox.trouble.quota import Limit, Quota

NOTHING: Json = {"addLicenses": [], "removeLicenses": []}
ASSIGN = f"/users/{ADELE}/assignLicense"


def caller_with(scale: float) -> Caller:
    """A tenant with one user and a share of Microsoft's limits."""
    return Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL")), quota=Quota(scale=scale))


def test_the_quota_has_the_figures_that_microsoft_publishes() -> None:
    """3,000 writes in 150 s per app and tenant, 18,000 in 300 s per tenant, 8,000 units in 10 s, 5 reports in 10 s."""
    quota = Quota()

    assert [
        (limit.capacity, limit.seconds) for limit in (quota.writes, quota.tenant_writes, quota.units, quota.reports)
    ] == [(3_000, 150), (18_000, 300), (8_000, 10), (5, 10)]
    assert [Quota(size=size).units.capacity for size in ("S", "M")] == [3_500, 5_000]


def test_a_bucket_refills_evenly_and_refused_calls_cost() -> None:
    """Ten tokens in ten seconds: a refused call makes the wait longer, down to a floor of a quarter of the limit."""
    limit = Limit(10, 10.0)

    assert [limit.take(1, 0.0) for _ in range(10)] == [0.0] * 10
    assert [limit.take(1, 0.0) for _ in range(3)] == [2.0, 3.0, 3.5]
    assert limit.take(1, 3.0) == 1.5
    assert limit.take(1, 5.0) == 0.0


def test_a_write_beyond_the_quota_is_told_how_long_to_wait() -> None:
    """429 with Retry-After, the scope and the reason; Graph's body for it."""
    caller = caller_with(0.001)
    for _ in range(3):
        assert caller.call("POST", ASSIGN, json=NOTHING).status_code == 200

    answer = caller.call("POST", ASSIGN, json=NOTHING)

    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "88"
    app = "5a4d0b07-0000-4000-8000-000000000001"
    assert answer.headers["x-ms-throttle-scope"] == f"Tenant_Application/Write/{app}/{TENANT}"
    assert answer.headers["x-ms-throttle-information"] == "WriteLimitExceeded"
    error = answer.json()["error"]
    assert error["code"] == "TooManyRequests"
    assert (error["innerError"]["code"], error["innerError"]["status"]) == ("429", "429")


def test_the_warning_header_comes_above_four_fifths() -> None:
    """It is not there below; it says how much of the limit is used."""
    caller = caller_with(0.01)

    used = [caller.call("POST", ASSIGN, json=NOTHING).headers.get("x-ms-throttle-limit-percentage") for _ in range(26)]

    assert used == [None] * 24 + ["0.83", "0.87"]


def test_batch_items_are_throttled_one_by_one() -> None:
    """The outer answer is 200; the Retry-After stands in the headers of each refused item."""
    caller = caller_with(0.001)
    caller.tenant.knobs.overlap_conflicts = False

    answers = caller.batch(*({**swap_item(f"{n}", ADELE), "body": NOTHING} for n in range(5)))

    refused = {key: item["headers"]["Retry-After"] for key, item in answers.items() if item["status"] == 429}
    assert sorted(item["status"] for item in answers.values()) == [200, 200, 200, 429, 429]
    assert sorted(refused.values()) == ["88", "88"]


def test_reports_have_a_limit_of_their_own() -> None:
    """The sixth audit query within ten seconds has to wait; other reads do not."""
    caller = caller_with(1.0)

    statuses = [caller.call("GET", "/auditLogs/directoryAudits").status_code for _ in range(6)]

    assert statuses == [200, 200, 200, 200, 200, 429]
    assert caller.call("GET", "/users").status_code == 200


def test_a_request_inside_its_wait_is_written_down() -> None:
    """A write that comes too early is a violation; a read is not, nor is the write after the wait."""
    caller = caller_with(0.001)
    for _ in range(4):
        caller.call("POST", ASSIGN, json=NOTHING)
    quota = caller.world.quota

    caller.clock[0] += 10
    caller.call("GET", "/users")
    assert quota.violations == []
    caller.call("POST", ASSIGN, json=NOTHING)
    assert [(START + 10, "Write", f"users/{ADELE}/assignLicense")] == [(v.at, v.kind, v.path) for v in quota.violations]
    caller.clock[0] += 200
    caller.call("POST", ASSIGN, json=NOTHING)
    assert len(quota.violations) == 1


def test_a_request_that_was_on_its_way_is_no_violation() -> None:
    """The wait counts from the moment it was told; `grace_seconds` forgives the network."""
    quota = Quota(grace_seconds=0.5)
    quota.announce("Write", 10, START)

    for later in (0.0, 0.4, 0.6, 9.9, 10.0):
        quota.arrive("Write", "p", START + later)

    assert [round(v.at - START, 1) for v in quota.violations] == [0.6, 9.9]


def test_the_busiest_span_counts_every_attempt() -> None:
    """The oracle of "never more than so many writes in any 150 s"."""
    quota = Quota()
    for at in (0.0, 1.0, 100.0, 149.0, 150.0, 151.0, 400.0):
        quota.charge("Write", 1, at)

    assert quota.busiest(150.0) == 4


def test_other_apps_spend_from_the_tenants_quota() -> None:
    """When others have used it up, our writes wait although our own quota is there."""
    caller = caller_with(1.0)
    caller.world.quota.outside(18_000, START)

    answer = caller.call("POST", ASSIGN, json=NOTHING)

    assert answer.status_code == 429
    assert answer.headers["x-ms-throttle-scope"].startswith("Tenant/Write/")
