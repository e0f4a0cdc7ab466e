"""The judge of groups: what was written to them, what became of their members, and whose doing it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from simulation.run import Story
from worlds.oracle import writes_by

from connectors.sandbox.api.world import SANDBOX_APP_ID
from connectors.sandbox.licensing.groups import GROUP_LICENSING
from connectors.sandbox.tenant.model import User, WriteRecord
from connectors.sandbox.tenant.state import SOMEBODY_ELSE
from jobs.license_reassignment.errors import ExitCode
from jobs.license_reassignment.model.plan import split

WRITTEN = 202
INHERITED = "is inherited from a group membership"


def of_groups(story: Story) -> Iterator[str]:
    """Every promise about groups that this story breaks, in words."""
    yield from _writes(story)
    yield from _others_untouched(story)
    yield from _nobody_unlicensed(story)
    yield from _plan(story)
    yield from _outcomes(story)
    yield from _books(story)
    yield from _switched_off(story)
    if story.world.undisturbed:
        yield from _undisturbed(story)


def ours_on(story: Story, group: str) -> list[WriteRecord]:
    """The changes of a group that the tenant accepted from us."""
    log = story.tenant.write_log
    return [r for r in log if (r.actor, r.kind, r.target, r.status) == (SANDBOX_APP_ID, "group", group, WRITTEN)]


def _meddled(story: Story, group: str) -> bool:
    """Whether somebody else has changed or deleted a group since the plan."""
    return any(
        r.actor == SOMEBODY_ELSE and r.target == group and r.kind in {"group", "group_deleted"}
        for r in story.tenant.write_log
    )


def coming_or_going(story: Story) -> set[str]:
    """Users who joined or left a group since the plan, by the tenant's own log."""
    return {r.target for r in story.tenant.write_log if r.kind in {"join", "leave"}}


def touched_by_others(story: Story) -> set[str]:
    """Users whom somebody else has changed, moved in or out of a group, or whose group somebody has changed."""
    found = {r.target for r in story.tenant.write_log if r.actor == SOMEBODY_ELSE}
    groups = {g for g in story.groups_before if _meddled(story, g)}
    given = {u for u, held in story.before.items() if any(a.group in groups for a in held)}
    return found | given


def failing(story: Story, user_id: str) -> bool:
    """Whether the tenant fails to give this user what a group is to give it."""
    return any(key == user_id for key, _ in story.tenant.on_group)


def _writes(story: Story) -> Iterator[str]:
    """A group is written once, as the plan says; a user never loses an inherited license on the user."""
    for group in {r.target for r in story.tenant.write_log if (r.actor, r.kind) == (SANDBOX_APP_ID, "group")}:
        yield from _of_group(story, group)
    for record in writes_by(story.tenant, SANDBOX_APP_ID):
        if record.kind == "reprocess" and record.target not in _may_be_reprocessed(story):
            yield f"the licenses of {record.target} were worked out again, and nobody asked for that"
        if INHERITED in record.message and record.target not in touched_by_others(story):
            yield f"an inherited license was to be removed from {record.target} directly"
        if record.kind == "user" and record.status == 200 and record.target in story.members:
            yield from _half(story, record)
    for group, user_id in story.witness.begun_in_spite:
        if failing(story, user_id) and user_id not in touched_by_others(story):
            yield f"group {group} was begun although a read had shown {user_id} without any license"


def _of_group(story: Story, group: str) -> Iterator[str]:
    change, written = story.groups.get(group), ours_on(story, group)
    if change is None:
        yield f"group {group} was written to, and the plan does not change it"
        return
    if len(written) > 1 and not _meddled(story, group):
        yield f"group {group} was changed {len(written)} times"
    for record in written:
        if (sorted(record.add), sorted(record.remove)) != (sorted(change.add), sorted(change.remove)):
            yield f"the write of group {group} is not what the plan says"
    gone = {r.target for r in story.tenant.write_log if r.kind in {"leave", "delete"}}
    for user_id in (u for g, u in story.witness.strangers if g == group and u not in gone):
        yield f"group {group} was changed although a read had shown that {user_id} is inside"


