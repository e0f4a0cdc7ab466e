"""What the journal says of a user or a group, line by line, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.license_reassignment.commands.explain.told_from import (
    ToldFrom,
    outcome_in_words,
    reason_beside,
    reason_in_words,
)
from jobs.license_reassignment.model.group_change import in_error_text
from jobs.license_reassignment.model.standing import GROUPS, LOCATIONS, REPROCESSED, Entry
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.report.words import ENGLISH

_GROUP_STATES: Mapping[str, str] = {"moved": "settled", "pending": "not_sent", "retry": "not_sent", "stop": "not_sent"}
"""Where a group stands by what was written of it; any other word is a state itself."""


def line_told(told: ToldFrom, entry: Entry, item: Mapping[str, Any], *, half: bool = False) -> str:
    """Say one line of the journal. `half`: the user's own request only removes what a group gives no longer."""
    if entry.writes == GROUPS:
        return f"{entry.at}: {_of_group(told, entry, item)}"
    match entry.kind:
        case "intent":
            return f"{entry.at}: {_sent(entry, item, half=half)}"
        case "outcome":
            return f"{entry.at}: {_answered(entry, item, outcome_in_words(item['verdict']))}"
    why = f" ({reason_in_words(item['reason'])})" if item.get("reason") else ""
    words = f" Graph said before: {item['message']}" if item.get("message") else ""
    return f"{entry.at}: closed without a request: {outcome_in_words(item['verdict'])}{why}.{words}"


def _sent(entry: Entry, item: Mapping[str, Any], *, half: bool) -> str:
    if entry.writes == LOCATIONS:
        return f"the usage location {item['usage_location']} was written down and sent."
    batch = f"(batch {entry.body['batch']})"
    if entry.writes == REPROCESSED:
        return f"Entra was asked to reprocess the user's licenses {batch}."
    if half:
        return f"the request that removes the direct license was written down and sent {batch}."
    return f"the request was written down and sent {batch}."


def _answered(entry: Entry, item: Mapping[str, Any], became: str) -> str:
    words = f" {item['code']}: {item['message']}" if item.get("message") else ""
    return f"answer {item['status']}, {became}.{words} Request {entry.body['request_id']}."


def _of_group(told: ToldFrom, entry: Entry, item: Mapping[str, Any]) -> str:
    name = told.group_name(item["id"])
    became = ENGLISH.name("group_state", _GROUP_STATES.get(item.get("verdict", ""), item.get("verdict", "")))
    if entry.kind == "intent":
        return f"the change of group {name} was written down and sent (batch {entry.body['batch']})."
    if entry.kind == "outcome" and item["verdict"] == "accepted":
        return (
            f"answer {item['status']}, accepted for group {name}: Entra changes its members in the background. "
            f"Request {entry.body['request_id']}."
        )
    if entry.kind == "outcome":
        return f"group {name}: {_answered(entry, item, became)}"
    if "members" in item:
        return f"group {name} is settled. Members: {_members(item['members'])}."
    why = reason_beside(became, item.get("reason", ""))
    words = f" {item['message'].rstrip('.')}." if item.get("message") else ""
    return f"group {name} looked at: {became}{why}.{words}"


def _members(counts: Mapping[str, int]) -> str:
    words = {"moved": "moved", "error": "in error", "left": "no longer inside", "joined": "joined since"}
    return ", ".join(f"{counts[key]} {word}" for key, word in words.items() if counts.get(key)) or "none"


@dataclass(frozen=True, slots=True)
class Failure:
    """What Entra could not do for one member, and what helps; `user_id` is whose it is."""

    user_id: str
    sentence: str


def failures(told: ToldFrom, group_id: str) -> list[Failure]:
    """Return what went wrong for members, by the last look that settled a group: one for each member and error."""
    settled = [item for _, item in told.about(group_id) if "failed" in item]
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in settled[-1]["failed"] if settled else ():
        found.setdefault((one["id"], one["error"]), []).append(one)
    return [
        Failure(user, f"{told.names.sku_list([f['sku'] for f in some])}: {in_error_text(some[-1]['state'], error)}")
        for (user, error), some in found.items()
    ]


def reprocess_told(told: ToldFrom, users: int) -> str:
    """Say how the licenses of users in error are worked out again once the error is resolved."""
    whose = "the user's licenses" if users == 1 else f"the licenses of these {counted(users, 'user')}"
    by_apply = (
        "the same `reseat apply` has it done too, since the plan was made with `[groups] reprocess_errors`"
        if told.plan.header.settings.reprocesses_errors
        else "`reseat apply` does not do it, since the plan was made without `[groups] reprocess_errors`"
    )
    return (
        f"To have {whose} reprocessed: Reprocess at the group's licenses in the admin center, or "
        f"`POST /users/{{id}}/reprocessLicenseAssignment`; {by_apply}."
    )
