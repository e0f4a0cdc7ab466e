"""Whom a name means, and their story: a user's by user principal name or id, a group's by display name or id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from connectors.catalog.products import Catalog
from connectors.roster.letters import strip
from jobs.license_reassignment.commands.explain.of_group import result_of, story_of_group
from jobs.license_reassignment.commands.explain.of_user import outcome_of, story_of_user
from jobs.license_reassignment.commands.explain.told_from import ToldFrom
from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.model.plan_header import PlannedGroup
from jobs.license_reassignment.run_folder.folder import RunDir


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a user or a group was decided so and what happened, in sentences, with the facts beside them.

    `user` is the user principal name, or the display name of a group.
    """

    plan_id: str
    user: str
    sentences: tuple[str, ...]
    facts: Mapping[str, Any]


def explanation_of(run: RunDir, who: str, catalog: Catalog) -> Explanation:
    """Tell why a user or a group was decided so, and what happened.

    A user's name goes before a group's, and the story then says that there is such a group too. Raises InputError (2)
    for whom the plan does not know, and for a name that several groups have.
    """
    wanted = strip(who).lower()
    if not wanted:
        raise InputError(
            "No user is named. Give the UPN or the object id as in decisions.csv, or the display name of a group."
        )
    told = ToldFrom.of(run, catalog)
    groups = _groups_called(told, wanted)
    rows = told.plan.decisions
    rows = rows[(rows["name"].str.lower() == wanted) | (rows["id"] == wanted)]
    if not rows.empty:
        return _of_user(told, {str(k): str(v) for k, v in rows.iloc[0].to_dict().items()}, groups)
    if len(groups) > 1:
        ids = ", ".join(g.id for g in groups)
        raise InputError(f"{len(groups)} groups are called {who}: give the object id ({ids}).")
    if groups:
        return _of_group(told, groups[0])
    return _of_newcomer(told, wanted) or _unknown(told, who)


def _of_user(told: ToldFrom, row: Mapping[str, str], groups: list[PlannedGroup]) -> Explanation:
    after = outcome_of(told, row["id"])
    sentences = story_of_user(told, row, after)
    for group in groups:
        sentences.append(f"There is a group of this name too: `reseat explain {told.plan.plan_id} {group.id}`.")
    return Explanation(told.plan.plan_id, row["name"], tuple(sentences), {"decision": row, "after": after})


def _of_group(told: ToldFrom, group: PlannedGroup) -> Explanation:
    after, rows = result_of(told, group.id), told.plan.groups
    row = {str(k): str(v) for one in rows[rows["id"] == group.id].to_dict("records") for k, v in one.items()}
    facts = {"decision": row, "group": asdict(group), "after": after}
    return Explanation(told.plan.plan_id, group.name, tuple(story_of_group(told, group, after)), facts)


def _groups_called(told: ToldFrom, wanted: str) -> list[PlannedGroup]:
    """Return the groups of the plan with this id or display name, in whatever case."""
    return [g for g in told.groups.values() if wanted in {g.id.lower(), g.name.strip().lower()}]


def _of_newcomer(told: ToldFrom, wanted: str) -> Explanation | None:
    """Tell of somebody who is in no row of the plan, but came into a group that it changes."""
    if told.after is None:
        return None
    users = told.after.users
    rows = users[(users["user_principal_name"].str.lower() == wanted) | (users["id"] == wanted)]
    for user_id, name, number in zip(rows["id"], rows["user_principal_name"], rows["profile"], strict=True):
        joined = [g for g in told.after.groups if g.id in told.swaps and user_id in (g.direct_members or ())]
        if joined:
            names = " and ".join(g.display_name for g in joined)
            held = told.held(told.after.profiles[int(number)].assignments, told.way)
            sentences = (
                f"{name} ({user_id}) is not in the plan: joined group {names} after it was made, and follows it too.",
                f"Last read: {held or 'no license that this plan is about'}. It counts as changed outside this run.",
            )
            return Explanation(told.plan.plan_id, str(name), sentences, {"decision": {}, "after": {}})
    return None


def _unknown(told: ToldFrom, who: str) -> Explanation:
    raise InputError(
        f"Plan {told.plan.plan_id} has no user {who}: not in scope when it was made, or spelled otherwise; and no "
        "group of this name. Give the UPN or the object id as in decisions.csv."
    )