def _may_be_reprocessed(story: Story) -> set[str]:
    wished = story.world.groups is not None and story.world.groups.settings["reprocess_errors"]
    return set(story.members) if wished else set()


def _wrong(story: Story) -> tuple[str, ...]:
    return story.world.groups.wrong if story.world.groups else ()


def _half(story: Story, record: WriteRecord) -> Iterator[str]:
    """What a member holds directly goes only when the group has given the new product."""
    assert record.before is not None
    wanted = split(str(_row(story, record.target, "targets")))
    given = {a.sku for a in record.before.assignments if a.group and a.holds}
    if not given.issuperset(wanted) and record.target not in touched_by_others(story):
        yield f"the direct half of {record.target} was removed before the group had given the new product"


def _row(story: Story, user_id: str, column: str) -> object:
    rows = story.plan.decisions
    return rows.loc[rows["id"] == user_id, column].iloc[0]


def _others_untouched(story: Story) -> Iterator[str]:
    """What a group carries besides is as before, and only members of groups that we changed were changed by Entra."""
    named = {*story.plan.sources, *(s for c in story.groups.values() for s, _ in c.add)}
    for group_id, carried in story.groups_before.items():
        group = story.tenant.groups.get(group_id)
        if group is None or _meddled(story, group_id):
            continue
        if {k: v for k, v in carried.items() if k not in named} != {
            k: v for k, v in group.licenses.items() if k not in named
        }:
            yield f"another license of group {group.name} is not as before"
    planned = set(story.members) | touched_by_others(story)
    for record in story.tenant.write_log:
        if (record.actor, record.kind) == (GROUP_LICENSING, "member") and record.target not in planned:
            yield f"{record.target} was changed through a group, and is not in the plan"


def _nobody_unlicensed(story: Story) -> Iterator[str]:
    """Through a group of ours nobody loses the old product without the new one, but by a failure of Entra's own."""
    keys = {*story.plan.sources, *story.plan.targets}
    others = touched_by_others(story)
    for record in story.tenant.write_log:
        if record.actor != GROUP_LICENSING or record.before is None or record.after is None:
            continue
        bare = record.before.held & keys and not record.after.held & keys
        if bare and record.target not in others and not failing(story, record.target):
            yield f"{record.target} was without a license by the swap of a group"


def _plan(story: Story) -> Iterator[str]:
    """A group is swapped only if all that are inside follow, and every other group that gives one the old product."""
    sources = set(story.plan.sources)
    for group_id in story.groups:
        for user_id in story.members_before[group_id]:
            via = story.members.get(user_id)
            if via is None:
                yield f"group {group_id} is swapped, and its member {user_id} is not to follow"
                continue
            gives = {a.group for a in story.before[user_id] if a.group and a.sku in sources}
            if gives != set(via):
                yield f"{user_id} inherits from {sorted(gives)}, and the plan swaps {sorted(via)}"
    rows = story.plan.groups
    for row in rows[rows["kind"] == "hold"].itertuples(index=False):
        if story.world.groups is None:
            yield f"group {row.id} stands in a plan without groups"
        elif not _held_rightly(story, str(row.id), str(row.reason)):
            yield f"group {row.name} is held for {row.reason}, and the tenant does not say so"


def _held_rightly(story: Story, group_id: str, reason: str) -> bool:
    """Whether the tenant bears the reason of a group out, as far as it is about the group itself."""
    group, inside = story.tenant.groups.get(group_id), story.members_before[group_id]
    if group is None:
        return True
    held = [u for u in inside if u not in story.members]
    match reason:
        case "not_security_enabled":
            return not group.security
        case "hidden_membership":
            return group.visibility == "HiddenMembership"
        case "no_seat":
            return any(s.short for s in story.plan.header.seats)
        case "members_differ" | "member_held" | "members_with_losses" | "outside_scope" | "group_processing":
            return bool(held)
        case "already_on_target":
            return set(story.plan.sources).isdisjoint(story.groups_before[group_id])
        case _:
            return reason in {"conflict", "dependency", "no_rule"}


