"""A plan on two screens: what is in the way, who changes, who is held, seats, waves; plan.html has the rest."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.catalog.products import load_catalog
from jobs.cli.next_step import Given, told_next
from jobs.cli.output import in_words
from jobs.cli.terminal import console, grid, text
from jobs.license_reassignment.commands.shared.new_plan import Planned
from jobs.license_reassignment.decide.draft import ROSTER_ROWS
from jobs.license_reassignment.decide.worth_knowing import WorthKnowing
from jobs.license_reassignment.model.plan import split
from jobs.license_reassignment.model.plan_header import PlanHeader, PlannedGroup, SeatRow, TranslationTable
from jobs.license_reassignment.model.text import counted
from jobs.license_reassignment.report.words import ENGLISH

GROUPS_MAX = 20
FATES = {"hold": "stays as it is", "done": "done already"}

MARK, MARK_OF_NOTES = 9, 6
"""The columns of the words that begin a line."""


def print_plan(found: Planned, given: Given) -> None:
    """Print a plan, nobody in it by name: those stand in its files."""
    header = found.plan.header
    _totals(found, header)
    _in_the_way(found)
    text()
    _groups(header)
    _who_changes(header)
    _who_is_held(header)
    _seats_and_waves(header)
    _services(header)
    _addons(found.worth)
    say = ENGLISH.naming(load_catalog().names)
    for note in (*found.notes, *_protected(header), *found.worth.lines):
        text(say(note), level="NOTE", indent=MARK_OF_NOTES)
    text(f"Written to {found.run.path}: plan.html for an approver, decisions.csv by user.", indent=2)
    told_next(found.next_step, given)


def _totals(found: Planned, header: PlanHeader) -> None:
    totals, tenant = header.totals, header.tenant
    text(f"Plan {found.plan.plan_id} for {tenant.name}", indent=2)
    text(
        f"{counted(totals.in_scope, 'user')} in scope = {totals.changes:,} to change + {totals.held:,} on hold + "
        f"{totals.already_on_target:,} already on target",
        indent=2,
    )
    if quiet := totals.held - header.held_for_somebody:
        whom = "1 user on hold never had" if quiet == 1 else f"{quiet:,} of the users on hold never had"
        text(f"{whom} the old product: nothing to be done", indent=2)
    if rows := header.roster.rows:
        used, rejected = header.roster.used, header.roster.rejected
        text(f"{counted(rows, 'roster row')} = {used:,} used + {rejected:,} rejected", indent=2)
    for sentence in found.minutes:
        text(ENGLISH(sentence), indent=2)


def _in_the_way(found: Planned) -> None:
    for problem in found.not_ready:
        text(problem, level="PENDING", indent=MARK)
    for limit in found.limits:
        text(limit.removeprefix("Limit exceeded: "), level="LIMIT", indent=MARK)


def _groups(header: PlanHeader) -> None:
    """Show what becomes of each group that is named; plan.html has the others, and who holds one back."""
    groups, names = [g for g in header.groups or () if g.fate != "left"], _names(header)
    rows = [(g.name, _fate(g, names), g.members, _why(g)) for g in groups[:GROUPS_MAX]]
    grid("", ("Group", "becomes", "members", "why"), rows)
    if len(groups) > GROUPS_MAX:
        text(f"and {counted(len(groups) - GROUPS_MAX, 'group')} more: plan.html", indent=2)


def _fate(group: PlannedGroup, names: dict[str, str]) -> str:
    return _joined("+".join(group.targets), names) if group.fate == "swap" else FATES[group.fate]


def _why(group: PlannedGroup) -> str:
    found = "; ".join(h.sentence for h in group.hindrances)
    return found or (in_words("reason", group.reason) if group.fate == "hold" else "")


def _who_changes(header: PlanHeader) -> None:
    """Show every rule, and in one row the roster's own wishes, each of which is a rule of its own."""
    names = _names(header)
    rows: list[tuple[str, str, int, int]] = []
    wished = [r for r in header.rules if r.rule == ROSTER_ROWS and r.rule not in header.settings.conditions]
    for rule in header.rules:
        if rule not in wished:
            rows.append((rule.rule or "no rule", _joined(rule.targets, names) or "-", rule.change, rule.hold))
    if wished:
        rows.append((ROSTER_ROWS, "what each row says", sum(r.change for r in wished), sum(r.hold for r in wished)))
    grid("", ("Rule", "gets", "change", "stay"), rows)


