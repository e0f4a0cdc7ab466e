"""The story of one user: what they had, what was decided, what was sent for them or their groups, what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connectors.tenant import LicenseProfile, Names
from jobs.license_reassignment.commands.explain.from_journal import (
    failures,
    line_told,
    reprocess_told,
)
from jobs.license_reassignment.commands.explain.told_from import ToldFrom, outcome_in_words, reason_in_words
from jobs.license_reassignment.decide.remarks import SEPARATOR, sentence_of
from jobs.license_reassignment.model.plan import hindrances_told, parse_disabled, split
from jobs.license_reassignment.model.reasons import remedy
from jobs.license_reassignment.model.standing import GROUPS
from jobs.license_reassignment.reconcile.findings import FINE
from jobs.license_reassignment.report.words import ENGLISH
from jobs.license_reassignment.run_folder.snapshot_files import read_csv

_COVER = {"covered": ", which the target has in full", "partly": ", which the target has in part", "kept": ""}


def story_of_user(told: ToldFrom, row: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Tell of one user: `row` is the decision, `after` the row of users.csv, empty before a verification."""
    via = split(row["via_groups"]) if row["kind"] == "change" else ()
    return [*_decided(told, row, via), *_happened(told, row, via), *_proven(told, row, after, via)]


def _decided(told: ToldFrom, row: Mapping[str, str], via: Sequence[str]) -> list[str]:
    before, names = told.before.profiles[int(row["before"])], told.names
    held = told.held(before.assignments, told.way)
    sentences = [
        f"{row['name']} ({row['id']}) had when the plan was made: {held or 'no license that this plan is about'}."
    ]
    rule = f"Rule: {row['rule']}." if row["rule"] else "No rule matched."
    if row["kind"] == "hold":
        detail = f" ({ENGLISH.naming(names)(told.plan.said(row['detail']))})" if row["detail"] else ""
        wanted = f" The target would be {names.sku_list(split(row['targets']))}." if row["targets"] else ""
        why = remedy(row["reason"], undo=told.plan.undo)
        sentences.append(f"{rule}{wanted} On hold: {reason_in_words(row['reason'])}{detail}. {why}")
        return [*sentences, *_groups_that_stay(told, before), *_remarked(row, names)]
    sentences.append(_by_groups(told, row, rule, via) if via else _by_request(told, row, rule))
    for column, words in (("plans_kept_off", "Stays disabled"), ("plans_new_on", "New"), ("plans_lost", "Ends")):
        if row[column]:
            sentences.append(f"{words}: {', '.join(names.plan(p) for p in split(row[column]))}.")
    return [*sentences, *_remarked(row, names)]


def _by_request(told: ToldFrom, row: Mapping[str, str], rule: str) -> str:
    return f"{rule} In one request, in wave {row['wave']}: {_request(told, row)}."


def _request(told: ToldFrom, row: Mapping[str, str]) -> str:
    """Say what one request adds and removes."""
    off = parse_disabled(row["disabled_plans"])
    added = ", ".join(told.license(s, off.get(s, ())) for s in split(row["add"]))
    return f"add {added or 'nothing'}, remove {told.names.sku_list(split(row['remove'])) or 'nothing'}"


def _by_groups(told: ToldFrom, row: Mapping[str, str], rule: str, via: Sequence[str]) -> str:
    """Say through which groups the user changes, and what is left to a request of the user's own."""
    groups = " and ".join(map(told.group_name, via))
    gets = told.names.sku_list(split(row["targets"]))
    own = row["add"] or row["remove"]
    then = f" Once the group is done, in one request of its own: {_request(told, row)}." if own else ""
    return f"{rule} Changes with the group {groups}, in wave {row['wave']}: gets {gets} through it.{then}"


