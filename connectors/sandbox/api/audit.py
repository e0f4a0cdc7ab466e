"""The directory's own record of license writes, as audit entries: derived from the write log when somebody asks."""

from __future__ import annotations

import uuid

from connectors.sandbox.api.odata import Clause, Query, read_query, reject_filter
from connectors.sandbox.api.world import Reply, Request, World, ok
from connectors.sandbox.licensing.groups import GROUP_LICENSING
from connectors.sandbox.refusal import unsupported
from connectors.sandbox.tenant.model import Json, WriteRecord, instant, stamp
from connectors.sandbox.tenant.state import SOMEBODY_ELSE, TenantState

_ACTIVITY = {
    "user": "Change user license",
    "member": "Change user license",
    "reprocess": "Change user license",
    "group": "Set group license",
    "location": "Update user",
    "delete": "Delete user",
}
_NAMES = {SOMEBODY_ELSE: "Contoso HR Sync", GROUP_LICENSING: "Microsoft Entra group-Based Licensing"}
_OPTIONS = frozenset({"$filter", "$top", "$orderby", "$skiptoken"})


def audit_page(world: World, request: Request) -> Reply:
    """One page of audit entries; the tenant shows them `audit_lag_seconds` after the write."""
    query = read_query(request.query, _OPTIONS)
    until = request.now - world.tenant.knobs.audit_lag_seconds
    log = world.tenant.write_log
    for clause in query.clauses:
        _check(clause)
    rows: list[Json] = []
    following = None
    for index in range(query.position, len(log)):
        record = log[len(log) - 1 - index]
        if record.at <= until and record.kind in _ACTIVITY and all(_meets(record, clause) for clause in query.clauses):
            if len(rows) == query.page_size:
                following = index
                break
            rows.append(_entry(world, request, len(log) - 1 - index, record))
    return _answer(request, query, rows, following)


def _answer(request: Request, query: Query, rows: list[Json], following: int | None) -> Reply:
    answer: Json = {"@odata.context": f"{request.base}/$metadata#auditLogs/directoryAudits"}
    if following is not None:
        answer["@odata.nextLink"] = query.next_link(request.url, following)
    answer["value"] = rows
    return ok(answer)


def _check(clause: Clause) -> None:
    if clause.name == "activityDateTime" and clause.op in ("ge", "le", "lt", "gt"):
        try:
            instant(str(clause.values[0]))
        except ValueError as wrong:
            raise unsupported(f"Invalid date in a filter: {clause.values[0]}") from wrong
    elif clause.op != "eq" or clause.name not in ("activityDisplayName", "initiatedBy/app/appId"):
        raise reject_filter(clause)


def _meets(record: WriteRecord, clause: Clause) -> bool:
    value = str(clause.values[0])
    if clause.name == "activityDisplayName":
        return _ACTIVITY[record.kind] == value
    if clause.name == "initiatedBy/app/appId":
        return record.actor == value
    at = instant(value)
    return {"ge": record.at >= at, "gt": record.at > at, "le": record.at <= at, "lt": record.at < at}[clause.op]


def _entry(world: World, request: Request, number: int, record: WriteRecord) -> Json:
    user = None if record.kind == "group" else _user_name(world.tenant, record.target)
    return {
        "id": f"Directory_{uuid.UUID(int=number)}_{number}",
        "category": "GroupManagement" if record.kind == "group" else "UserManagement",
        "correlationId": record.request_id or None,
        "result": "success" if record.status < 300 else "failure",
        "resultReason": record.message,
        "activityDisplayName": _ACTIVITY[record.kind],
        "activityDateTime": stamp(record.at),
        "loggedByService": "Core Directory",
        "operationType": "Update",
        "initiatedBy": {
            "user": None,
            "app": {
                "appId": record.actor,
                "displayName": _NAMES.get(record.actor, request.app.name),
                "servicePrincipalId": None,
                "servicePrincipalName": None,
            },
        },
        "targetResources": [
            {
                "id": record.target,
                "displayName": None,
                "type": "Group" if record.kind == "group" else "User",
                "userPrincipalName": user,
                "groupType": None,
                "modifiedProperties": _modified(record),
            }
        ],
        "additionalDetails": [],
    }


def _user_name(tenant: TenantState, user_id: str) -> str | None:
    user = tenant.user(user_id)
    return user.upn if user else None


def _modified(record: WriteRecord) -> list[Json]:
    if record.before is None or record.after is None or record.before is record.after:
        return []
    old, new = (
        "[" + ", ".join(sorted(f"SkuId={sku}" for sku in profile.held)) + "]"
        for profile in (record.before, record.after)
    )
    return [{"displayName": "AssignedLicense", "oldValue": old, "newValue": new}]
