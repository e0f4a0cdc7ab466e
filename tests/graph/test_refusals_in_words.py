"""Graph's sentences, each with the one reason whose remedy settles it; what nobody has seen is for a person to read."""

# ruff: noqa: E501 - the table has one sentence to a line

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from graph.between import Answer, Between, writes
from worlds.in_process import CommandLine
from worlds.small_tenant import APPLY, NEW, header, person, place

from connectors.changes import Verdict
from connectors.graph.verdicts import meaning
from connectors.sandbox.sample.seed import catalog
from jobs.license_reassignment.model.reasons import remedy
from jobs.license_reassignment.report.codes import FAMILIES

PLAN, SKU = "41781fb2-bc02-4b7c-bd55-b576c07bb09d", "6fd2c87f-b296-42f0-b197-1e91e994b900"

SENTENCES = [
    ("License assignment cannot be done for user with invalid usage location.", "no_usage_location"),
    ("Cannot process request because a referenced item has an invalid usage location.", "no_usage_location"),
    ("Property usageLocation is invalid.", "no_usage_location"),
    ("License cannot be assigned to a user without a usage location specified", "no_usage_location"),
    (
        f"License assignment failed because service plan {PLAN} is not allowed in the user's usage location.",
        "not_in_location",
    ),
    (f"Service plan {PLAN} is not allowed in the user's usage location.", "not_in_location"),
    ("ProhibitedInUsageLocationViolation", "not_in_location"),
    (f"Subscription with SKU {SKU} does not have any available licenses.", "no_seat"),
    (
        "LicenseQuotaExceededException : Subscription with Account a and SKU b does not have any available licenses left.",
        "no_seat",
    ),
    (f"Not enough licenses are available to complete this operation for SKU {SKU}.", "no_seat"),
    ("There are no available licenses for the specified allotment.", "no_seat"),
    (f"License assignment failed because service plans {PLAN}, {PLAN} are mutually exclusive.", "conflict"),
    (f"License assignment failed because service plans {PLAN},{PLAN} are mutually exclusive.", "conflict"),
    (f"License assignment failed because service plan {PLAN} conflicts with service plan {PLAN}.", "conflict"),
    (
        f"License assignment failed because service plan {PLAN} depends on the service plan(s) {PLAN}, {PLAN}",
        "dependency",
    ),
    ("User license is inherited from a group membership and it cannot be removed directly from the user.", "inherited"),
    (f"License {SKU} does not correspond to a valid company License.", "unknown_sku"),
    (f"License {SKU} cannot be assigned to a user.", "company_sku"),
    (f"The service plan {PLAN} does not belong to the subscription with SKU {SKU}.", "unknown_plan"),
    ("The service plan does not belong to the subscription.", "unknown_plan"),
    ("Another object with the same value for property proxyAddresses already exists.", "duplicate_address"),
    ("The proxy address is already being used.", "duplicate_address"),
]

UNKNOWN = [
    "The usage location service is unavailable.",
    "Property usageLocation cannot be updated for this user.",
    "Another object with the same value for property userPrincipalName already exists.",
    "Property proxyAddresses is read-only for objects mastered on-premises.",
    "The available licenses could not be counted.",
    "Whether this works depends on your subscription.",
    "This request conflicts with a policy of your organization.",
    "The user does not belong to this tenant.",
    "The role is inherited and cannot be changed here.",
    "",
]


@pytest.mark.parametrize(("sentence", "reason"), SENTENCES)
def test_a_sentence_of_graph_has_its_own_reason(sentence: str, reason: str) -> None:
    """Known sentences, in any case and spacing, and each reason has a remedy and a word in both languages."""
    for words in (sentence, sentence.upper(), sentence.replace(" ", "\n  ")):
        assert (Verdict.REFUSED, reason) == meaning(400, "Request_BadRequest", words)
    assert remedy(reason, refused=True)
    assert reason in FAMILIES["reason"]


@pytest.mark.parametrize("sentence", UNKNOWN)
def test_a_sentence_that_only_sounds_alike_is_for_a_person(sentence: str) -> None:
    """A remedy for another cause would send somebody to the wrong place."""
    assert (Verdict.REFUSED, "review") == meaning(400, "Request_BadRequest", sentence)


def refused(sentence: str) -> Between:
    """Graph refuses every change with this sentence."""

    def change(answer: Answer) -> Answer:
        error = {"error": {"code": "Request_BadRequest", "message": sentence}}
        return answer.saying({"responses": [{"id": "0", "status": 400, "headers": {}, "body": error}]})

    return Between(writes, change, reached=False)


@pytest.mark.parametrize(("sentence", "reason"), [s for s in SENTENCES if s[1] != "no_seat"])
def test_the_journal_keeps_the_sentence_and_its_reason(
    reseat: CommandLine, tmp_path: Path, sentence: str, reason: str
) -> None:
    """The person who asks reads Graph's own words; the report names what settles them."""
    where = place(tmp_path, [person("ada")])
    assert reseat(where, "plan").code in {0, 3}
    header(where)
    reseat.between = refused(sentence)

    assert 3 == reseat(where, "apply", where.run, *APPLY).code

    lines = (where.folder / "runs" / where.run / "journal.jsonl").read_bytes().splitlines()
    [item] = [one for line in map(orjson.loads, lines) if line["kind"] == "outcome" for one in line["items"]]
    assert ("refused", reason, sentence) == (item["verdict"], item["reason"], item["message"])
    assert sentence in reseat(where, "explain", where.run, "ada@contoso.example").words


def test_a_service_that_a_country_has_not_is_refused_with_a_remedy_that_works(
    reseat: CommandLine, tmp_path: Path
) -> None:
    """Not "set a usage location": the user has one. With that service switched off, the next plan moves the user."""
    settings = f'\n[scope]\nroster = "users.csv"\n\n[[swap]]\nname = "everyone"\nto = ["{NEW}"]\n'
    rules = {**catalog()["rules"], "prohibited": {"KAIZALA_O365_P3": ["NL"]}}
    users = [person("ada"), person("bob", location="BE")]
    where = place(tmp_path, users, settings, roster="user_principal_name\nada@contoso.example\n", rules=rules)
    assert reseat(where, "plan").code in {0, 3}
    header(where)
    assert 3 == reseat(where, "apply", where.run, *APPLY).code
    assert 3 == reseat(where, "verify", where.run).code
    told = (where.folder / "runs" / where.run / "actions.csv").read_text(encoding="utf-8")
    assert remedy("not_in_location", refused=True).replace("`", "") in told
    assert "Set a usage location" not in told

    row = "user_principal_name,disabled_plans\nada@contoso.example,KAIZALA_O365_P3\n"
    (where.folder / "users.csv").write_text(row, encoding="utf-8")
    before = {path.name for path in (where.folder / "runs").glob("p*")}
    assert reseat(where, "plan").code in {0, 3}
    [again] = {path.name for path in (where.folder / "runs").glob("p*")} - before
    assert 0 == reseat(where, "apply", again, *APPLY).code
    user = where.tenant.user("ada@contoso.example")
    assert user is not None
    assert [NEW] == [where.tenant.skus[sku].part_number for sku in user.profile.held]