def _groups_that_stay(told: ToldFrom, before: LicenseProfile) -> Iterator[str]:
    """Say of each group through which a user who stays has an old product what the plan does with it, and why."""
    sources = set(told.plan.sources) | {s for t in told.swaps.values() for s in t.change.remove}
    through = dict.fromkeys(a.group_id for a in before.assignments if not a.direct and a.sku_id in sources)
    for group in (told.groups[g] for g in through if g in told.groups):
        match group.fate:
            case "left":
                yield f"Group {group.name} is not named under [groups] swap."
            case "hold":
                why = "; ".join(map(ENGLISH.naming(told.names), hindrances_told(told.plan, group)))
                named = "" if told.plan.undo else " is named under [groups] swap, and"
                said = f" ({why})" if why else ""
                yield f"Group {group.name}{named} stays as it is: {reason_in_words(group.reason)}{said}."
            case "swap":
                yield f"Group {group.name} is changed by this plan."


def _remarked(row: Mapping[str, str], names: Names) -> list[str]:
    """Say what is worth knowing of this user beside the change itself."""
    sentences = []
    for sku, _, cover in (pair.partition(":") for pair in row["addons"].split(";") if pair):
        sentences.append(f"Keeps {names.sku(sku)}{_COVER[cover]}.")
    for remark in filter(None, row["remarks"].split(SEPARATOR)):
        pair = remark.partition(": ")[2]
        sentences.append(f"Worth knowing: {sentence_of(remark)}{f' ({pair})' if pair else ''}.")
    return sentences


def _happened(told: ToldFrom, row: Mapping[str, str], via: Sequence[str]) -> list[str]:
    lines = list(told.about(row["id"], *via))
    sentences = [line_told(told, entry, item, half=bool(via)) for entry, item in lines]
    if not via:
        return sentences or ["No request was sent for this user."]
    unsent = [g for g in via if not any(e.kind == "intent" and i["id"] == g for e, i in lines if e.writes == GROUPS)]
    sentences += [f"No request was sent to group {told.group_name(g)}." for g in unsent]
    failed = [f.sentence for g in via for f in failures(told, g) if f.user_id == row["id"]]
    sentences += [f"What the group could not do for this user: {sentence}." for sentence in failed]
    return [*sentences, reprocess_told(told, 1)] if failed else sentences


def outcome_of(told: ToldFrom, user_id: str) -> dict[str, str]:
    """Return the row of users.csv; empty before a verification."""
    if not told.run.has("users.csv"):
        return {}
    with told.run.reading("users.csv"):
        table = read_csv(told.run.read("users.csv"))
        rows = table.loc[table["id"] == user_id, list(table.columns)]
        _ = table[["outcome", "reason", "after_skus"]]
    return {} if rows.empty else {str(k): str(v) for k, v in rows.iloc[0].to_dict().items()}


def _proven(told: ToldFrom, row: Mapping[str, str], after: Mapping[str, str], via: Sequence[str]) -> list[str]:
    if not after:
        return ["The tenant was not read again yet: `reseat verify` confirms the outcome."]
    reason = f" ({reason_in_words(after['reason'])})" if after["reason"] else ""
    has = " + ".join(told.names.product(sku) for sku in split(after["after_skus"])) or "nothing"
    sentences = [f"Last read: {outcome_in_words(after['outcome'])}{reason}; holds {has}."]
    sentences += _seen_through(told, row["id"], via)
    if after["outcome"] not in {*FINE, "held"}:
        found = f"What was found: {after['detail'].rstrip('.')}." if after.get("detail") else ""
        sentences += filter(None, (found, after.get("remedy", "")))
    return sentences


def _seen_through(told: ToldFrom, user_id: str, via: Sequence[str]) -> Iterator[str]:
    """Say what the last read shows of a member: each license with the way in which it is held."""
    if not via or told.after is None:
        return
    users = told.after.users
    numbers = users.loc[users["id"] == user_id, "profile"].to_list()
    for profile in (told.after.profiles[int(n)] for n in numbers[:1]):
        yield f"The licenses one by one: {told.held(profile.assignments, told.way) or 'none'}."