def _outcomes(story: Story) -> Iterator[str]:
    """Who changes through groups has the outcome that the tenant's own state and log bear out."""
    assert story.verified is not None
    users = story.verified.users
    told = dict(zip(users["id"], users["outcome"], strict=True))
    for user_id, via in story.members.items():
        user = story.tenant.user(user_id)
        if user is not None:  # that somebody is gone is asked of everybody
            why = _told_wrong(story, user, via, told[user_id])
            yield from [f"{user_id} is told as {told[user_id]}: {why}"] if why else []


def _told_wrong(story: Story, user: User, via: tuple[str, ...], outcome: str) -> str:
    there, ours = _on_target(story, user, via), [g for g in via if ours_on(story, g)]
    if outcome in {"moved", "held"}:
        return "a member of a group that is swapped is neither"
    if outcome == "in_doubt":
        return "" if stopped_by_harm(story) else "apply is over"
    if (outcome == "moved_by_group") and not (there and ours):
        return "no group of ours gave the target"
    by_us = len(ours) == len(via) and not {r.target for r in story.tenant.write_log if _touches(r)} & {user.id, *via}
    if there and by_us and outcome != "moved_by_group":
        return "the swap of a group moved the user"
    if user.id in touched_by_others(story):
        return ""
    unsent = outcome == "pending" and stopped_by_harm(story)  # the direct half of a user whose group is done
    if not there and len(ours) == len(via) and outcome != "refused" and not unsent:
        return "the swap of a group left the user behind"
    if not ours and outcome not in {"pending", "refused"}:
        return "no group of the user was changed"
    return ""


def stopped_by_harm(story: Story) -> bool:
    """Whether apply ended for harm that Entra did, before everything else was done."""
    return bool(harmed(story))


def _touches(record: WriteRecord) -> bool:
    """Whether somebody else has changed a user, deleted a group, or moved somebody in or out of one."""
    return record.actor == SOMEBODY_ELSE and record.kind != "group"


def _on_target(story: Story, user: User, via: tuple[str, ...]) -> bool:
    """Whether every group gives the user what the plan has it give, soundly, and nothing of the old is left."""
    held = user.profile.assignments
    if any(a.sku in story.plan.sources for a in held):
        return False
    gives = {(a.group, a.sku): a for a in held}
    wanted = [(g, sku, off) for g in via for sku, off in story.groups[g].add]
    return all(
        (a := gives.get((g, sku))) is not None and (a.off, a.state, a.error) == (off, "Active", "None")
        for g, sku, off in wanted
    )


def _books(story: Story) -> Iterator[str]:
    """What members of our groups gained and lost is booked as ours; what came of who joined or left is not."""
    assert story.verified is not None
    if story.world.meddled or {"deleted", "rewritten"} & set(_wrong(story)):
        return  # where a group was ours and then somebody else's, what is left half way may be booked as either
    users = story.verified.users
    moved = set(users.loc[users["outcome"].isin(["moved", "moved_by_group"]), "id"]) | _reached(story)
    for row in story.verified.ledger:
        steps = [(u, _step(story, u, row.sku_id)) for u in story.before.keys() | {x.id for x in story.tenant.living()}]
        leaves = row.sku_id in story.plan.sources  # no swap asks for the loss of anything else
        ours = [s for u, s in steps if u in moved and (s > 0 or leaves)]
        ours += [s for r in _undone(story, moved) if (s := _asked(r, row.sku_id))]
        gained, lost = sum(s > 0 for s in ours), sum(s < 0 for s in ours)
        foreign = sum(s for _, s in steps) - sum(ours)
        if (row.gained, row.lost, row.foreign) != (gained, lost, foreign):
            yield f"{row.sku_part_number}: ours are +{gained} -{lost}, others' {foreign:+d}, and the books say {row}"


