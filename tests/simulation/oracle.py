"""The judge of a story: reads the tenant's own state and write log, and what arrived there; never our client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from simulation.group_oracle import ended_rightly, harmed, left_short, of_groups, stopped_by_harm, touched_by_others
from simulation.run import Story
from worlds.oracle import bare_moments, writes_by
from worlds.virtual_time import START

from connectors.sandbox.api.world import SANDBOX_APP_ID
from connectors.sandbox.licensing.rules import Change, decide_user
from connectors.sandbox.refusal import Refusal
from connectors.sandbox.sample.seed import SOURCE
from connectors.sandbox.tenant.model import Assignment, User, WriteRecord
from connectors.sandbox.tenant.state import TenantState
from jobs.license_reassignment.errors import ExitCode
from jobs.license_reassignment.model.plan import split

EPOCH = START.timestamp()
NO_COUNTRY_YET = "invalid usage location"
GONE_ALREADY = "does not have a corresponding license"


def complaints(story: Story) -> list[str]:
    """Return every promise that this story breaks, in words; an empty list is the only good answer."""
    return [
        *story.witness.complaints,
        *_writes(story),
        *_wire(story),
        *_journal(story),
        *_switched_off(story),
        *_outcomes(story),
        *_books(story),
        *_verdict(story),
        *_plan(story),
        *of_groups(story),
        *(_undisturbed(story) if story.world.undisturbed else []),
    ]


def _named(story: Story) -> set[str]:
    """The products that the settings name, as sources or targets."""
    settings = story.world.settings
    parts = [*settings["source"]["skus"], *(part for rule in settings["swap"] for part in _listed(rule["to"]))]
    return {story.tenant.sku_named(part).id for part in parts if part != "leave"}


def _listed(to: str | list[str]) -> list[str]:
    return [to] if isinstance(to, str) else to


def _effective(record: WriteRecord) -> bool:
    return record.before is not record.after


def _writes(story: Story) -> Iterator[str]:
    """Only what the plan says, to whom it says, once; nothing else of the user changes, and nobody is bare by it."""
    skus = [*story.plan.sources, *story.plan.targets]
    ours = _named(story)
    for record in bare_moments(story.tenant, skus, SANDBOX_APP_ID):
        if not _misled(story, record):
            yield f"{record.target} was bare by our write"
    effects: Counter[str] = Counter()
    for record in story.tenant.write_log:
        if record.actor != SANDBOX_APP_ID:
            effects.pop(record.target, None)
            continue
        if record.kind == "location":
            yield from _located(story, record, moved=effects[record.target] > 0)
        if record.kind in {"location", "group", "reprocess"}:
            continue  # the judge of groups asks about them
        yield from _as_planned(story, record)
        if _effective(record):
            yield from _beside(record, ours)
            effects[record.target] += 1
            if effects[record.target] > 1:
                yield f"{record.target} was changed twice"


def _as_planned(story: Story, record: WriteRecord) -> Iterator[str]:
    change = story.planned.get(record.target)
    if record.kind != "user" or change is None:
        yield f"{record.kind} write of {record.target}, who is not in the plan"
    elif (sorted(record.add), sorted(record.remove)) != (sorted(change.add), sorted(change.remove)):
        yield f"write of {record.target} is not what the plan says"


def _located(story: Story, record: WriteRecord, *, moved: bool) -> Iterator[str]:
    """A country is written where the plan says so, and before the user's licenses."""
    rows = story.plan.decisions
    if record.target not in set(rows.loc[rows["usage_location"] != "", "id"]):
        yield f"a country was written for {record.target}, and the plan has none"
    if moved:
        yield f"the country of {record.target} was written after the licenses"


def _misled(story: Story, record: WriteRecord) -> bool:
    """Whether the tenant itself had last said that the user holds a target, which somebody took away just then."""
    there = story.world.meddled and not record.add
    said = [held for at, user, held in story.witness.grounds if user == record.target and at <= record.at - EPOCH]
    return there and not set(said[-1]).isdisjoint(story.plan.targets)


