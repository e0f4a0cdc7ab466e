"""What each command says on stdout: text for people, or one ASCII-escaped JSON document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from jobs.license_reassignment.model.text import quoted

if TYPE_CHECKING:
    from jobs.license_reassignment.commands.apply import Applied
    from jobs.license_reassignment.commands.audit import Audited
    from jobs.license_reassignment.commands.check import Checked
    from jobs.license_reassignment.commands.explain import Explanation
    from jobs.license_reassignment.commands.run import Steps
    from jobs.license_reassignment.commands.shared.new_plan import Planned
    from jobs.license_reassignment.commands.skus import ProductRow, ProductTranslation
    from jobs.license_reassignment.model.plan_header import PlanHeader, TranslationTable
    from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
    from jobs.license_reassignment.run_folder.folder import RunDir

PIPE_WIDTH = 160
Given = Sequence[tuple[str, str]]
"""Options with their values, as this command was given them."""
MARKS = {"ok": "ok", "warn": "WARN", "person": "SETTLE", "not_yet": "NOT YET", "not_checked": "not checked"}


def _out() -> Console:
    """Print to stdout; a pipe or a file has no width of its own, so that a table there is not squeezed."""
    out = Console(highlight=False, emoji=False, soft_wrap=True)
    return out if out.is_terminal else Console(highlight=False, emoji=False, soft_wrap=True, width=PIPE_WIDTH)


def emit(value: object) -> None:
    """Print one JSON document, ASCII only: Windows PowerShell 5.1 mangles anything else."""
    print(json.dumps(value, ensure_ascii=True, indent=2, default=_plain))  # noqa: T201 - this room prints


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)


def text(line: str = "") -> None:
    """Print one line as it is: no markup, no wrapping."""
    _out().print(line, markup=False)


def grid(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table with a title; numbers to the right."""
    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for n, column in enumerate(columns):
        numeric = all(isinstance(r[n], int | float) for r in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{c:,}" if isinstance(c, int) else str(c) for c in row))
    out = _out()
    out.print(table, markup=False)
    out.print()


def checked(found: Checked, *, as_json: bool) -> None:
    """Print a check: every finding with its remedy, then the settings in force."""
    if as_json:
        emit(
            {
                "exit_code": int(found.code),
                "tenant_id": found.organization.id,
                "tenant_name": found.organization.display_name,
                "app_id": found.identity.app_id,
                "findings": [asdict(f) for f in found.findings],
                "settings": [{"key": k, "value": v, "origin": o} for k, v, o in found.settings],
            }
        )
        return
    for f in found.findings:
        text(f"{MARKS[f.level]:>11}  {f.subject}: {f.text}")
        if f.remedy and f.level != "ok":
            text(f"{'':>11}  → {f.remedy}")
    text()
    grid("Settings in force", ("key", "value", "from"), found.settings)
    text(f"check ends with {int(found.code)}")


def planned(found: Planned, *, as_json: bool, given: Given = ()) -> None:
    """Print a plan: counts per rule, holds with remedy and names, seats, waves, translation."""
    header = found.plan.header
    if as_json:
        from jobs.license_reassignment.run_folder.plan_files import stored

        shown = {k: v for k, v in stored(header).items() if k not in {"translation", "files"}}
        emit({**shown, "folder": str(found.run.path), "exit_code": int(found.code), "warnings": list(found.warnings)})
        return
    totals = header.totals
    text(f"Plan {found.plan.plan_id} for {header.tenant.name} ({header.tenant.id})")
    text(
        f"{totals.in_scope:,} users in scope = {totals.changes:,} change + {totals.held:,} held + "
        f"{totals.already_on_target:,} already on target"
    )
    rows, used, rejected = (header.roster.rows, header.roster.used, header.roster.rejected)
    if rows:
        text(f"{rows:,} roster rows = {used:,} used + {rejected:,} rejected")
    if quiet := totals.held - header.held_for_somebody:
        text(f"{quiet:,} of the held hold no source SKU: they are counted, and nothing is to be done")
    text()
    rules = [(r.rule or "no rule", r.target_skus or "-", r.change, r.hold) for r in header.rules]
    grid("By rule and target", ("rule", "target", "change", "not changed"), rules)
    shields = [(p.entry, p.kind, p.name, p.users, p.in_scope) for p in header.protected or ()]
    grid("Protected, never touched", ("entry", "kind", "name", "protects", "of these in the plan"), shields)
    holds = [(h.reason, h.users, ", ".join(h.sample[:3]), h.remedy) for h in header.holds]
    grid("Held, and what to do", ("reason", "users", "for example", "remedy"), holds)
    seats = [(s.part_number, s.enabled, s.consumed, s.reserve, s.free, s.needed, s.left, s.short) for s in header.seats]
    columns = ("target", "enabled", "consumed", "reserve", "free", "needed", "left", "short")
    grid("Seats (freed ones are never spent)", columns, seats)
    grid("Waves", ("wave", "users", "then"), [(w.name, w.users, w.then) for w in header.waves])
    for table in header.translation:
        _translation_summary(header, table)
    for warning in found.warnings:
        text(f"NOTE  {warning}")
    text(f"Written to {found.run.path}; plan.html shows it to an approver.")
    if found.next_step:
        text(f"Next: {_as_given(found.next_step, given)}")


def _as_given(step: str, given: Given) -> str:
    """Return the next commands with the options that this one was given: without them they would look elsewhere."""
    return "; then ".join(
        " ".join([part, *(f"{name} {quoted(value)}" for name, value in given if _takes(part, name))])
        for part in step.split("; then ")
    )


def _takes(command: str, option: str) -> bool:
    return command.startswith("reseat ") and not (option == "--runs" and command.startswith("reseat check"))


def _translation_summary(header: PlanHeader, table: TranslationTable) -> None:
    name = {p.sku_id: p.name for p in (*header.sources, *header.targets)}
    rows = [
        (r.source_plan or "-", r.target_plan or "-", r.kind.replace("_", " "))
        for r in table.rows
        if r.kind not in {"same", "new"}
    ]
    kinds = [r.kind for r in table.rows]
    title = f"{name[table.source]} → {' + '.join(name[t] for t in table.targets)}: "
    title += f"{kinds.count('same')} plans the same, {kinds.count('new')} new; those that change:"
    grid(title, ("plan today", "becomes", "how"), rows or [("-", "-", "none changes")])


def applied(found: Applied, run: RunDir, *, as_json: bool, given: Given = ()) -> None:
    """Print how an apply ended."""
    counts = {k: v for k, v in found.counts.items() if v}
    seq, head = found.head
    if as_json:
        emit(
            {
                "plan_id": found.plan.plan_id,
                "exit_code": int(found.code),
                "reason": found.reason,
                "counts": counts,
                "writes": found.writes,
                "journal": {"seq": seq, "hash": head},
                "folder": str(run.path),
            }
        )
        return
    shown = ", ".join(f"{k} {v:,}" for k, v in sorted(counts.items())) or "nothing to do"
    text(f"apply {found.plan.plan_id}: {shown}; {_sent(found)}")
    text(f"{found.reason} (exit {int(found.code)})")
    text(f"journal head: {found.plan.plan_id} {seq} {head}")
    if found.next_step:
        text(f"Next: {_as_given(found.next_step, given)}")


def _sent(found: Applied) -> str:
    return f"{found.writes:,} {'write' if found.writes == 1 else 'writes'} sent"


def verified(found: Reconciliation, run: RunDir, *, as_json: bool) -> None:
    """Print a reconciliation: verdict, gates, totals with their equation, and where the report is."""
    if as_json:
        emit({**_document(found), "folder": str(run.path)})
        return
    t = found.totals
    text(f"{found.verdict}: {found.advice} ({found.advice_reason})")
    parts = [(n, getattr(t, n)) for n in ("moved", "moved_by_group", "already_on_target", "refused", "drifted")]
    parts += [(n, getattr(t, n)) for n in ("gone", "in_doubt", "held", "pending")]
    shown = " + ".join(f"{v:,} {n}" for n, v in parts if v) or "0"
    text(f"{t.in_scope:,} in scope = {shown}")
    text()
    gates = [("passed" if g.passed else g.status.upper().replace("_", " "), g.id, g.detail) for g in found.gates]
    grid("Gates", ("", "gate", "detail"), gates)
    for check in found.after_cancel:
        text(f"{'passed' if check.passed else 'FAILED'}  {check.id}: {check.detail}")
    if found.since_last:
        text(found.since_last.sentence)
    for incident in found.incidents[:20]:
        text(f"{'HARM' if incident.harm else 'note'}  {incident.kind}: {incident.subject}: {incident.detail}")
    if len(found.incidents) > 20:
        text(f"… and {len(found.incidents) - 20} more in reconciliation.json")
    seq, head = found.journal_head
    text(f"journal head: {found.plan_id} {seq} {head}")
    if run.has("manifest.sha256"):
        text(
            f"manifest: {run.read('manifest.sha256').decode().split()[0]}  (keep it elsewhere: it shows later changes)"
        )
    text(f"Report: {run.path / 'report.html'}")


def _document(found: Reconciliation) -> dict[str, Any]:
    from jobs.license_reassignment.report.json import document

    return document(found)


def audited(found: Audited, *, as_json: bool) -> None:
    """Print an audit: the first difference, or the verdict with what was checked."""
    if as_json:
        emit({**asdict(found), "exit_code": int(found.code)})
        return
    if found.differences:
        text(f"ALTERED: {found.differences[0]}")
        for more in found.differences[1:20]:
            text(f"  also: {more}")
    else:
        text(f"{found.verdict}: the evidence is whole and gives the same verdict again")
    for line in found.checked:
        text(f"checked: {line}")
    for line in found.notes:
        text(f"note: {line}")
    text(f"journal head: {found.plan_id} {found.head[0]} {found.head[1]}")
    text(f"manifest: {found.manifest_sha256}")


def step(name: str, found: object, *, given: Given = ()) -> None:
    """Print one step of a run as its own command would."""
    from jobs.license_reassignment.commands.apply import Applied
    from jobs.license_reassignment.commands.check import Checked
    from jobs.license_reassignment.commands.shared.new_plan import Planned

    text(f"── {name} " + "─" * (60 - len(name)))
    match found:
        case Checked():
            checked(found, as_json=False)
        case Planned():
            planned(found, as_json=False, given=given)
        case Applied():
            text(f"{found.reason} (exit {int(found.code)}); {_sent(found)}")
        case _:
            pass


def silent(name: str, found: object) -> None:
    """Say nothing: the one JSON document comes at the end."""
    del name, found


def ran(steps: Steps, *, as_json: bool) -> None:
    """Print how a run ended."""
    if as_json:
        emit(
            {
                "exit_code": int(steps.code),
                "reason": steps.reason,
                "folder": str(steps.run.path) if steps.run else "",
                "plan_id": steps.run.path.name if steps.run else "",
                "reconciliation": _document(steps.verified) if steps.verified else None,
            }
        )
        return
    if steps.verified and steps.run:
        verified(steps.verified, steps.run, as_json=False)
    text(f"run ends with {int(steps.code)}: {steps.reason}")


def explained(found: Explanation, *, as_json: bool) -> None:
    """Print why one user was decided so, and what happened."""
    if as_json:
        emit(found)
        return
    for sentence in found.sentences:
        text(sentence)


def products(found: Sequence[ProductRow], *, as_json: bool) -> None:
    """Print the tenant's products."""
    if as_json:
        emit([asdict(p) for p in found])
        return
    rows = [
        (p.name, p.sku_part_number, p.capability_status, p.enabled, p.warning, p.consumed, p.free, p.sku_id)
        for p in found
    ]
    grid("Products", ("name", "part number", "state", "enabled", "warning", "consumed", "free", "skuId"), rows)


def translation(found: ProductTranslation, *, as_json: bool) -> None:
    """Print plan by plan what becomes of a product."""
    if as_json:
        emit(found)
        return
    rows = [
        (r.source_plan or "-", r.target_plan or "-", r.kind.replace("_", " "), r.source_name or r.target_name)
        for r in found.rows
    ]
    grid(f"{found.source} → {' + '.join(found.targets)}", ("plan today", "becomes", "how", "service"), rows)
    text(f"From {found.origin}.")