def _who_is_held(header: PlanHeader) -> None:
    holds = sorted(header.holds, key=lambda h: (-h.users, h.reason))
    rows = [(in_words("reason", h.reason), h.users, h.reason) for h in holds]
    grid("", ("On hold because", "users", "code"), rows)


def _seats_and_waves(header: PlanHeader) -> None:
    names = _names(header)
    seats = [(_seats_of(s, names), s.enabled, s.consumed, s.free, s.needed, s.left, s.short) for s in header.seats]
    grid("", ("Seats of", "enabled", "in use", "free", "needed", "left", "short"), seats)
    if aside := sum(s.not_counted for s in header.seats):
        text(f"* {counted(aside, 'seat')} not planned with: of a trial, or bought by users themselves", indent=2)
        text()
    grid("", ("Wave", "users", "then"), [(w.name, w.users, w.then) for w in header.waves])


def _seats_of(row: SeatRow, names: dict[str, str]) -> str:
    """Name the product, with a star where it has seats that no plan may use: a trial's, or those that users bought."""
    name = names.get(row.sku_id, row.part_number)
    return f"{name} *" if row.not_counted else name


def _services(header: PlanHeader) -> None:
    names = _names(header)
    rows = [(_joined("+".join(t.targets), names), *_kinds(t)) for t in header.translation]
    sources = " or ".join(p.name for p in header.sources)
    grid("", (f"Services of {sources} in", "as today", "higher", "lower", "end", "new"), rows)
    if not console().is_terminal:
        for table in header.translation:
            _service_by_service(table, names)


def _service_by_service(table: TranslationTable, names: dict[str, str]) -> None:
    """Show what a log keeps and two screens have no room for: each service that becomes another one, or ends."""
    rows = [
        (r.source_plan or "-", r.target_plan or "-", in_words("translation", r.kind))
        for r in table.rows
        if r.kind not in {"same", "new"}
    ]
    title = f"{names.get(table.source, table.source)} to {_joined('+'.join(table.targets), names)}"
    grid(title, ("service today", "becomes", "how"), rows or [("-", "-", "none changes")])


def _kinds(table: TranslationTable) -> tuple[int, ...]:
    kinds = [r.kind for r in table.rows]
    return (
        kinds.count("same") + kinds.count("equal"),
        *(kinds.count(kind) for kind in ("level_up", "level_down", "none", "new")),
    )


def _addons(worth: WorthKnowing) -> None:
    """Show in a log, as plan.html does, which add-ons stay: two screens have no room for them."""
    if console().is_terminal:
        return
    name = load_catalog().names.sku
    rows = [(name(a.sku_id), a.covered, a.partly, a.kept) for a in worth.addons]
    grid("", ("Add-on, kept by users whose new product", "covers it", "in part", "does not"), rows)


def _protected(header: PlanHeader) -> Iterator[str]:
    """Say whom the entries of [scope] protected protect: groups by name, users by number."""
    entries = header.protected or ()
    if users := [e for e in entries if e.kind == "user"]:
        inside = sum(e.in_scope for e in users)
        yield f"Protected, never touched: {counted(len(users), 'user')} by name, {inside:,} of them in this plan"
    for group in (e for e in entries if e.kind == "group"):
        whom = f"{counted(group.users, 'user')}, {group.in_scope:,} of them in this plan"
        yield f"Protected, never touched: group {group.name or group.entry}, {whom}"


def _names(header: PlanHeader) -> dict[str, str]:
    return {p.sku_id: p.name for p in (*header.sources, *header.targets)}


def _joined(skus: str, names: dict[str, str]) -> str:
    return " + ".join(names.get(sku, sku) for sku in split(skus))