def _beside(record: WriteRecord, ours: set[str]) -> Iterator[str]:
    """Whatever is no source and no target of the settings is the same before and after."""
    assert record.before is not None
    assert record.after is not None

    def rest(assignments: tuple[Assignment, ...]) -> list[Assignment]:
        return [a for a in assignments if a.sku not in ours or a.group]

    if rest(record.before.assignments) != rest(record.after.assignments):
        yield f"write of {record.target} changed another license"


def _wire(story: Story) -> Iterator[str]:
    for early in story.quota.violations:
        yield f"{early.kind} {early.path} at {early.at:.3f} inside a Retry-After until {early.until:.3f}"
    most = 3000 * story.world.quota_scale
    busiest = story.witness.busiest(150.0)
    if busiest > most:
        yield f"{busiest} writes arrived within 150 s, the quota is {most:g}"
    if story.tenant.strange_calls:
        yield f"calls that Graph does not have: {story.tenant.strange_calls}"
    if story.writes_of_second_apply:
        yield f"a second apply sent {story.writes_of_second_apply} writes"


def _journal(story: Story) -> Iterator[str]:
    """The chain was read whole at the end, and its numbers have no gap."""
    assert story.journal is not None
    if [line.seq for line in story.journal.lines] != list(range(1, len(story.journal.lines) + 1)):
        yield "the journal's numbers have a gap"
    if not story.tampering_seen:
        yield "a letter of the journal was changed, and nobody noticed"


def _switched_off(story: Story) -> Iterator[str]:
    """What a user had switched off in the source stays off where the target has the same plan."""
    if not story.world.settings["plans"]["carry_over"]:
        return
    source = story.tenant.sku_named(SOURCE).id
    for user_id, change in story.planned.items():
        held = [a for a in story.before[user_id] if a.sku == source]
        off = set.intersection(*(set(a.off) for a in held))
        for sku, still_off in change.add:
            lost = off & _for_users(story.tenant, sku) - set(still_off)
            if lost:
                yield f"{user_id}: {sorted(lost)} was off in the source, and {sku} switches it on"


def _for_users(tenant: TenantState, sku: str) -> set[str]:
    return {plan.id for plan in tenant.skus[sku].plans if plan.applies_to == "User"}


def _on_target(user: User, change: Change, targets: tuple[str, ...], sources: tuple[str, ...]) -> bool:
    held = user.profile.assignments
    if any(a.sku in sources for a in held):
        return False
    if any((d := user.profile.direct(sku)) is None or d.off != off or d.state != "Active" for sku, off in change.add):
        return False
    return all(any(a.sku == t and a.state == "Active" and a.error == "None" for a in held) for t in targets)


def _outcomes(story: Story) -> Iterator[str]:
    """Everybody in scope has one outcome; `moved` are exactly those whom a write of ours brought to their target."""
    assert story.verified is not None
    found, totals = story.verified, story.verified.totals
    ids = list(story.plan.decisions["id"])
    if sorted(found.users["id"]) != sorted(ids) or len(set(ids)) != len(ids):
        yield "users in the report are not the users of the plan"
    parts = (
        "moved",
        "moved_by_group",
        "already_on_target",
        "refused",
        "drifted",
        "gone",
        "in_doubt",
        "held",
        "pending",
    )
    counts = Counter(found.users["outcome"])
    if totals.in_scope != len(ids) or any(getattr(totals, p) != counts[p] for p in parts):
        yield f"totals {totals} are not those of the users {dict(counts)}"
    if sum(counts[p] for p in parts) != len(ids):
        yield f"outcomes do not add up to {len(ids)}: {dict(counts)}"
    own = found.users[~found.users["id"].isin(list(story.members))]
    if (totals.in_doubt or "pending" in set(own["outcome"])) and not stopped_by_harm(story):
        yield f"apply ended, and {totals.in_doubt} are in doubt, {totals.pending} pending"
    yield from _outcomes_by_state(story, dict(zip(found.users["id"], found.users["outcome"], strict=True)))


