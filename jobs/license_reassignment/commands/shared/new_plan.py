"""Writes a plan that was drawn up into a folder of its own, and says what a person should know of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.message import Message, paragraph
from connectors.tenant import Identity
from connectors.utc import utc_text
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.decide.draft import Draft, Origin
from jobs.license_reassignment.decide.worth_knowing import WorthKnowing, worth_knowing
from jobs.license_reassignment.errors import ExitCode, InputError, first_of
from jobs.license_reassignment.gather.allotments import HINT_REMEDY, hint_text
from jobs.license_reassignment.gather.names import limits_of
from jobs.license_reassignment.guard import limits_needed, over_limits
from jobs.license_reassignment.model.command_lines import NextStep, apply_line, next_step, plan_again_line, verify_line
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.model.plan_header import PlanHeader, SeatRow
from jobs.license_reassignment.model.policy import Limits
from jobs.license_reassignment.reconcile.scans import holders
from jobs.license_reassignment.report.page.html import render_plan_html
from jobs.license_reassignment.report.page.plan_view import plan_view
from jobs.license_reassignment.report.words import words_of
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.journal import segments
from jobs.license_reassignment.run_folder.plan_files import PlanFiles, numbered, plan_files
from jobs.license_reassignment.run_folder.seal import MANIFEST
from jobs.settings.model import Settings

SAME_PLANS_MAX = 1_000
"""So many folders of one and the same content are looked through before a person is asked to tidy up."""

NOTHING_WORTH_KNOWING = WorthKnowing()

CHANGES_NOBODY = Message("The plan changes nobody.")


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan on disk, with what a person should know of it; `next_step` is the command that makes sense now.

    `warnings` are all sentences about it. Some of them are also here alone: targets that are not ready, limits that it
    exceeds, how long it takes, and `notes`, which nobody could tell from the header; `worth` has those that one can.
    """

    run: RunDir
    plan: Plan
    code: ExitCode
    warnings: tuple[Message, ...]
    next_step: NextStep = ()
    not_ready: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    worth: WorthKnowing = NOTHING_WORTH_KNOWING
    minutes: tuple[Message, ...] = ()


def origin_of(parts: Parts, identity: Identity) -> Origin:
    """Say who makes a plan with these parts, when, and with which settings."""
    return Origin(
        tool_version=parts.tool_version,
        created_at=utc_text(parts.clock.now(), "seconds"),
        config_sha256=parts.effective.sha256,
        frozen=parts.effective.settings.frozen_part(),
        app_id=identity.app_id,
        operator=parts.operator,
        host=parts.host,
    )


def write_plan(parts: Parts, draft: Draft, notes: Sequence[Message], not_ready: Sequence[Message]) -> Planned:
    """Write the plan into a folder of its own; nothing that was begun or verified is ever written over."""
    settings = parts.effective.settings
    language = settings.run.language
    made = _fresh(parts.effective.runs_path, plan_files(draft, words_of(language)))
    plan, run = made.plan, RunDir(parts.effective.runs_path / made.plan.plan_id)
    limits, minutes = over_limits(plan, limits_of(settings)), _duration(plan, settings)
    worth = worth_knowing(plan)
    view = plan_view(plan, (*not_ready, *notes, *worth.sentences, *limits, *minutes), worth, parts.catalog.names)
    run.create()
    page = render_plan_html(view, language).encode()
    files: Mapping[str, bytes] = {**made.files, "plan.html": page}
    # The header comes last: without it there is no plan.
    for name in sorted(files, key=lambda n: n == "plan.json"):
        run.write(name, files[name])
    return Planned(
        run,
        plan,
        _code(plan, not_ready, limits),
        (*not_ready, *notes, *worth.lines, *limits, *minutes),
        _next_step(plan, not_ready, limits_of(settings)),
        not_ready=tuple(not_ready),
        limits=tuple(limits),
        notes=tuple(notes),
        worth=worth,
        minutes=tuple(minutes),
    )


def _fresh(runs: Path, made: PlanFiles) -> PlanFiles:
    """Number the plan past every folder of the same content that was begun or verified."""
    for again in range(SAME_PLANS_MAX):
        named = numbered(made, again)
        if not _kept(runs / named.plan.plan_id):
            return named
    raise InputError(
        f"{runs} holds {SAME_PLANS_MAX} runs of this very plan. Move finished run folders elsewhere, or give another "
        "directory with `--runs DIR`."
    )


