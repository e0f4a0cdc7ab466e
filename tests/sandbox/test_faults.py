"""Each fault does what its name says, once it is asked for, and leaves a mark that a test can count."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from worlds.sandbox_client import ADELE, BRAM, E3, E4, START, Caller, person, swap_item, tenant_of

from connectors.sandbox.tenant.model import Json
from connectors.sandbox.tenant.state import SOMEBODY_ELSE
from connectors.sandbox.trouble.faults import FaultPlan

SWAP = {"addLicenses": [{"skuId": E3, "disabledPlans": []}], "removeLicenses": [E4]}
ASSIGN = f"/users/{ADELE}/assignLicense"


def caller_with(**rates: object) -> Caller:
    """A tenant of ten users with E4, and a fault plan."""
    users = [person(f"{n:08}-0000-4000-8000-000000000000", f"user{n}", "ENTERPRISEWITHSCAL") for n in range(9)]
    tenant = tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL"), *users, seats={"ENTERPRISEPACK": 100})
    return Caller(tenant, faults=FaultPlan(**rates))  # type: ignore[arg-type]


def holds(caller: Caller) -> str:
    """Which of the two products Adele holds, past HTTP."""
    user = caller.tenant.user(ADELE)
    assert user is not None
    return "E3" if E3 in user.profile.held else "E4"


@pytest.mark.parametrize(("fault", "expected"), [("drop_before", "E4"), ("drop_after", "E3")])
def test_a_dropped_connection_is_a_transport_error(fault: str, expected: str) -> None:
    """Dropped before the work, nothing is done; after it, everything is, and the caller cannot know."""
    caller = caller_with()
    caller.world.faults.force(fault)

    with pytest.raises(httpx.TransportError):
        caller.call("POST", ASSIGN, json=SWAP)

    assert expected == holds(caller)
    assert caller.world.faults.seen == {fault: 1}


@pytest.mark.parametrize(("fault", "expected"), [("errors", "E4"), ("errors_after", "E3")])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_says_nothing_about_the_work(fault: str, expected: str, status: int) -> None:
    """The same status with and without the work done."""
    caller = caller_with()
    caller.world.faults.force(fault, status=status)

    assert caller.call("POST", ASSIGN, json=SWAP).status_code == status
    assert expected == holds(caller)


def test_some_503s_carry_a_wait_and_some_do_not() -> None:
    """Half of them by default."""
    caller = caller_with(errors={503: 1.0}, retry_after_s=7)

    waits = {caller.call("GET", "/organization").headers.get("retry-after") for _ in range(20)}

    assert waits == {"7", None}


def test_items_fail_and_vanish_one_by_one() -> None:
    """The first item fails undone and its answer is lost as well; the second fails although it was applied."""
    caller = caller_with(shuffle=False)
    keys = [f"{n:08}-0000-4000-8000-000000000000" for n in range(4)]
    for fault in ("item_errors", "item_errors_after", "item_missing"):
        caller.world.faults.force(fault, status=504)

    answers = caller.batch(*(swap_item(key[7], key) for key in keys))

    assert {key: item["status"] for key, item in answers.items()} == {"1": 504, "2": 200, "3": 200}
    users = [caller.tenant.user(key) for key in keys]
    assert [user is not None and E3 in user.profile.held for user in users] == [False, True, True, True]


def test_a_change_may_be_made_although_the_answer_says_throttled() -> None:
    """A 429 is no proof that nothing happened."""
    caller = caller_with()
    caller.world.faults.force("throttled_applied")

    answer = caller.call("POST", ASSIGN, json=SWAP)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert holds(caller) == "E3"


@pytest.mark.parametrize(("share", "header"), [(1.0, "2"), (0.0, None)])
def test_throttled_below_the_quota(share: float, header: str | None) -> None:
    """Under load Graph throttles below its limits, with or without Retry-After; nothing is done then."""
    caller = caller_with(throttled_header_share=share)
    caller.world.faults.force("throttled")

    answer = caller.call("POST", ASSIGN, json=SWAP)

    assert (answer.status_code, answer.headers.get("retry-after")) == (429, header)
    assert holds(caller) == "E4"


def test_an_answer_may_be_cut_off() -> None:
    """A 200 whose JSON cannot be read; the work was done."""
    caller = caller_with()
    caller.world.faults.force("unreadable")

    answer = caller.call("POST", ASSIGN, json=SWAP)

    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert holds(caller) == "E3"


def test_a_stale_read_shows_the_state_before_a_write_for_a_while() -> None:
    """Lists, filters and single reads agree; after `stale_seconds` everybody sees the truth."""
    caller = caller_with(stale=1.0, stale_seconds=30.0)
    holders = f"/users?$filter=assignedLicenses/any(x:x/skuId eq {E4})&$select=id"
    caller.call("POST", ASSIGN, json=SWAP)

    def seen() -> tuple[list[str], bool]:
        licenses = caller.get(f"/users/{ADELE}?$select=assignedLicenses")["assignedLicenses"]
        return [one["skuId"] for one in licenses], ADELE in [row["id"] for row in caller.get(holders)["value"]]

    caller.clock[0] = START + 30
    assert seen() == ([E4], True)
    caller.clock[0] = START + 31
    assert seen() == ([E3], False)


def test_a_stale_read_knows_neither_deletions_nor_restorations() -> None:
    """Somebody who was just deleted is still there, somebody who was just restored is not there yet."""
    caller = caller_with(stale=1.0, stale_seconds=30.0)
    user = caller.tenant.user(ADELE)
    assert user is not None

    caller.tenant.delete_user(user, START)
    assert caller.call("GET", f"/users/{ADELE}").status_code == 200
    caller.clock[0] += 60
    assert caller.call("GET", f"/users/{ADELE}").status_code == 404
    caller.tenant.restore_user(user, START + 60)
    assert caller.call("GET", f"/users/{ADELE}").status_code == 404
    caller.clock[0] += 60
    assert caller.call("GET", f"/users/{ADELE}").status_code == 200


def test_pages_may_be_empty_lead_back_or_repeat_a_user() -> None:
    """A page may be empty, its link may lead back to it, and a user may stand on two pages."""
    caller = caller_with()
    path = "/users?$select=id&$top=4"
    whole = [row["id"] for page in caller.pages(path) for row in page]

    caller.world.faults.force("empty_page")
    assert [len(page) for page in caller.pages(path)] == [0, 4, 4, 2]
    caller.world.faults.force("repeat_link")
    assert [whole[:4], whole[:4]] == [[row["id"] for row in page] for page in caller.pages(path)[:2]]
    caller.world.faults.force("duplicate_row")
    assert [whole[:4], whole[3:8], whole[8:]] == [[row["id"] for row in page] for page in caller.pages(path)]


def test_somebody_else_acts_after_every_kth_write() -> None:
    """What they do is in the write log under their own name."""
    caller = caller_with(seed=3, meddle_every=2, meddle_kinds=("licenses",))

    for _ in range(8):
        caller.assign(ADELE, [E3], [])

    others = [record for record in caller.tenant.write_log if record.actor == SOMEBODY_ELSE]
    assert len(others) >= 3
    assert all(record.before is not record.after for record in others)


@pytest.mark.parametrize("kind", ["seats", "delete"])
def test_somebody_else_takes_seats_and_deletes_people(kind: str) -> None:
    """A seat is taken or a user is gone after the write."""
    caller = caller_with(meddle_every=1, meddle_kinds=(kind,))
    caller.tenant.skus = {key: sku for key, sku in caller.tenant.skus.items() if key in (E3, E4)}

    caller.assign(ADELE, [E3], [])

    other = caller.tenant.write_log[-1]
    assert (other.actor, other.kind) == (SOMEBODY_ELSE, "user" if kind == "seats" else "delete")
    assert (len(caller.tenant.deleted()), caller.tenant.consumed(E3)) == ((0, 2) if kind == "seats" else (1, 1))


def test_overlapping_writes_of_one_user_conflict() -> None:
    """A write that arrives while another one of the same user is under way gets a 409; one after it does not."""
    waiting: list[asyncio.Future[None]] = []

    async def latency(path: str, calls: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting.append(future)
        if len(waiting) == 2:
            for one in waiting:
                one.set_result(None)
        if len(waiting) < 3:
            await future

    caller = Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL"), person(BRAM, "Bram")), latency=latency)

    async def two() -> list[int]:
        async with caller.client() as client:
            both = await asyncio.gather(client.post(ASSIGN, json=SWAP), client.post(ASSIGN, json=SWAP))
            return [answer.status_code for answer in both]

    assert sorted(asyncio.run(two())) == [200, 409]
    assert caller.assign(ADELE, [E3], []) == (200, "")


def test_the_same_seed_gives_the_same_faults_and_a_limit_ends_them() -> None:
    """A world can be replayed, and it calms down."""

    def statuses(seed: int) -> list[int]:
        caller = caller_with(seed=seed, errors={500: 0.3, 503: 0.3}, faults_max=5)
        return [caller.call("GET", "/organization").status_code for _ in range(30)]

    assert statuses(1) == statuses(1)
    assert statuses(1) != statuses(2)
    assert sum(status != 200 for status in statuses(1)) == 5


def test_faults_can_be_confined() -> None:
    """`where` chooses by method and path."""
    caller = caller_with(errors={500: 1.0}, where=lambda method, path: (method, path) == ("GET", "users"))

    assert caller.call("GET", "/users").status_code == 500
    assert caller.call("GET", "/organization").status_code == 200


def test_nothing_goes_wrong_by_itself() -> None:
    """Without a plan every call succeeds."""
    caller = caller_with()

    rows: list[Json] = [row for page in caller.pages("/users?$top=3") for row in page]

    assert len(rows) == 10
    assert caller.world.faults.seen == {}
