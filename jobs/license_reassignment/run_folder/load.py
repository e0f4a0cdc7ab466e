"""Reads a run folder back: the plan with every digest checked, the journal, and all that a verification rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from connectors.audit_log import AuditRecord, from_lines
from connectors.catalog.products import Catalog
from connectors.ids import sha256
from connectors.tenant import TenantSnapshot
from jobs.license_reassignment.errors import GuardRefused, JobError
from jobs.license_reassignment.model.other_runs import (
    OTHER_RUNS,
    OtherRun,
    OtherRuns,
    UnreadableRun,
    from_jsonl,
    other_run,
)
from jobs.license_reassignment.model.plan import Plan, header_digest, moved_by_groups
from jobs.license_reassignment.model.plan_header import FORMAT_VERSION, PlanHeader
from jobs.license_reassignment.model.standing import ABOUT_USERS, GROUPS, Entry, fold
from jobs.license_reassignment.reconcile.findings import MOVED
from jobs.license_reassignment.reconcile.reconcile import Evidence
from jobs.license_reassignment.reconcile.since_last import LastVerification
from jobs.license_reassignment.reconcile.whose_change import changes_by_other_runs
from jobs.license_reassignment.run_folder import snapshot_files
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.journal import Head, Line, read_journal, segments
from jobs.license_reassignment.run_folder.plan_files import (
    HEADER,
    LISTS,
    MESSAGES,
    REJECTED,
    TABLE,
    header_of,
    read_decisions,
    read_messages,
    read_rejected,
)
from jobs.license_reassignment.run_folder.seal import MANIFEST

AUDIT_LOG = "audit-log.jsonl"
DETAILS = "license_details"
"""Key of after-tenant.json: by user id and SKU, the provisioningStatus of each service plan."""

SNAPSHOT_PARTS = (".csv", "-profiles.json", "-tenant.json")


def load_plan(run: RunDir) -> Plan:
    """Read the plan; every file that it consists of must be as it was written, and of a format that is known.

    Raises GuardRefused (10).
    """
    header = load_header(run)
    kept: dict[str, bytes] = {}
    for name, expected in header.files.items():
        data = run.read(name)
        if sha256(data) != expected:
            raise _altered(run, name, "is not what the plan was made with")
        if name in {TABLE, LISTS, REJECTED, MESSAGES}:
            kept[name] = data
    for name in (TABLE, LISTS):
        if name not in kept:
            raise _altered(run, HEADER, f"does not name {name}")
    messages = read_messages(kept[MESSAGES]) if MESSAGES in kept else {}
    decisions, groups = read_decisions(kept.__getitem__, header.roster_columns)
    rejected = read_rejected(kept[REJECTED], messages) if header.roster.rejected else ()
    return Plan(header, decisions, groups, messages, rejected)


def load_header(run: RunDir) -> PlanHeader:
    """Read what a plan says of itself, in a format that is known; its other files are not looked at.

    Raises GuardRefused (10).
    """
    try:
        stored: dict[str, Any] = orjson.loads(run.read(HEADER))
        digest, _, version = stored["digest"], stored["files"], str(stored["format_version"])
        if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
            raise UnknownFormat(run.path / HEADER, version)
        if header_digest(stored) != digest:
            raise _altered(run, HEADER, "does not fit its own digest")
        return header_of(stored)
    except (ValueError, KeyError, TypeError) as error:
        raise _altered(run, HEADER, "is not a plan") from error


class UnknownFormat(GuardRefused):
    """A plan.json whose format this version does not know: nothing of it is believed, its digest neither."""

    def __init__(self, path: Path, version: str) -> None:
        self.version = version
        super().__init__(
            f"{path} has the format version {version}, and this version of reseat reads {FORMAT_VERSION}. Nothing was "
            "sent. Use the version of reseat that made the plan, or make a new plan with `reseat plan`."
        )


def _altered(run: RunDir, name: str, what: str) -> GuardRefused:
    return GuardRefused(
        f"{run.path / name} {what}: the plan was altered. Nothing was sent. Restore the file, or make a new plan with "
        "`reseat plan`."
    )


def load_snapshot(run: RunDir, which: snapshot_files.Which = "snapshot") -> TenantSnapshot:
    """Read one of the two scans back."""
    files = {f"{which}{part}": run.read(f"{which}{part}") for part in SNAPSHOT_PARTS}
    with run.reading(" or ".join(files)):
        return snapshot_files.load_snapshot(files, which)


def load_journal(run: RunDir, plan: Plan) -> Head:
    """Read and check the journal's whole chain. Raises GuardRefused (10), also where it lost what was sealed."""
    head = read_journal(run.path, plan.digest)
    if not _holds_what_was_sealed(run, head):
        raise GuardRefused(
            f"The journal of {run.path} is shorter than when `reseat verify` sealed it, or another one: evidence was "
            "removed. Nothing was sent. Restore the journal from a copy; `reseat audit` says what else differs."
        )
    return head


