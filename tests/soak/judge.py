"""The promises of a soak, each asked of the tenant's side: `broken` names every one that was not kept."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any

from soak.evidence import Evidence
from soak.windows import judge

OUTCOMES = (
    "moved", "moved_by_group", "already_on_target", "refused", "drifted", "gone", "in_doubt", "held", "pending",
)  # fmt: skip
QUOTA_WINDOW_S = 150.0
STOPPING_S = 1.5
"""So long after a signal a request may still leave: the ticker is a second."""

PAUSING_S = 2.0
"""So long after `pause` came a batch may still leave: it is looked for once a second, and a turn may have begun."""

SOURCE = "ENTERPRISEWITHSCAL"


def broken(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield the promise and how it was broken, in the order of the promises."""
    for promise, ask in PROMISES.items():
        for complaint in ask(evidence):
            yield promise, complaint


def _waits(evidence: Evidence) -> Iterator[str]:
    yield from judge(
        evidence.requests, evidence.journal, evidence.story["processes"], evidence.tenant["lag_s"]
    ).violations


def busiest(evidence: Evidence) -> int:
    """Return the most writes that came in within any 150 s, refused and lost ones included."""
    window: deque[float] = deque()
    most = 0
    for request in evidence.requests:
        for _ in request.written:
            window.append(request.arrived)
        while window and window[0] <= request.arrived - QUOTA_WINDOW_S:
            window.popleft()
        most = max(most, len(window))
    return most


def _quota(evidence: Evidence) -> Iterator[str]:
    allowed = evidence.story["soak"]["writes_per_150_s"]
    if (most := busiest(evidence)) > allowed:
        yield f"{most} writes came in within 150 s, and {allowed} are allowed"


def _ours(evidence: Evidence) -> Iterator[dict[str, Any]]:
    return (record for record in evidence.tenant["log"] if record["actor"] == evidence.tenant["app"])


def planned(evidence: Evidence) -> dict[str, tuple[list[str], list[str]]]:
    """Return what the plan adds to and removes from each user that it changes, as its own table says."""
    return {
        row["id"]: (sorted(filter(None, row["add"].split("+"))), sorted(filter(None, row["remove"].split("+"))))
        for row in evidence.decisions
        if row["kind"] == "change"
    }


def _source(evidence: Evidence) -> set[str]:
    """Return the retiring product."""
    return {sku for sku, part in evidence.tenant["products"].items() if part == SOURCE}


def _targets(evidence: Evidence) -> dict[str, set[str]]:
    """Return the targets of each user of the plan."""
    return {row["id"]: set(filter(None, row["targets"].split("+"))) for row in evidence.decisions}


def _bare(evidence: Evidence) -> Iterator[str]:
    keys = _source(evidence).union(*_targets(evidence).values())
    for record in _ours(evidence):
        before, after = ({a[0] for a in record[x] or () if a[3] != "Error"} for x in ("before", "after"))
        if before & keys and not after & keys:
            yield f"{record['user']} was bare after our write at {record['at']:.3f}"


def _beside(evidence: Evidence) -> Iterator[str]:
    """Our write changes what the plan names and nothing else, and every state is explained by the tenant's own log."""
    plan, now = planned(evidence), dict(evidence.tenant["before"])
    for record in evidence.tenant["log"]:
        if record["before"] != now.get(record["user"]):
            yield f"{record['user']} was changed by nobody before {record['at']:.3f}"
        now[record["user"]] = record["after"]
        if record["actor"] != evidence.tenant["app"] or record["user"] not in plan:
            continue
        adds, removes = plan[record["user"]]
        rest = [[a for a in record[x] if a[2] or a[0] not in {*adds, *removes}] for x in ("before", "after")]
        if rest[0] != rest[1]:
            yield f"our write changed another license of {record['user']}"
    gone = {record["user"] for record in evidence.tenant["log"] if record["kind"] == "delete"}
    for user, held in evidence.tenant["after"].items():
        if user not in gone and held != now[user]:
            yield f"{user} was changed by nobody since the last write"


