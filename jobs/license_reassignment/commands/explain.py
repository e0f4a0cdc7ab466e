"""`reseat explain`: why one user was decided so, and what happened, from the files of the run folder alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.catalog.products import Catalog
from connectors.roster.letters import strip
from connectors.tenant import LicenseProfile, Names
from jobs.license_reassignment.decide.remarks import SEPARATOR, sentence_of
from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.model.group_change import in_error_text
from jobs.license_reassignment.model.plan import Plan, hindrances_told, parse_disabled, split
from jobs.license_reassignment.model.reasons import group_remedy, remedy
from jobs.license_reassignment.model.standing import GROUPS, LOCATIONS, REPROCESSED, Entry
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.reconcile.findings import FINE
from jobs.license_reassignment.report.words import ENGLISH
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import (
    entries,
    load_journal,
    load_plan,
    load_snapshot,
)
from jobs.license_reassignment.run_folder.snapshot_files import read_csv

_COVER = {"covered": ", which the target has in full", "partly": ", which the target has in part", "kept": ""}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one user was decided so and what happened, in sentences, with the facts beside them."""

    plan_id: str
    user: str
    sentences: tuple[str, ...]
    facts: Mapping[str, Any]


def explanation_of(run: RunDir, user: str, catalog: Catalog) -> Explanation:
    """Tell why one user, or one group, was decided so, and what happened.

    Raises InputError (2) for who is not in the plan, and for a name that several groups have.
    """
    plan = load_plan(run)
    wanted = strip(user).lower()
    if not wanted:
        raise InputError("No user is named. Give the UPN or the object id as in decisions.csv.")
    rows = plan.decisions[(plan.decisions["name"].str.lower() == wanted) | (plan.decisions["id"] == wanted)]
    if rows.empty:
        return _of_group(run, plan, user, wanted, catalog.names)
    row = {str(k): str(v) for k, v in rows.iloc[0].to_dict().items()}
    before = load_snapshot(run).profiles[int(row["before"])]
    lines = _lines_about(run, plan, {row["id"], *split(row.get("via_groups", ""))})
    after = _outcome(run, row["id"])
    names = catalog.names
    sentences = [*_decided(plan, row, before, names), *_happened(plan, row["id"], lines), *_proven(after, names)]
    return Explanation(plan.plan_id, row["name"], tuple(sentences), {"decision": row, "after": after})


def _of_group(run: RunDir, plan: Plan, given: str, wanted: str, names: Names) -> Explanation:
    rows = plan.groups[(plan.groups["name"].str.lower() == wanted) | (plan.groups["id"] == wanted)]
    if rows.empty:
        raise InputError(
            f"Plan {plan.plan_id} has no user {given}: not in scope when it was made, or spelled otherwise; and no "
            "group of this name. Give the UPN or the object id as in decisions.csv."
        )
    if len(rows) > 1:
        raise InputError(f"{len(rows)} groups are called {given}: give the object id as in decisions.csv.")
    row = {str(k): str(v) for k, v in rows.iloc[0].to_dict().items()}
    told = next((g for g in plan.header.groups or () if g.id == row["id"]), None)
    members = counted(told.members if told else 0, "member")
    sentences = [f"{row['name']} ({row['id']}) is a group with {members}."]
    if row["kind"] == "hold":
        fate = f"stays as it is: {_reason(row['reason'])}. {group_remedy(row['reason'])}"
        sentences.append(fate[0].upper() + fate[1:])
        hindered = hindrances_told(plan, told) if told else ()
        sentences += [ENGLISH.naming(names)(sentence) for sentence in hindered]
    else:
        sentences.append(f"One request changes it, in wave {row['wave']}: {_request(row, names)}.")
    sentences += _happened(plan, row["id"], _lines_about(run, plan, {row["id"]}), "group")
    return Explanation(plan.plan_id, row["name"], tuple(sentences), {"decision": row, "after": {}})


def _lines_about(run: RunDir, plan: Plan, ids: set[str]) -> list[Entry]:
    known = entries(load_journal(run, plan).lines)
    return [e for e in known if any(i["id"] in ids for i in e.body.get("items", ()))]


def _request(row: Mapping[str, str], names: Names) -> str:
    """Say what one request adds and removes."""
    off = parse_disabled(row["disabled_plans"])
    added = ", ".join(names.sku(s) + (f" with {_disabled(off[s])}" if s in off else "") for s in split(row["add"]))
    return f"add {added or 'nothing'}, remove {names.sku_list(split(row['remove'])) or 'nothing'}"


def _group_name(plan: Plan, group_id: str) -> str:
    return next((g.name for g in plan.header.groups or () if g.id == group_id), group_id)