def _outcomes_by_state(story: Story, outcome: dict[str, str]) -> Iterator[str]:
    """Whoever changes by a request of their own is told as the tenant shows them; who changes with groups elsewhere."""
    ours = {r.target for r in writes_by(story.tenant, SANDBOX_APP_ID) if r.status == 200 and _effective(r)}
    targets = {str(r.id): split(str(r.targets)) for r in story.plan.decisions.itertuples(index=False)}
    for user_id, change in ((u, c) for u, c in story.planned.items() if u not in story.members):
        user = story.tenant.user(user_id)
        there = user is not None and _on_target(user, change, targets[user_id], story.plan.sources)
        if there and user_id in ours and outcome[user_id] != "moved":
            yield f"{user_id} was moved by us and is told as {outcome[user_id]}"
        if outcome[user_id] == "moved" and not (there and user_id in ours):
            yield f"{user_id} is told as moved and is not"
    for user_id in {*story.planned, *story.members}:
        user = story.tenant.user(user_id)
        if (user is None) != (outcome[user_id] == "gone"):
            yield f"{user_id} is told as {outcome[user_id]}, and {'is gone' if user is None else 'exists'}"


def _books(story: Story) -> Iterator[str]:
    assert story.verified is not None
    for row in story.verified.ledger:
        if row.unexplained:
            yield f"{row.sku_part_number}: {row.unexplained:+d} unexplained ({row})"
        if row.holders_after != story.tenant.consumed(row.sku_id):
            yield f"{row.sku_part_number}: {row.holders_after} holders told, {story.tenant.consumed(row.sku_id)} there"


def _verdict(story: Story) -> Iterator[str]:
    """The residual is what is really there; GO says that nobody, no group and no deleted user names a source."""
    assert story.verified is not None
    assert story.applied is not None
    tenant, sources = story.tenant, set(story.plan.sources)
    told = story.verified.residual
    direct = sum(any(a.sku in sources and not a.group for a in u.profile.assignments) for u in tenant.living())
    holders = sum(bool(sources & {a.sku for a in u.profile.assignments}) for u in tenant.living())
    groups = sum(bool(sources & set(g.licenses)) for g in tenant.groups.values())
    deleted = sum(bool(sources & u.profile.held) for u in tenant.deleted())
    there = (direct, holders - direct, groups, deleted)
    if (told.users_direct, told.users_inherited, told.groups, told.soft_deleted) != there:
        yield f"residual {told} is told, {there} is there"
    if story.verified.verdict == "GO" and any(there):
        yield f"GO, and {there} is there"
    yield from _harm(story)
    left = sum(story.applied.counts.get(s, 0) for s in ("refused", "drifted", "gone"))
    if story.world.groups is not None:
        yield from filter(None, [ended_rightly(story, int(story.applied.code))])
    elif (story.applied.code == ExitCode.DONE) != (left == 0):
        yield f"apply ended with {story.applied.code}, and {left} are left"


def _harm(story: Story) -> Iterator[str]:
    """Harm is told only of users who really are bare, and only where somebody else was at work after us."""
    assert story.verified is not None
    harm = [i for i in story.verified.incidents if i.harm]
    if (story.verified.exit_code == ExitCode.HARM) != bool(harm):
        yield f"exit code {story.verified.exit_code} with {harm}"
    targets = {str(r.id): split(str(r.targets)) for r in story.plan.decisions.itertuples(index=False)}
    by_group = harmed(story)
    told = {user.id for i in harm if (user := story.tenant.user(i.subject)) is not None}
    if not told.issuperset(by_group - touched_by_others(story)):
        yield f"{len(by_group - told)} members lost their license by the swap of a group, and verify tells of {told}"
    for incident in harm:
        user = story.tenant.user(incident.subject)
        keys = {*story.plan.sources, *targets[user.id]} if user else set()
        bare = incident.kind == "bare_user" and user is not None and keys.isdisjoint(user.profile.held)
        if user is not None and user.id in left_short(story):
            continue
        if not (bare and user and story.world.meddled and story.witness.sent[user.id]):
            yield f"verify speaks of harm that we did not do: {incident}"