def _outside(evidence: Evidence) -> Iterator[str]:
    plan, off = planned(evidence), _off_by_plan(evidence)
    for request in evidence.requests:
        for user in request.written:
            if user not in plan:
                yield f"request {request.number} writes {user}, who is not in the plan"
    for record in _ours(evidence):
        if record["user"] not in plan or record["kind"] != "user":
            yield f"{record['kind']} write of {record['user']}, which is not in the plan"
            continue
        asked = {sku: sorted(plans) for sku, plans in record["add"]}
        if (sorted(asked), sorted(record["remove"])) != plan[record["user"]] or asked != off[record["user"]]:
            yield f"the write of {record['user']} is not what the plan says"


def _off_by_plan(evidence: Evidence) -> dict[str, dict[str, list[str]]]:
    """Return which service plans of each added product the plan switches off: `sku:plan+plan;sku:…` in its table."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in evidence.decisions:
        off = {sku: sorted(plans.split("+")) for sku, _, plans in _parts(row["disabled_plans"])}
        found[row["id"]] = {sku: off.get(sku, []) for sku in row["add"].split("+") if sku}
    return found


def _parts(text: str) -> list[tuple[str, str, str]]:
    return [part.partition(":") for part in text.split(";") if part]


def _outcomes(evidence: Evidence) -> Iterator[str]:
    totals, users = evidence.reconciliation["totals"], evidence.users
    counts = Counter(row["outcome"] for row in users)
    if sorted(row["id"] for row in users) != sorted({row["id"] for row in evidence.decisions}):
        yield "users.csv does not have each user of the plan exactly once"
    if unknown := set(counts) - set(OUTCOMES):
        yield f"outcomes that nobody knows: {unknown}"
    if any(totals[outcome] != counts[outcome] for outcome in OUTCOMES):
        yield f"totals {totals} are not those of users.csv {dict(counts)}"
    if totals["in_scope"] != sum(counts.values()) or totals["in_scope"] != len(users):
        yield f"{totals['in_scope']} in scope, and {sum(counts.values())} outcomes"
    if counts["in_doubt"] or counts["pending"]:
        yield f"apply came to its end with {counts['in_doubt']} in doubt and {counts['pending']} pending"


def _books(evidence: Evidence) -> Iterator[str]:
    for row in evidence.reconciliation["ledger"]:
        there = evidence.tenant["consumed"][row["sku_id"]]
        if row["unexplained"]:
            yield f"{row['sku_part_number']}: {row['unexplained']:+d} unexplained"
        if (row["holders_after"], row["consumed_after"]) != (there, there):
            yield f"{row['sku_part_number']}: {row['holders_after']} holders told, {there} are there"


def _states(evidence: Evidence) -> Iterator[str]:
    """What users.csv says of each user is what the tenant has, and `moved` are exactly those whom we brought there."""
    tenant, plan, off = evidence.tenant, planned(evidence), _off_by_plan(evidence)
    ours = {record["user"] for record in _ours(evidence) if record["before"] != record["after"]}
    for row in evidence.users:
        user, outcome, held = row["id"], row["outcome"], tenant["after"].get(row["id"])
        if (held is None) != (outcome == "gone"):
            yield f"{user} is told as {outcome}, and {'is gone' if held is None else 'exists'}"
            continue
        told = set(filter(None, row["after_skus"].split("+")))
        there = {tenant["products"][a[0]] for a in held or ()}
        if held is not None and told != there:
            yield f"{user} is told to hold {sorted(told)}, and holds {sorted(there)}"
        if user in plan:
            on_target = held is not None and _on_target(held, plan[user], off[user])
            if (on_target and user in ours) != (outcome == "moved"):
                yield f"{user} is told as {outcome}; on target: {on_target}, written by us: {user in ours}"


def _on_target(held: list[Any], change: tuple[list[str], list[str]], off: dict[str, list[str]]) -> bool:
    direct = {a[0]: a for a in held if not a[2]}
    if any(a[0] in change[1] for a in held):
        return False
    return all(sku in direct and direct[sku][3] == "Active" and sorted(direct[sku][1]) == off[sku] for sku in change[0])


def _harm(evidence: Evidence) -> Iterator[str]:
    """Harm is told only of users who really are bare, whom we changed, and whom somebody else changed after us.

    Bare is who has neither the old nor a new product of their own: what a plan gives to others may be an add-on.
    """
    tenant, source, targets = evidence.tenant, _source(evidence), _targets(evidence)
    ids = {upn: user for user, upn in tenant["names"].items()}
    for incident in evidence.reconciliation["incidents"]:
        user = ids.get(incident["subject"], incident["subject"])
        actors = [r["actor"] for r in tenant["log"] if r["user"] == user and r["before"] != r["after"]]
        held = tenant["after"].get(user)
        bare = held is not None and {*source, *targets.get(user, ())}.isdisjoint(a[0] for a in held)
        if incident["harm"] and not (bare and tenant["app"] in actors[:-1] and actors[-1] != tenant["app"]):
            yield f"verify speaks of harm that was not done: {incident}"


def _again(evidence: Evidence) -> Iterator[str]:
    second = evidence.story["second_apply"]
    sent = [user for r in evidence.requests if r.generation >= second for user in r.written]
    if sent:
        yield f"{len(sent)} writes were sent by a second apply and what came after it"
    codes = {p["generation"]: p["code"] for p in evidence.story["processes"]}
    if codes[second] != codes[evidence.story["last_apply"]]:
        yield f"the second apply ended with {codes[second]}, the first with {codes[evidence.story['last_apply']]}"


def _audit(evidence: Evidence) -> Iterator[str]:
    story, codes = evidence.story, {p["generation"]: p["code"] for p in evidence.story["processes"]}
    verified = evidence.reconciliation["exit_code"]
    ended = {name: codes[story[name]] for name in ("verify", "audit")}
    if set(ended.values()) != {verified} or codes[story["report"]] not in {0, verified}:
        yield f"exit codes {ended}, report {codes[story['report']]}, reconciliation.json says {verified}"
    if story["audited"].get("differences") or story["audited"].get("verdict") != evidence.reconciliation["verdict"]:
        yield f"audit says {story['audited'].get('verdict')}: {story['audited'].get('differences')}"


def _signals(evidence: Evidence) -> Iterator[str]:
    """SIGTERM and SIGINT end a run with 4, and nothing new leaves; SIGKILL needs no promise."""
    for process in evidence.story["processes"]:
        if process["signal"] in {2, 15}:
            if process["code"] not in {0, 3, 4}:
                yield f"process {process['generation']} ended with {process['code']} after signal {process['signal']}"
            late = [
                r for r in evidence.requests
                if r.generation == process["generation"] and r.arrived > process["signaled"] + STOPPING_S
            ]  # fmt: skip
            if late:
                yield f"process {process['generation']} sent {len(late)} requests after its signal: {late[0].path}"


def _pauses(evidence: Evidence) -> Iterator[str]:
    for since, until in evidence.story["pauses"]:
        sent = [r for r in evidence.requests if r.written and since + PAUSING_S < r.arrived < until]
        if sent:
            yield f"{len(sent)} batches of writes came in while `pause` was there; request {sent[0].number} first"


def _wire(evidence: Evidence) -> Iterator[str]:
    if evidence.tenant["strange"]:
        yield f"calls that Graph does not have: {evidence.tenant['strange']}"


PROMISES: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "no request inside a Retry-After window": _waits,
    "the quota is never exceeded in any 150 s": _quota,
    "nobody is bare by a write of ours": _bare,
    "other licenses and disabled plans are unchanged": _beside,
    "nobody outside the plan is written, and nothing but the plan": _outside,
    "every user has exactly one outcome, and totals add up": _outcomes,
    "the books balance": _books,
    "users.csv is what the tenant has": _states,
    "harm is told only where there is some": _harm,
    "a second apply sends no write": _again,
    "audit agrees": _audit,
    "a signal ends a run with 4": _signals,
    "nothing is sent while paused": _pauses,
    "only calls that Graph has": _wire,
}
