"""What each command says on stdout: text for people, or one ASCII-escaped JSON document."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from jobs.cli.next_step import Given, told_next
from jobs.cli.terminal import grid, text
from jobs.license_reassignment.model.command_lines import next_step
from jobs.license_reassignment.model.text import counted

if TYPE_CHECKING:
    from jobs.license_reassignment.commands.apply import Applied
    from jobs.license_reassignment.commands.audit import Audited
    from jobs.license_reassignment.commands.check import Checked
    from jobs.license_reassignment.commands.explain.explanation import Explanation
    from jobs.license_reassignment.commands.run import Steps
    from jobs.license_reassignment.commands.shared.new_plan import Planned
    from jobs.license_reassignment.commands.skus import ProductRow, ProductTranslation
    from jobs.license_reassignment.model.command_lines import NextStep
    from jobs.license_reassignment.reconcile.findings import Gate
    from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
    from jobs.license_reassignment.report.page.view import ReportView
    from jobs.license_reassignment.run_folder.folder import RunDir

MARKS: Final = {"ok": "ok", "warn": "WARNING", "person": "ACTION", "not_yet": "PENDING", "not_checked": "not checked"}
MARK: Final = 13
"""The column of the words that begin a line, such as WARNING."""

NAMED_MAX: Final = 10
"""So many people are named; the files name all."""

READY: Final = {0: "Ready", 3: "Action needed", 6: "Not ready yet"}
"""How a check ends, by its exit code."""

GROUPS_NEED: Final = ("group needs", "groups need")


def emit(value: object) -> None:
    """Print one JSON document, ASCII only: Windows PowerShell 5.1 mangles anything else."""
    print(json.dumps(value, ensure_ascii=True, indent=2, default=_plain))  # noqa: T201 - this room prints


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)


_IN_FILE: Final = re.compile(r"^.* (?=line \d+$)")
"""The name of the settings file, before a line of it."""

_BARE_KEY: Final = re.compile("[A-Za-z0-9_-]+")
"""A key that TOML takes without quotes."""


def checked(found: Checked, *, as_json: bool, all_settings: bool = False) -> None:
    """Print a check: the settings that are not the default, every finding with its remedy, and what that adds up to."""
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
    rows = [(k, v, _IN_FILE.sub("", o)) for k, v, o in found.settings if all_settings or o != "default"]
    text("Settings in force:" if all_settings else "Settings that differ from the default (all: --settings):")
    for key, value, origin in rows:
        text(f"  {key} = {_as_in_toml(value)}  ({origin})", indent=6)
    text()
    for f in found.findings:
        text(f"{f.subject}: {f.text}", level=MARKS[f.level], indent=MARK)
        if f.remedy and f.level != "ok":
            _remedy(f.remedy)
    levels = Counter(f.level for f in found.findings)
    parts = [
        counted(levels["person"], "action") if levels["person"] else "",
        f"{levels['not_yet']} pending" if levels["not_yet"] else "",
        counted(levels["warn"], "warning"),
        f"{levels['not_checked']} not checked",
    ]
    text(f"{READY[found.code]}: {', '.join(filter(None, parts))} (exit {int(found.code)})")


def _as_in_toml(value: str) -> str:
    """Write a table, which a document has in JSON, as one may type it in the settings file."""
    return _toml(json.loads(value)) if value.startswith("{") else value


def _toml(value: object) -> str:
    """Write a value in TOML; a key of a table that is empty there says nothing and is left out."""
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    keys = {k if _BARE_KEY.fullmatch(k) else json.dumps(k): v for k, v in value.items() if v not in (None, "", [], {})}
    return f"{{ {', '.join(f'{k} = {_toml(v)}' for k, v in keys.items())} }}" if keys else "{}"


def _remedy(words: str) -> None:
    text(words, level="          →", indent=MARK)


def planned(found: Planned, *, as_json: bool, given: Given = ()) -> None:
    """Print a plan."""
    from jobs.cli.plan_text import print_plan

    if not as_json:
        print_plan(found, given)
        return
    from jobs.license_reassignment.run_folder.plan_files import stored

    shown = {k: v for k, v in stored(found.plan.header).items() if k not in {"translation", "files"}}
    emit({**shown, "folder": str(found.run.path), "exit_code": int(found.code), "warnings": list(found.warnings)})


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
                **({"groups": {k: v for k, v in sorted(found.groups.items()) if v}} if found.groups else {}),
                "writes": found.writes,
                "journal": {"seq": seq, "hash": head},
                "folder": str(run.path),
            }
        )
        return
    shown = ", ".join(f"{k.replace('_', ' ')} {v:,}" for k, v in sorted(counts.items())) or "nothing to do"
    swapped = ", ".join(f"{k.replace('_', ' ')} {v:,}" for k, v in sorted(found.groups.items()) if v)
    text(f"Plan {found.plan.plan_id}: {shown}{f'; groups: {swapped}' if swapped else ''}; {_sent(found)}")
    _people(found.groups_attention, "`reseat status` counts them", GROUPS_NEED)
    _people(found.attention, "`reseat explain PLAN USER` tells of one; `reseat verify` writes actions.csv with all")
    text(f"{found.reason} (exit {int(found.code)})")
    text(f"Journal head: {found.plan.plan_id} {seq} {head}")
    told_next(found.next_step, given)


def _sent(found: Applied) -> str:
    return f"{counted(found.writes, 'write')} sent"


def _people(
    attention: Sequence[tuple[str, str, str]], others: str, words: tuple[str, str] = ("user needs", "users need")
) -> None:
    """Name the first of (who, standing, why) who need attention, and say where the others are."""
    if not attention:
        return
    text(f"{counted(len(attention), *words)} attention:")
    for name, standing, why in attention[:NAMED_MAX]:
        said = ", ".join(filter(None, (in_words("outcome", standing), in_words("reason", why) if why else "")))
        text(f"  {name}: {said}", indent=4)
    if len(attention) > NAMED_MAX:
        text(f"  and {len(attention) - NAMED_MAX:,} more: {others}", indent=4)
    text()


def verified(found: Reconciliation, run: RunDir, *, as_json: bool, given: Given = ()) -> None:
    """Print a reconciliation: verdict, totals, what keeps it from GO with its remedy, and what comes next."""
    if as_json:
        emit({**_document(found), "folder": str(run.path)})
        return
    _finding(found, run)
    told_next(_next_step(found, run), given)


def _next_step(found: Reconciliation, run: RunDir) -> NextStep:
    from jobs.license_reassignment.commands.shared.after_verification import after_verification
    from jobs.license_reassignment.run_folder.load import load_header

    return after_verification(found, load_header(run))


def _finding(found: Reconciliation, run: RunDir) -> None:
    t = found.totals
    whole = found.advice in {"keep", "cancel"}
    advice = f"{found.advice} the subscription" if whole else f"keep the subscription, but {found.advice}"
    text(f"{advice} ({found.advice_reason})", level=f"{found.verdict}:", indent=len(found.verdict) + 2)
    parts = [(n, getattr(t, n)) for n in ("moved", "moved_by_group", "already_on_target", "refused", "drifted")]
    parts += [(n, getattr(t, n)) for n in ("gone", "in_doubt", "held", "pending")]
    shown = " + ".join(f"{v:,} {n.replace('_', ' ')}" for n, v in parts if v) or "0"
    text(f"{counted(t.in_scope, 'user')} in scope = {shown}")
    if found.groups:
        text(_view(found).groups_line, level="Groups:", indent=8)
    text()
    _gates(found.gates)
    _gates(found.after_cancel)
    if found.since_last:
        text(found.since_last.sentence)
    if found.cost:
        text(_cost(found), level="Cost:", indent=6)
    _people(attention_of(found), "actions.csv names all, with what to do for each")
    incidents = sorted(found.incidents, key=lambda one: not one.harm)
    for incident in incidents[:NAMED_MAX]:
        what = f"{in_words('incident', incident.kind)}: {incident.subject}: {incident.detail}"
        text(what, level="HARM" if incident.harm else "NOTE", indent=6)
    if len(incidents) > NAMED_MAX:
        text(f"… and {len(incidents) - NAMED_MAX:,} more in reconciliation.json")
    seq, head = found.journal_head
    text(f"Journal head: {found.plan_id} {seq} {head}")
    if run.has("manifest.sha256"):
        text(
            f"Manifest: {run.read('manifest.sha256').decode().split()[0]}  (keep it elsewhere: it shows later changes)"
        )
    text(f"Report: {run.path / 'report.html'}")


def _view(found: Reconciliation) -> ReportView:
    from jobs.license_reassignment.report.page.view import ReportView
    from jobs.license_reassignment.report.words import ENGLISH

    return ReportView(found, ENGLISH.naming(found.called))


def _cost(found: Reconciliation) -> str:
    """Say what the move costs in one sentence."""
    cost = _view(found).cost
    return cost.sentence.replace("\N{NO-BREAK SPACE}", " ") if cost else ""


def _gates(gates: Sequence[Gate]) -> None:
    """Print what is not met with its remedy, and what is met in one line."""
    for gate in gates:
        if not gate.passed:
            level = gate.status.upper().replace("_", " ")
            text(f"{gate.id}: {gate.detail}", level=level, indent=MARK + 2)
            if gate.remedy:
                text(gate.remedy, level="            →", indent=MARK + 2)
    if passed := [gate.id for gate in gates if gate.passed]:
        text(f"{len(passed)} of {len(gates)}: {', '.join(passed)}", level="passed", indent=MARK + 2)
        text()


def attention_of(found: Reconciliation) -> list[tuple[str, str, str]]:
    """Return (who, outcome, reason) of the users for whom somebody has to do something, the gravest first."""
    asked = {a.id for a in found.actions if a.id}
    users = found.users[found.users["id"].isin(asked)]
    rows = [
        (str(r.user_principal_name), str(r.outcome), str(r.reason))
        for r in users[["user_principal_name", "outcome", "reason"]].itertuples()
    ]
    order = {outcome: n for n, outcome in enumerate(("refused", "drifted", "in_doubt", "pending", "held"))}
    return sorted(rows, key=lambda row: (order.get(row[1], len(order)), row[0]))


def in_words(family: str, code: str) -> str:
    """Return a code in words; a code that nobody has words for, and a sentence, stay as they are."""
    from jobs.license_reassignment.report.words import ENGLISH

    return ENGLISH.name(family, code)


def _document(found: Reconciliation) -> dict[str, Any]:
    from jobs.license_reassignment.report.json import document

    return document(found)


def audited(found: Audited, *, as_json: bool) -> None:
    """Print an audit: the first difference, or the verdict with what was checked."""
    if as_json:
        emit({**asdict(found), "exit_code": int(found.code)})
        return
    if found.differences:
        text(found.differences[0], level="ALTERED:", indent=9)
        for more in found.differences[1:20]:
            text(more, level="   also:", indent=9)
    else:
        told = "the evidence is intact and gives the same verdict again"
        text(told, level=f"{found.verdict}:", indent=len(found.verdict) + 2)
    for line in found.checked:
        text(line, level="checked:", indent=9)
    for line in found.notes:
        text(line, level="note:", indent=6)
    text(f"Journal head: {found.plan_id} {found.head[0]} {found.head[1]}")
    text(f"Manifest: {found.manifest_sha256}")


def step(name: str, found: object) -> None:
    """Print one step of a run as its own command would; what comes next is said at the end of the run."""
    from jobs.license_reassignment.commands.apply import Applied
    from jobs.license_reassignment.commands.check import Checked
    from jobs.license_reassignment.commands.shared.new_plan import Planned

    text(f"── {name} " + "─" * (56 - len(name)))
    match found:
        case Checked():
            checked(found, as_json=False)
        case Planned():
            planned(replace(found, next_step=()), as_json=False)
        case Applied():
            text(f"{found.reason} (exit {int(found.code)}); {_sent(found)}")
            _people(found.groups_attention, "the report names all", GROUPS_NEED)
            _people(found.attention, "the report names all")
        case _:
            pass


def silent(name: str, found: object) -> None:
    """Say nothing: the one JSON document comes at the end."""
    del name, found


def ran(steps: Steps, *, as_json: bool, given: Given = (), rehearsed: bool = False) -> None:
    """Print how a run ended; the tenant of a rehearsal is gone with it, so that no command may follow."""
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
    step = steps.next_step
    if steps.verified and steps.run:
        _finding(steps.verified, steps.run)
        step = _next_step(steps.verified, steps.run)
    text(f"Run ended: {steps.reason} (exit {int(steps.code)})")
    if rehearsed and steps.run:
        text("The sample tenant is gone now; `reseat sandbox` serves it for as long as you try the other commands.")
        step = next_step(f"open {steps.run.path / 'report.html'}")
    told_next(step, given)


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
    rows = [(p.name, p.sku_part_number, p.capability_status, p.enabled, p.warning, p.consumed, p.free) for p in found]
    columns = ("name", "part number", "state", "enabled", "in grace", "in use", "free")
    grid("Products, with their seats (--json has the ids too)", columns, rows)


def translation(found: ProductTranslation, *, as_json: bool) -> None:
    """Print plan by plan what becomes of a product."""
    if as_json:
        emit(found)
        return
    rows = [
        (r.source_plan or "-", r.target_plan or "-", in_words("translation", r.kind), r.source_name or r.target_name)
        for r in found.rows
    ]
    grid(f"{found.source} → {' + '.join(found.targets)}", ("plan today", "becomes", "how", "service"), rows)
    text(f"From {found.origin}.")