def _plan(story: Story) -> Iterator[str]:
    """No seat is planned that was not free before."""
    needed: Counter[str] = Counter()
    for user_id, change in story.planned.items():
        held = {a.sku for a in story.before[user_id]}
        needed.update(story.tenant.skus[sku].part_number for sku, _ in change.add if sku not in held)
    for user_id, via in story.members.items():
        held = {a.sku for a in story.before[user_id]}
        given = {sku for group in via for sku, _ in story.groups[group].add}
        needed.update(story.tenant.skus[sku].part_number for sku in given - held)
    for part, wanted in needed.items():
        if wanted > story.free_seats[part]:
            yield f"the plan takes {wanted} seats of {part}, {story.free_seats[part]} were free"


def _undisturbed(story: Story) -> Iterator[str]:
    """Where nobody else acts, the plan was right: nothing refused, everybody planned is moved, nobody left out."""
    assert story.verified is not None
    totals, changes = story.verified.totals, story.plan.header.totals.changes
    moved = totals.moved + totals.moved_by_group
    if (totals.refused, totals.drifted, totals.gone, moved) != (0, 0, 0, changes):
        yield f"undisturbed, {changes} changes planned, and {totals}"
    if story.world.spotless and story.verified.verdict != "GO":
        failed = [(g.id, g.detail) for g in story.verified.gates if not g.passed]
        yield f"nothing is in the way, and the verdict is NO-GO: {failed}"
    for record in writes_by(story.tenant, SANDBOX_APP_ID):
        late = story.world.location_lag is not None and NO_COUNTRY_YET in record.message
        gone = not story.world.settles and GONE_ALREADY in record.message
        if record.status not in {200, 202, 204} and not (late or gone):
            yield f"undisturbed, and a write was refused: {record.status} {record.message}"
    for row in story.plan.decisions.itertuples(index=False):
        user = story.tenant.user(str(row.id))
        if (
            row.kind == "hold"
            and user is not None
            and not _held_rightly(story, user, str(row.reason), str(row.targets))
        ):
            yield f"{row.id} is held for {row.reason}, and the tenant does not say so"


def _held_rightly(story: Story, user: User, reason: str, targets: str) -> bool:
    """Whether the tenant itself bears a reason out; reasons that are the organization's own wish need no proof."""
    source = next(iter(story.plan.sources))
    match reason:
        case "inherited":
            return user.profile.inherited(source)
        case "guest":
            return user.kind == "Guest"
        case "disabled_account":
            return not user.enabled
        case "restricted_management":
            return user.restricted
        case "no_usage_location":
            return user.location is None
        case "duplicate_address":
            return story.tenant.has_duplicate_address(user)
        case "no_seat":
            return any(s.short for s in story.plan.header.seats)
        case "conflict" | "dependency":
            return _would_be_refused(story.tenant, user, source, split(targets))
        case _:
            return reason in {"left_by_choice", "lost_service", "lost_voice", "already_on_target"}


def _would_be_refused(tenant: TenantState, user: User, source: str, targets: tuple[str, ...]) -> bool:
    off = {p for a in user.profile.assignments if a.sku == source for p in a.off}
    add = tuple((t, tuple(sorted(off & tenant.skus[t].plan_ids))) for t in targets if t not in user.profile.held)
    try:
        decide_user(tenant, user, Change(add, (source,)), 0.0)
    except Refusal:
        return True
    return False
