"""Who did what, what Microsoft's own record says, and what the figures leave out."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.message import Message, joined
from jobs.license_reassignment.report.page.sections.section import ReportSection

_TESTIMONY = {
    "exported": Message(
        "The audit log has records for {matched} of {writes} changed users; still missing: {missing}. audit-log.jsonl "
        "holds {records} in all: {matched} for these users, {further} for further attempts (refused, or sent again), "
        "and {foreign} under our app ID that are not changes of this run."
    ),
    "not_permitted": Message(
        "Not exported: reading it was refused, or this cloud has no such log. It takes the permission "
        "AuditLog.Read.All, and in some tenants Directory.Read.All beside it. Changed users that reseat alone has "
        "verified: {writes}."
    ),
    "nothing_written": Message("Nothing was changed, so there is nothing to compare."),
    "not_asked": Message("The audit log was not requested."),
}


class EvidenceSection(ReportSection):
    """Operators, apps, and Microsoft's own record."""

    def _at(self, step: str) -> str:
        """Who did one step, and on which machine."""
        who, host = str(getattr(self._r.run.operator, step)), str(getattr(self._r.run.host, step))
        return self._t("{who} on {host}", who=who, host=host) if who and host else who or host

    def did(self, step: str) -> str:
        """Person, machine and app of one step (plan, apply, verify); "" where nobody is on record."""
        return ", ".join(filter(None, (self._at(step), self._apps[step])))

    @property
    def _apps(self) -> Mapping[str, str]:
        return {"plan": self._r.run.planned_by, "apply": self._r.run.applied_by, "verify": self._r.run.verified_by}

    @property
    def operator(self) -> str:
        """Who did which step, and on which machine; "" where nobody is on record."""
        return self._steps({step: self._at(step) for step in self._apps})

    @property
    def identities(self) -> str:
        """Which app did which step, so that two identities are seen to be two; "" where none is known."""
        return self._steps(self._apps)

    def _steps(self, doers: Mapping[str, str]) -> str:
        """Name each doer once, with all of its steps."""
        done: dict[str, list[str]] = {}
        for step, doer in doers.items():
            if doer:
                done.setdefault(doer, []).append(self._t.name("step", step))
        return "; ".join(f"{doer} ({', '.join(steps)})" for doer, steps in done.items())

    @property
    def audit_log_sentence(self) -> str:
        """What Microsoft's own record says, in one sentence; "" where there is none."""
        w = self._r.witness
        if w is None:
            return ""
        counts = {"missing": len(w.missing), "further": w.further, "foreign": len(w.foreign)}
        counts |= {"records": w.records - w.other_runs, "matched": w.matched, "writes": w.writes}
        said = self._t(_TESTIMONY[w.status], **counts)
        runs = self._t(" Not counted here: {other_runs} from other runs of reseat.", other_runs=w.other_runs)
        return said + (runs if w.other_runs else "")

    @property
    def left_out(self) -> Message:
        """What the figures do not count: rows of the roster, and holders."""
        return joined(
            [
                Message(
                    "{n} rejected roster row (rejected.csv)",
                    "{n} rejected roster rows (rejected.csv)",
                    n=self._r.totals.rejected_rows,
                ),
                Message("{n} holder outside the plan", "{n} holders outside the plan", n=self._r.residual.out_of_scope),
            ]
        )