def _undone(story: Story, moved: set[str]) -> list[WriteRecord]:
    """Requests of ours that the tenant carried out on users whom somebody, or a group, has changed again since."""
    mine = writes_by(story.tenant, SANDBOX_APP_ID)
    return [r for r in mine if (r.kind, r.status) == ("user", 200) and r.target not in moved]


def _asked(record: WriteRecord, sku: str) -> int:
    """What the request itself did to a user's seat of a product: +1, -1 or nothing."""
    assert record.before is not None
    assert record.after is not None
    return int(sku in record.after.held) - int(sku in record.before.held)


def _reached(story: Story) -> set[str]:
    """Members who are inside a group of ours whose change the tenant took, whatever came of the rest."""
    changed = {
        g: story.tenant.groups[g].members for g in story.groups if ours_on(story, g) and g in story.tenant.groups
    }
    return {u for u, via in story.members.items() if any(u in changed.get(g, ()) for g in via)}


def _step(story: Story, user_id: str, sku: str) -> int:
    user = story.tenant.user(user_id)
    was = any(a.sku == sku and a.holds for a in story.before.get(user_id, ()))
    return int(user is not None and sku in user.profile.held) - int(was)


def _switched_off(story: Story) -> Iterator[str]:
    """What a group had disabled in the source stays off where the target has the same plan."""
    if not story.world.settings["plans"]["carry_over"]:
        return
    for group, change in story.groups.items():
        off = {p for s in story.plan.sources for p in story.groups_before[group].get(s, ())}
        for sku, still_off in change.add:
            plans = {p.id for p in story.tenant.skus[sku].plans if p.applies_to == "User"}
            if lost := off & plans - set(still_off):
                yield f"group {group}: {sorted(lost)} was off in the source, and {sku} switches it on"


def _undisturbed(story: Story) -> Iterator[str]:
    """Where Entra does what it is asked, every planned group is changed, and everybody inside is moved."""
    for group in story.groups:
        if len(ours_on(story, group)) != 1:
            yield f"undisturbed, and group {group} was changed {len(ours_on(story, group))} times"
    assert story.verified is not None
    users = story.verified.users
    outcomes = Counter(users.loc[users["id"].isin(list(story.members)), "outcome"])
    if set(outcomes) - {"moved_by_group"}:
        yield f"undisturbed, and members of swapped groups are told as {dict(outcomes)}"


def harmed(story: Story) -> set[str]:
    """Members who by a failure of Entra's own lost the old product through our swap and have nothing of the new."""
    keys = {*story.plan.sources, *story.plan.targets}
    return {
        u
        for u, via in story.members.items()
        if (user := story.tenant.user(u)) is not None
        and user.profile.held.isdisjoint(keys)
        and failing(story, u)
        and any(ours_on(story, g) for g in via)
    }


def left_short(story: Story) -> set[str]:
    """Members from whom our swap took the old product, and whom the tenant failed to give all of the new."""
    return {
        u
        for u, via in story.members.items()
        if (user := story.tenant.user(u)) is not None
        and failing(story, u)
        and any(ours_on(story, g) for g in via)
        and user.profile.held.isdisjoint(story.plan.sources)
        and not user.profile.held.issuperset(sku for g in via for sku, _ in story.groups[g].add)
    }


def ended_rightly(story: Story, code: int) -> str:
    """Whether the last apply's exit code fits what the tenant shows, where nobody else was at work."""
    planned = {*story.planned, *story.members}
    left = [
        u
        for u in planned
        if (user := story.tenant.user(u)) is None or not {*story.plan.sources}.isdisjoint(user.profile.held)
    ]
    left += [g for g in story.groups if not ours_on(story, g)] + sorted(harmed(story))
    if touched_by_others(story) or story.world.meddled:
        return ""
    if (code == ExitCode.DONE) != (not left):
        return f"apply ended with {code}, and {len(left)} of its users and groups are not on their target"
    return ""
