"""The whole report in words: what the page and the summary take from each section, and which sections there are."""

from __future__ import annotations

from connectors.message import Message
from jobs.license_reassignment.report.page.sections.evidence import EvidenceSection
from jobs.license_reassignment.report.page.sections.groups import LicensedGroupsSection
from jobs.license_reassignment.report.page.sections.outcomes import OutcomesSection
from jobs.license_reassignment.report.page.sections.people import PeopleSection
from jobs.license_reassignment.report.page.sections.verdict import VerdictSection

CONTENTS = (
    ("verdict", Message("Verdict")),
    ("gates", Message("Gates")),
    ("groups", Message("Groups")),
    ("residual", Message("Remaining users")),
    ("actions", Message("What is left to do")),
    ("totals", Message("Outcomes")),
    ("seats", Message("Seats")),
    ("cost", Message("Cost")),
    ("users", Message("Users")),
    ("evidence", Message("Evidence")),
    ("check", Message("Verify it yourself")),
)
"""The main parts of the page, and the heading of each; the first has the verdict itself for a heading."""


class ReportView(VerdictSection, LicensedGroupsSection, PeopleSection, OutcomesSection, EvidenceSection):
    """The finding, ready for a template: sentences in one language, groups in reading order, marks of charts."""

    @property
    def contents(self) -> tuple[tuple[str, Message], ...]:
        """The parts that the head of the page leads to, by the heading that each has; not every plan has them all."""
        found = (("gates", self._r.gates), ("groups", self._r.groups), ("cost", self._r.cost))
        missing = {name for name, there in found if not there}
        return tuple(part for part in CONTENTS if part[0] not in missing)
