"""Twenty calls in one request: each answered, refused and throttled on its own."""

from __future__ import annotations

from typing import Any

import pytest
from worlds.sandbox_client import ADELE, BRAM, CHLOE, E3, E4, Caller, person, swap_item, tenant_of

from connectors.sandbox.tenant.model import Json
from connectors.sandbox.trouble.faults import FaultPlan


def users(count: int) -> list[Json]:
    """Users with E4."""
    return [person(f"{n:08}-0000-4000-8000-000000000000", f"user{n}", "ENTERPRISEWITHSCAL") for n in range(count)]


def ids(count: int) -> list[str]:
    """Their object ids."""
    return [f"{n:08}-0000-4000-8000-000000000000" for n in range(count)]


def test_each_item_has_its_own_answer() -> None:
    """A refusal beside a success: the outer 200 says nothing about the items."""
    caller = Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL"), person(BRAM, "Bram")))

    answers = caller.batch(
        swap_item("1", ADELE), swap_item("2", BRAM), swap_item("3", CHLOE), {"id": "4", "method": "GET", "url": "/nope"}
    )

    assert {key: item["status"] for key, item in answers.items()} == {"1": 200, "2": 400, "3": 404, "4": 404}
    assert answers["1"]["body"]["id"] == ADELE
    assert answers["2"]["body"]["error"]["message"] == "User does not have a corresponding license."
    assert answers["1"]["headers"] == {"x-ms-resource-unit": "1", "Content-Type": "application/json"}


def test_all_items_share_the_request_id_of_the_batch() -> None:
    """An item is told from another by its batch id only."""
    caller = Caller(tenant_of())

    answers = caller.batch(swap_item("1", ADELE), swap_item("2", BRAM))

    assert len({item["body"]["error"]["innerError"]["request-id"] for item in answers.values()}) == 1


def test_answers_come_in_any_order() -> None:
    """Some seed gives another order than that of the requests; the ids stay right."""
    orders = set()
    for seed in range(5):
        caller = Caller(tenant_of(*users(10), seats={"ENTERPRISEPACK": 50}), faults=FaultPlan(seed=seed))
        answers = caller.batch(*(swap_item(f"i{n}", key) for n, key in enumerate(ids(10))))
        orders.add(tuple(answers))
        assert [answers[f"i{n}"]["body"]["id"] for n in range(10)] == ids(10)

    assert len(orders) > 1


def test_reads_in_a_batch_bring_absolute_next_links() -> None:
    """An item's URL may be percent-encoded; its nextLink is a plain address."""
    caller = Caller(tenant_of(*users(3)))
    url = f"/users?$filter=assignedLicenses/any(x:x/skuId%20eq%20{E4})&$select=id&$top=2"

    answers = caller.batch({"id": "a", "method": "GET", "url": url})

    assert [row["id"] for row in answers["a"]["body"]["value"]] == ids(2)
    assert [row["id"] for row in caller.get(answers["a"]["body"]["@odata.nextLink"])["value"]] == ids(3)[2:]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Invalid batch payload format."),
        ({"requests": []}, "Invalid batch payload format."),
        ({"requests": [{"id": "1"}]}, "Invalid batch payload format."),
        (
            {"requests": [swap_item(f"{n}", ADELE) for n in range(21)]},
            "Number of batch request steps exceeds the maximum value of 20.",
        ),
        (
            {"requests": [swap_item("a", ADELE), swap_item("A", BRAM)]},
            "Request Id 'A' is not unique within the batch.",
        ),
        (
            {"requests": [{**swap_item("1", ADELE), "headers": {}}]},
            "Write request id : 1 does not contain Content-Type header or body.",
        ),
        (
            {"requests": [{**swap_item("1", ADELE), "dependsOn": ["9"]}]},
            "Request Id '1' depends on an unknown request '9'.",
        ),
    ],
)
def test_a_malformed_batch_fails_as_a_whole(body: Any, message: str) -> None:
    """Nothing of it is carried out."""
    caller = Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL")))

    answer = caller.call("POST", "/$batch", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert answer.json()["error"]["message"] == message
    assert caller.tenant.write_log == []


def test_what_depends_on_a_failure_is_not_carried_out() -> None:
    """424, down the whole chain; what depends on a success runs."""
    caller = Caller(tenant_of(*users(4)))
    key = ids(4)

    answers = caller.batch(
        swap_item("1", CHLOE),
        {**swap_item("2", key[1]), "dependsOn": ["1"]},
        {**swap_item("3", key[2]), "dependsOn": ["2"]},
        swap_item("4", key[3]),
        {**swap_item("5", key[0]), "dependsOn": ["4"]},
    )

    assert {key: item["status"] for key, item in answers.items()} == {"1": 404, "2": 424, "3": 424, "4": 200, "5": 200}


def test_two_writes_of_one_user_in_one_batch_conflict() -> None:
    """One of them is done, the other is a 409 that a retry solves."""
    caller = Caller(tenant_of(person(ADELE, "Adele", "ENTERPRISEWITHSCAL")))

    answers = caller.batch(swap_item("1", ADELE), swap_item("2", ADELE))

    assert sorted(item["status"] for item in answers.values()) == [200, 409]
    refused = next(item for item in answers.values() if item["status"] == 409)["body"]["error"]
    assert refused["code"] == "Directory_ConcurrencyViolation"
    assert refused["message"] == (
        "Error due to concurrent requests being made to the tenant. Please wait briefly and retry."
    )


def test_seats_that_run_out_within_a_batch_go_to_some_of_its_users() -> None:
    """As many succeed as there are seats; the others keep what they had."""
    caller = Caller(tenant_of(*users(6), seats={"ENTERPRISEPACK": 4}))

    answers = caller.batch(*(swap_item(f"{n}", key) for n, key in enumerate(ids(6))))

    assert sorted(item["status"] for item in answers.values()) == [200, 200, 200, 200, 400, 400]
    assert (caller.tenant.consumed(E3), caller.tenant.consumed(E4)) == (4, 2)