def _kept(folder: Path) -> bool:
    """Whether a folder holds what must stay as it is: a journal, a sealed report, or what we may not even look at."""
    try:
        return folder.is_dir() and (bool(segments(folder)) or (folder / MANIFEST).is_file())
    except OSError:
        return True


def _next_step(plan: Plan, not_ready: Sequence[str], limits: Limits) -> NextStep:
    """Return the command that makes sense now; where a limit is exceeded nothing can be applied before it is raised."""
    apply = apply_line(plan.plan_id, plan.tenant_id)
    if not plan.header.changes_anything:
        return next_step(verify_line(plan.plan_id) if plan.kind == "swap" else "")
    if plan.header.swaps_hindered:
        return next_step("take the groups out of [groups] swap in the settings file", then=plan_again_line(plan.header))
    if needed := limits_needed(plan, limits):
        keys = " and ".join(f"{key} = {value}" for key, value in needed.items())
        return next_step(
            f"if so many users are meant, set [limits] {keys} in the settings file; this plan stays as it is"
        )
    return next_step("reseat check --wait", then=apply) if not_ready else next_step(apply)


def warnings_of(draft: Draft, nobody: Message = CHANGES_NOBODY) -> list[Message]:
    """Say what a person should know before approving; `nobody` is what is said of a plan that changes nobody."""
    found, snapshot = list[Message](), draft.snapshot
    if not snapshot.stable:
        found.append(Message("Seat counts changed during every read: somebody else is changing licenses right now."))
    found.extend(
        Message(
            "Graph counts {n} seat of {sku} in use but lists nobody who has it. Check in the admin center who"
            " does, and make a new plan when the two agree.",
            "Graph counts {n} seats of {sku} in use but lists nobody who has one. Check in the admin center "
            "who does, and make a new plan when the two agree.",
            n=sku.consumed,
            sku=sku.part_number,
        )
        for source in draft.header.sources
        if (sku := snapshot.sku(source.sku_id)) is not None and sku.consumed > 0 and not holders(snapshot, sku.sku_id)
    )
    if names := draft.header.allotments:
        found.append(paragraph(hint_text(names), HINT_REMEDY, _refused(draft.header)))
    short = _short_of_an_undo if draft.header.kind == "undo" else _short
    found.extend(short(s) for s in draft.header.seats if s.short)
    if not draft.header.changes_anything:
        found.append(nobody)
    return found


def _refused(header: PlanHeader) -> Message | None:
    """Say that a plan which names groups for a swap is not applied where the tenant may be on allotments."""
    if not header.swaps_hindered:
        return None
    return Message(
        "This plan names groups under [groups] swap, so `apply` refuses it: take them out and make a new plan, which "
        "changes users alone."
    )


def _short(seats: SeatRow) -> Message:
    return Message(
        "{sku}: {n} seat short. Buy more, or choose a different target in the roster; exactly the users without a seat "
        "are on hold (no_seat).",
        "{sku}: {n} seats short. Buy more, or choose a different target in the roster; exactly the users without a "
        "seat are on hold (no_seat).",
        n=seats.short,
        sku=seats.part_number,
    )


def _short_of_an_undo(seats: SeatRow) -> Message:
    return Message(
        "{sku}: {n} seat short. Free seats, or buy more if it is still sold, and run `reseat undo` again; exactly the "
        "users without a seat are on hold (no_seat).",
        "{sku}: {n} seats short. Free seats, or buy more if it is still sold, and run `reseat undo` again; exactly the "
        "users without a seat are on hold (no_seat).",
        n=seats.short,
        sku=seats.part_number,
    )


def _duration(plan: Plan, settings: Settings) -> list[Message]:
    """Say how long the writing takes at the pace that is set; each user costs one write."""
    per_minute = settings.pace.writes_per_150_s * settings.pace.quota_share / 2.5
    minutes = math.ceil(plan.header.totals.changes / per_minute)
    if not minutes:
        return []
    return [
        Message(
            "Applying it takes about {minutes} min, at {pace} users per minute.",
            minutes=minutes,
            pace=round(per_minute),
        )
    ]


def _code(plan: Plan, not_ready: Sequence[str], limits: Sequence[str]) -> ExitCode:
    codes = [ExitCode.NOT_YET] if not_ready else []
    header = plan.header
    held = header.held_for_somebody or header.groups_with("hold") or header.roster.rejected
    if held or limits or header.allotments:
        codes.append(ExitCode.PEOPLE_LEFT)
    return first_of(codes)
