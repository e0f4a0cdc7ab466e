"""The commands that a person is told to type next, as they are pasted. Pure."""

from __future__ import annotations

from jobs.license_reassignment.model.plan_header import PlanHeader
from jobs.license_reassignment.model.text import quoted

NextStep = tuple[tuple[str, str], ...]
"""What makes sense now, and what may come after or before it: the word that begins each line, and the line."""


def next_step(line: str, **others: str) -> NextStep:
    """Return a line to type or to do, and others by the word that begins each; an empty line is no step."""
    told = {"next": line, **others} if line else {}
    return tuple((word.replace("_", " ").capitalize(), each) for word, each in told.items())


def apply_line(plan_id: str, tenant_id: str, wave: str = "") -> str:
    """Return the command that carries a plan out, or goes on with it; up to a wave where one is named."""
    return f"reseat apply {plan_id} --tenant {tenant_id}" + (f" --wave {quoted(wave)}" if wave else "")


def verify_line(plan_id: str, *, after_cancel: bool = False) -> str:
    """Return the command that verifies a plan."""
    return f"reseat verify {plan_id}" + (" --after-cancel" if after_cancel else "")


def plan_again_line(header: PlanHeader) -> str:
    """Return the command that makes a new plan of the same aim."""
    commands = {"undo": f"reseat undo {header.undo_of}", "addons": f"reseat plan --addons-of {header.addons_of}"}
    return commands.get(header.kind, "reseat plan")
