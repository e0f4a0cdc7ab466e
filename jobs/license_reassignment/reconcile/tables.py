"""The per-user table and the list of what is left to do, as the renderers take them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from connectors.message import Message, joined
from connectors.tenant import LicenseProfile, Names, PlanId, SkuId, TenantSnapshot
from jobs.license_reassignment.decide.remarks import LOWERED, SEPARATOR
from jobs.license_reassignment.model.columns import USERS_COLUMNS
from jobs.license_reassignment.model.other_runs import by_run
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.model.plan_header import Wished
from jobs.license_reassignment.model.reasons import QUIET, remedy
from jobs.license_reassignment.reconcile.audit_log import MINUTES_LATE, RETENTION_DAYS, AuditLogCheck
from jobs.license_reassignment.reconcile.findings import (
    ACCEPTING_POLICY,
    FINE,
    AcceptedLoss,
    Action,
    Gate,
    GroupResult,
    ResidualHolder,
)
from jobs.license_reassignment.reconcile.groups.actions import group_actions
from jobs.license_reassignment.reconcile.judge import CHANGED_BY_RUN
from jobs.license_reassignment.reconcile.scans import User

_NEVER_CHECKED = (
    Message(
        "Whether the services behind each license are provisioned (mailboxes, sites): only the license itself"
        " was verified."
    ),
    Message("Billing: prices, credits, unpaid balance and terms are not in Microsoft Graph."),
    Message("Whether users really made calls: only licenses and what the roster declares are known."),
    Message("Sources outside Graph (Entra Connect, HR systems, Okta) that could assign the old product again."),
    Message("Which disabled accounts are shared mailboxes, rooms or people on leave: licenses do not show that."),
)


def users_table(
    users: Sequence[User],
    before: TenantSnapshot,
    after: TenantSnapshot,
    names: Names,
    located: Mapping[str, str],
    acknowledged: Mapping[str, str],
    extra: Mapping[str, Mapping[str, str]],
    broken: Mapping[str, Message],
    groups: Mapping[str, str],
    *,
    undo: bool = False,
) -> tuple[pd.DataFrame, dict[str, Message]]:
    """One row per user in scope with USERS_COLUMNS, then the roster's own further columns; and its sentences by text.

    By user id, `located` are the usage locations that the plan set, `acknowledged` who accepted a loss in the roster,
    and `broken` what users lost whose change ended in error; `groups` are names of groups by id. Name, department and
    usage location are the snapshot's.
    """
    texts = _Texts(before, after, names)
    columns = (before.users[column] for column in ("display_name", "department", "usage_location"))
    known = dict(zip(before.users["id"], zip(*columns, strict=True), strict=True))
    rows = []
    for u in users:
        name, department, place = known.get(u.id, ("", "", ""))
        row = _row(u, texts, name, texts.said(broken.get(u.id) or _detail(u, groups)), undo=undo)
        put = located.get(u.id, "")
        via = "+".join(swap.change.group_id for swap in u.swaps)
        rows.append((*row, put, acknowledged.get(u.id, ""), department, put or place.upper(), via))
    table = pd.DataFrame(rows, columns=list(USERS_COLUMNS)).astype("string[pyarrow]")
    for column, values in extra.items():
        if column not in table:
            table[column] = pd.array([values.get(u.id, "") for u in users], dtype="string[pyarrow]")
    return table, texts.messages


def _row(u: User, texts: _Texts, display_name: str, detail: str, *, undo: bool) -> tuple[str, ...]:
    outcome, reason = u.judgement.outcome, u.judgement.reason
    todo = "" if outcome in FINE or reason in QUIET else remedy(reason, refused=outcome == "refused", undo=undo)
    written = u.standing.sent > 0 and outcome in {"moved", "drifted", "refused"}
    return (
        u.id,
        u.name,
        outcome,
        reason.partition(":")[0],
        u.rule,
        texts.profile(u.before),
        texts.skus(u.row.targets),
        texts.profile(u.after),
        texts.services(u.services.kept_off),
        texts.services(u.services.new_on),
        texts.services(u.services.lost),
        u.judgement.sigil,
        u.standing.at if written else "",
        u.standing.request_id,
        u.wave,
        display_name,
        texts.said(todo),
        detail,
    )


def _detail(u: User, groups: Mapping[str, str]) -> str:
    """Say what a reason is about: Graph's own words for a refusal, who changed it, else what the plan noted.

    Of somebody whom a group was to move it names the group; `groups` are the names by id.
    """
    words = u.judgement.reason.partition(":")[2].strip()
    if u.judgement.reason.startswith(CHANGED_BY_RUN):
        return by_run(u.author)
    if u.judgement.outcome == "refused":
        words = u.standing.message or words
    if u.swaps and u.judgement.outcome not in FINE:
        named = tuple(groups.get(s.change.group_id, s.change.group_id) for s in u.swaps)
        through = Message("group {names}", "groups {names}", n=len(named), names=named)
        return joined((words, through)) if words else through
    return words or (u.detail if u.judgement.reason == u.row.reason else "")


class _Texts:
    """Part numbers and names of services for the cells of the table; equal values are rendered once."""

    def __init__(self, before: TenantSnapshot, after: TenantSnapshot, names: Names) -> None:
        both = (*before.skus, *after.skus)
        self._skus: dict[str, str] = {s.sku_id: s.part_number for s in both}
        self._services: dict[str, str] = {p.id: p.name for s in both for p in s.plans}
        self._names = names
        self._known: dict[object, str] = {None: "", "": ""}
        self.messages: dict[str, Message] = {}

    def said(self, text: str) -> str:
        """Keep a sentence for those who render it in another language."""
        if isinstance(text, Message):
            self.messages[text] = text
        return text

    def skus(self, sku_ids: Iterable[SkuId]) -> str:
        """Join part numbers, sorted."""
        return "+".join(sorted(self._skus.get(s, s) for s in sku_ids))

    def profile(self, profile: LicenseProfile | None) -> str:
        """Join the part numbers of everything a user holds."""
        if profile not in self._known and profile is not None:
            self._known[profile] = self.skus(profile.skus)
        return self._known[profile]

    def services(self, ids: tuple[PlanId, ...]) -> str:
        """Join the names of service plans."""
        if ids not in self._known:
            self._known[ids] = "+".join(self._services.get(p, self._names.plan(p)) for p in ids)
        return self._known[ids]


def actions(
    users: Sequence[User],
    left: Sequence[ResidualHolder],
    groups: Sequence[GroupResult],
    gates: Sequence[Gate],
    wished: Wished | None,
    broken: Mapping[str, Message],
    *,
    undo: bool = False,
) -> tuple[Action, ...]:
    """Everything a person has to do: users and groups that are not fine, other holders of the source, closed gates.

    By reason, within it by name; gates come last. `wished` are the ids of the users for whom the roster says yes, by
    its column, `broken` what users lost whose change ended in error, by user id.
    """
    said = wished or Wished()
    yes = {column: frozenset(ids) for column, ids in (("voice", said.voice), ("legal_hold", said.legal_hold))}
    names = {g.id: g.name for g in groups}
    found = [
        Action(
            kind=u.judgement.outcome,
            reason=u.judgement.reason,
            subject=u.name,
            remedy=remedy(u.judgement.reason, refused=u.judgement.outcome == "refused", undo=undo),
            user_principal_name=u.name,
            id=u.id,
            detail=broken.get(u.id) or _detail(u, names),
            **{column: "yes" for column, ids in yes.items() if u.id in ids},
        )
        for u in users
        if u.judgement.outcome not in FINE and u.judgement.reason not in QUIET
    ]
    found += group_actions(groups)
    named = {u.id for u in users}
    found += [_holder(holder) for holder in left if holder.how != "group" and holder.id not in named]
    found.sort(key=_by_reason_and_name)
    found.extend(Action("gate", g.id, g.id, g.remedy, detail=g.detail) for g in gates if not g.passed)
    return tuple(found)


def _holder(holder: ResidualHolder) -> Action:
    """Return the row of somebody outside the plan who has a source; a deleted user is none for a roster."""
    deleted = holder.how == "soft_deleted"
    reason = "soft_deleted_holder" if deleted else "residual_holder"
    name, user_id = ("", "") if deleted else (holder.name, holder.id)
    return Action("residual", reason, holder.name, remedy(reason), user_principal_name=name, id=user_id)


def _by_reason_and_name(action: Action) -> tuple[str, ...]:
    return (action.reason.partition(":")[0], action.kind, action.group_id, action.subject.casefold(), action.id)


def accepted_losses(plan: Plan, users: Sequence[User]) -> tuple[AcceptedLoss, ...]:
    """Name every user whom we moved and who lost a data service with consent, and who consented."""
    by_policy = plan.header.settings.accepts_lost_services
    columns = (plan.decisions[column].astype(str) for column in ("id", "remarks", "acknowledged_by"))
    told = {user_id: (remarks, who) for user_id, remarks, who in zip(*columns, strict=True) if LOWERED in remarks}
    found = []
    for user in users:
        if user.ours and user.id in told:
            remarks, who = told[user.id]
            lost = [r.partition(": ")[2] for r in remarks.split(SEPARATOR) if r.startswith(LOWERED)]
            accepted_by = who or (ACCEPTING_POLICY if by_policy else "")
            found.append(AcceptedLoss(user.id, user.name, joined(map(plan.said, lost)), accepted_by))
    return tuple(found)


def not_checked(verification: Mapping[str, Any], after: TenantSnapshot, check: AuditLogCheck) -> tuple[Message, ...]:
    """Say plainly what this run did not look at."""
    sentences = [*_NEVER_CHECKED]
    if check.status == "not_permitted":
        sentences.append(
            Message(
                "Microsoft's own audit log is not part of this evidence: reading it was refused. It takes the "
                "permission AuditLog.Read.All, and in some tenants Directory.Read.All beside it."
            )
        )
    elif check.status == "not_asked":
        sentences.append(Message("Microsoft's own audit log is not part of this evidence: it was not requested."))
    if check.missing:
        sentences.append(_without_record(len(check.missing), check.writes))
    if verification.get("health") is None:
        sentences.append(Message("Service health: the permission ServiceHealth.Read.All is not granted."))
    sentences.extend(Message("{fact}: could not be read.", fact=name) for name in after.unread)
    return tuple(sentences)


def _without_record(missing: int, writes: int) -> Message:
    return Message(
        "{n} of {changes} has no record in Microsoft's audit log: records appear about {minutes} minutes "
        "later and are kept for {days} or {most} days.",
        "{n} of {changes} have no record in Microsoft's audit log: records appear about {minutes} minutes "
        "later and are kept for {days} or {most} days.",
        n=missing,
        changes=Message("{n} change", "{n} changes", n=writes),
        minutes=MINUTES_LATE,
        days=min(RETENTION_DAYS),
        most=max(RETENTION_DAYS),
    )