def _decided(plan: Plan, row: Mapping[str, str], before: LicenseProfile, names: Names) -> list[str]:
    held = ", ".join(
        f"{names.sku(a.sku_id)} ({'direct' if a.direct else 'through group ' + _group_name(plan, a.group_id)}"
        + (f", {_disabled(a.disabled_plans)})" if a.disabled_plans else ")")
        for a in before.assignments
    )
    sentences = [
        f"{row['name']} ({row['id']}) had when the plan was made: {held or 'no license that this plan is about'}."
    ]
    rule = f"Rule: {row['rule']}." if row["rule"] else "No rule matched."
    if row["kind"] == "hold":
        detail = f" ({ENGLISH.naming(names)(plan.said(row['detail']))})" if row["detail"] else ""
        wanted = f" The target would be {names.sku_list(split(row['targets']))}." if row["targets"] else ""
        sentences.append(
            f"{rule}{wanted} On hold: {_reason(row['reason'])}{detail}. {remedy(row['reason'], undo=plan.undo)}"
        )
        return [*sentences, *_remarked(row, names)]
    if via := split(row.get("via_groups", "")):
        groups = " and ".join(_group_name(plan, g) for g in via)
        gets = names.sku_list(split(row["targets"]))
        sentences.append(f"{rule} Changes with the group {groups}, in wave {row['wave']}: gets {gets} through it.")
        if row["add"] or row["remove"]:
            sentences.append(f"Once the group is done, in one request of its own: {_request(row, names)}.")
    else:
        sentences.append(f"{rule} In one request, in wave {row['wave']}: {_request(row, names)}.")
    for column, words in (("plans_kept_off", "Stays disabled"), ("plans_new_on", "New"), ("plans_lost", "Ends")):
        if row[column]:
            sentences.append(f"{words}: {', '.join(names.plan(p) for p in split(row[column]))}.")
    return [*sentences, *_remarked(row, names)]


def _disabled(plans: Sequence[str]) -> str:
    return f"{counted(len(plans), 'service')} disabled"


def _reason(code: str) -> str:
    return ENGLISH.name("reason", code)


def _became(verdict: str) -> str:
    return ENGLISH.name("outcome", verdict)


def _remarked(row: Mapping[str, str], names: Names) -> list[str]:
    """Say what is worth knowing of this user beside the change itself."""
    sentences = []
    for sku, _, cover in (pair.partition(":") for pair in row["addons"].split(";") if pair):
        sentences.append(f"Keeps {names.sku(sku)}{_COVER[cover]}.")
    for remark in filter(None, row["remarks"].split(SEPARATOR)):
        pair = remark.partition(": ")[2]
        sentences.append(f"Worth knowing: {sentence_of(remark)}{f' ({pair})' if pair else ''}.")
    return sentences


def _happened(plan: Plan, about: str, lines: Sequence[Entry], kind: str = "user") -> list[str]:
    sentences: list[str] = []
    for entry in lines:
        if entry.writes == GROUPS:
            sentences += _happened_to_groups(plan, about, entry)
            continue
        item = next(i for i in entry.body["items"] if i["id"] == about)
        if entry.kind == "intent" and entry.writes == REPROCESSED:
            sentences.append(f"{entry.at}: asked Entra to work out the licenses of this user's groups again.")
        elif entry.kind == "intent" and entry.writes == LOCATIONS:
            sentences.append(f"{entry.at}: the usage location {item['usage_location']} was written down and sent.")
        elif entry.kind == "intent":
            sentences.append(f"{entry.at}: the request was written down and sent (batch {entry.body['batch']}).")
        elif entry.kind == "outcome":
            words = f" {item['code']}: {item['message']}" if item.get("message") else ""
            answer = f"answer {item['status']}, {_became(item['verdict'])}"
            sentences.append(f"{entry.at}: {answer}.{words} Request {entry.body['request_id']}.")
        elif entry.kind == "settled":
            why = f" ({_reason(item['reason'])})" if item.get("reason") else ""
            words = f" Graph said before: {item['message']}" if item.get("message") else ""
            sentences.append(f"{entry.at}: closed without a request: {_became(item['verdict'])}{why}.{words}")
    return sentences or [f"No request was sent for this {kind}."]


def _happened_to_groups(plan: Plan, about: str, entry: Entry) -> Iterator[str]:
    """Tell what one line says of the groups it names; of a member, whether that one failed."""
    for item in entry.body["items"]:
        name = _group_name(plan, item["id"])
        if entry.kind == "intent":
            yield f"{entry.at}: the change of group {name} was written down and sent."
        elif entry.kind == "outcome":
            words = f" {item['code']}: {item['message']}" if item.get("message") else ""
            answer = f"answer {item['status']}, {_became(item['verdict'])}"
            yield f"{entry.at}: {answer} for group {name}.{words} Request {entry.body.get('request_id', '')}."
        elif entry.kind == "settled":
            mine = [one for one in item.get("failed", ()) if one["id"] == about]
            counts = ", ".join(f"{n} {what}" for what, n in item.get("members", {}).items() if n)
            why = f" ({_reason(item['reason'])})" if item.get("reason") else ""
            seen = f" Members: {counts}." if counts and about == item["id"] else ""
            yield f"{entry.at}: group {name} looked at: {_became(item['verdict'])}{why}.{seen}"
            for one in mine:
                yield f"{entry.at}: this member is in error: {in_error_text(one['state'], one['error'])}."


def _outcome(run: RunDir, user_id: str) -> dict[str, str]:
    if not run.has("users.csv"):
        return {}
    with run.reading("users.csv"):
        table = read_csv(run.read("users.csv"))
        rows = table.loc[table["id"] == user_id, list(table.columns)]
        _ = table[["outcome", "reason", "after_skus"]]
    return {} if rows.empty else {str(k): str(v) for k, v in rows.iloc[0].to_dict().items()}


def _proven(after: Mapping[str, str], names: Names) -> list[str]:
    if not after:
        return ["The tenant was not read again yet: `reseat verify` confirms the outcome."]
    reason = f" ({_reason(after['reason'])})" if after["reason"] else ""
    has = " + ".join(names.product(sku) for sku in split(after["after_skus"])) or "nothing"
    sentences = [f"Last read: {_became(after['outcome'])}{reason}; holds {has}."]
    if after["outcome"] not in {*FINE, "held"}:
        found = f"What was found: {after['detail'].rstrip('.')}." if after.get("detail") else ""
        sentences += filter(None, (found, after.get("remedy", "")))
    return sentences