def _holds_what_was_sealed(run: RunDir, head: Head) -> bool:
    """Whether the line that the manifest names as the last is still there; a journal only grows."""
    try:
        sealed = orjson.loads(run.read(MANIFEST))["journal"] if run.has(MANIFEST) else {"seq": 0}
        seq = int(sealed["seq"])
        return seq == 0 or (seq <= len(head.lines) and head.lines[seq - 1].hash == sealed["hash"])
    except (ValueError, LookupError, TypeError):
        return True  # what a damaged manifest says is for `audit` to judge


def entries(lines: Sequence[Line]) -> list[Entry]:
    """Return journal lines as the judging rooms take them."""
    return [Entry(line.kind, line.at, line.body) for line in lines]


def load_other_runs(run: RunDir, plan: Plan) -> OtherRuns:
    """Read what the other runs of the plan's tenant did, from the folders beside this one. A copy of it is no other."""
    found = load_runs(run.path.parent, plan.tenant_id, besides=run.path)
    return replace(found, runs=tuple(n for n in found.runs if n.plan_id != plan.plan_id))


def load_runs(runs: Path, tenant_id: str, *, besides: Path | None = None) -> OtherRuns:
    """Read what the runs of one tenant did, from the folders of a runs directory.

    A folder that holds a plan or a journal and cannot be read is told as such, never passed over.
    """
    found, damaged = list[OtherRun](), list[UnreadableRun]()
    folders = sorted(p for p in runs.iterdir() if p.is_dir()) if runs.is_dir() else []
    for folder in folders:
        if besides is not None and folder.resolve() == besides.resolve():
            continue
        try:
            one = _other_run(RunDir(folder), tenant_id)
        except (JobError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            why = error.strerror if isinstance(error, OSError) else ""
            if isinstance(error, UnknownFormat):
                why = f"its plan has the format version {error.version}"
            damaged.append(UnreadableRun(str(folder), why or "its plan or its journal is damaged or incomplete"))
            continue
        if one is not None:
            found.append(one)
    return OtherRuns(tuple(found), tuple(damaged))


def _other_run(run: RunDir, tenant_id: str) -> OtherRun | None:
    """Return what one folder says; None for one that is no run of this tenant."""
    if not run.has("plan.json") and not segments(run.path):
        return None
    header = load_header(run)
    if header.tenant.id != tenant_id:
        return None
    head = read_journal(run.path, header.digest)
    if not _holds_what_was_sealed(run, head):
        raise ValueError("the journal is shorter than when it was sealed")
    lines = [(e, n.seq, n.hash) for e, n in zip(entries(head.lines), head.lines, strict=True)]
    grouped = any(e.writes == GROUPS and e.kind in ABOUT_USERS for e, _, _ in lines)
    members = moved_by_groups(load_plan(run)) if grouped else {}
    return other_run(header, str(run.path), lines, {g: sorted(users) for g, users in members.items()})


def load_evidence(run: RunDir, catalog: Catalog, *, as_sealed: bool = True) -> Evidence:
    """Read everything a reconciliation rests on from the folder alone.

    `as_sealed`: raise GuardRefused (10) where the journal lost what was sealed; `audit` finds out for itself.
    """
    plan = load_plan(run)
    head = load_journal(run, plan) if as_sealed else read_journal(run.path, plan.digest)
    after = load_snapshot(run, "after")
    rest = orjson.loads(run.read("after-tenant.json"))
    verification: Mapping[str, Any] = rest.get("verification", {})
    with run.reading(AUDIT_LOG):
        audit_log = from_lines(run.read(AUDIT_LOG)) if run.has(AUDIT_LOG) else ()
    with run.reading(OTHER_RUNS):
        lines = from_jsonl(run.read(OTHER_RUNS)) if run.has(OTHER_RUNS) else []
        others = changes_by_other_runs(lines, plan.plan_id)
    return Evidence(
        plan=plan,
        before=load_snapshot(run),
        after=after,
        journal=entries(head.lines),
        journal_head=(head.seq, head.hash),
        verification=verification,
        rejected_rows=plan.header.roster.rejected,
        roster_rows=plan.header.roster.rows,
        catalog=catalog,
        audit_log=audit_log,
        last_verification=_last_verification(run),
        others=others,
        details=rest.get(DETAILS),
    )


def _last_verification(run: RunDir) -> LastVerification | None:
    """Read what the last verification before this one found, as it was moved to history."""
    return _verification_in(run, sorted(path.parent for path in (run.path / "history").glob("*/reconciliation.json")))


def _verification_in(run: RunDir, places: Sequence[Path]) -> LastVerification | None:
    """Read what verifications found, the last one last; passes over one that is not whole, tells a damaged one (2)."""
    whole = [p.relative_to(run.path).as_posix() for p in places if (p / "users.csv").is_file()]
    if not whole:
        return None
    with run.reading(f"{whole[-1]}/reconciliation.json or users.csv"):
        return _verification_from(run, whole)


def _verification_from(run: RunDir, folders: Sequence[str]) -> LastVerification:
    document = orjson.loads(run.read(f"{folders[-1]}/reconciliation.json"))
    tables = [snapshot_files.read_csv(run.read(f"{folder}/users.csv")) for folder in folders]
    users = tables[-1]
    asked = (*document["gates"], *document.get("after_cancel", ()))
    return LastVerification(
        verified_at=str(document["timing"]["verified_at"]),
        verdict=str(document["verdict"]),
        gates={g["id"]: g["status"] for g in asked},
        outcomes=dict(zip(users["id"], users["outcome"], strict=True)),
        residual={h["id"]: h["name"] for h in document["residual_holders"]},
        proven=frozenset(user for table in tables for user in table.loc[table["outcome"].isin(MOVED), "id"]),
    )


def check_last_verification(run: RunDir) -> None:
    """Raise InputError (2) where what an earlier verification of the run left cannot be read any more."""
    _verification_in(run, [run.path] if run.has("reconciliation.json") else [])
    exported_records(run)


def exported_records(run: RunDir) -> list[AuditRecord]:
    """Return what earlier verifications exported of Microsoft's own record; InputError (2) where it is damaged."""
    data = run.read(AUDIT_LOG) if run.has(AUDIT_LOG) else b""
    with run.reading(AUDIT_LOG):
        from_lines(data)
        return [orjson.loads(line) for line in data.splitlines()]


def perhaps_harmed(other: OtherRun) -> list[str]:
    """Return whom the last verification of a run found left without a license by it.

    Where it was not verified, or its report cannot be read, that is everybody whom it moved.
    """
    run = RunDir(Path(other.folder))
    try:
        incidents = orjson.loads(run.read("reconciliation.json"))["incidents"]
        names = {i["subject"] for i in incidents if i["kind"] == "bare_user" and i["harm"]}
        users = snapshot_files.read_csv(run.read("users.csv"), free_text=("user_principal_name",))
        return users.loc[users["user_principal_name"].isin(list(names)), "id"].astype(str).to_list()
    except (JobError, ValueError, LookupError, TypeError):
        return sorted(_moved(other))


def _moved(other: OtherRun) -> frozenset[str]:
    """Return whom the journal of a run says that it moved, through groups or not."""
    users = {u for u, standing in fold(n.entry for n in other.lines).items() if standing.state == "applied"}
    groups = {g for g, standing in fold((n.entry for n in other.lines), GROUPS).items() if standing.ours}
    items = (i for line in other.lines for i in line.body["items"] if line.entry.writes == GROUPS)
    return frozenset(users).union(*(i["users"] for i in items if i["id"] in groups))
