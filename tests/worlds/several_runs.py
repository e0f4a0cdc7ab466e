"""A small tenant whose runs are made one after the other in one runs directory, and what it holds afterwards."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.sandbox.tenant.file import load_license
from connectors.sandbox.tenant.state import SOMEBODY_ELSE
from connectors.sandbox.trouble import meddle
from jobs.license_reassignment.model.plan import tasks_of
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.journal import Journal
from jobs.license_reassignment.run_folder.load import load_journal, load_plan, load_snapshot
from worlds.in_process import CommandLine, Place, Said
from worlds.rehearsal import read_json
from worlds.small_tenant import APPLY


@dataclass
class Runs:
    """The commands in the order in which they are called; `run` is the plan made last."""

    here: Place
    call: CommandLine
    made: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Where the runs live."""
        return self.here.folder / "runs"

    @property
    def run(self) -> str:
        """The plan made last."""
        return self.made[-1]

    def plan(self, *more: str) -> Said:
        """`reseat plan`."""
        return self._making("plan", *more)

    def undo(self, run: str = "") -> Said:
        """`reseat undo`."""
        return self._making("undo", run or self.run)

    def addons(self, run: str = "") -> Said:
        """`reseat plan --addons-of`."""
        return self._making("plan", "--addons-of", run or self.run)

    def _making(self, *argv: str) -> Said:
        """Call a command that makes a plan; some time passes before it."""
        self.here.seconds += 60
        known = {p.parent.name for p in self.folder.glob("*/plan.json")}
        said = self.call(self.here, *argv)
        new = {p.parent.name for p in self.folder.glob("*/plan.json")} - known
        self.made += sorted(new)
        return said

    def apply(self, run: str = "", *more: str) -> Said:
        """`reseat apply`; some time passes before it."""
        self.here.seconds += 60
        return self.call(self.here, "apply", run or self.run, *APPLY, *more)

    def verify(self, run: str = "") -> Said:
        """`reseat verify`."""
        return self.call(self.here, "verify", run or self.run)

    def audit(self, run: str) -> Said:
        """`reseat audit`."""
        return self.call(self.here, "audit", str(self.folder / run), config=False)

    def night(self) -> Said:
        """`reseat run --approve`; what it plans is the plan made last."""
        return self._making("run", "--approve", "contoso.example")

    @property
    def posts(self) -> int:
        """How many changes of ours reached the tenant, refused ones included."""
        return sum(record.actor != SOMEBODY_ELSE for record in self.here.tenant.write_log)

    def holds(self) -> dict[str, str]:
        """Return what each living user holds, by the name before the @: part numbers, `!` behind one in error."""
        skus = self.here.tenant.skus
        return {
            user.upn.partition("@")[0]: " ".join(
                sorted(skus[a.sku].part_number + ("" if a.state == "Active" else "!") for a in user.profile.assignments)
            )
            for user in self.here.tenant.living()
        }

    def somebody_gives(self, name: str, *licenses: Any) -> None:
        """Another admin gives a user exactly these licenses."""
        user = self.here.tenant.user(f"{name}@contoso.example")
        assert user is not None
        held = tuple(load_license(self.here.tenant, one) for one in licenses)
        meddle.put_licenses(self.here.tenant, user, held, self.here.seconds)

    def somebody_deletes(self, name: str) -> None:
        """Another admin deletes a user."""
        user = self.here.tenant.user(f"{name}@contoso.example")
        assert user is not None
        meddle.remove_user(self.here.tenant, user, self.here.seconds)

    def moved_away(self, name: str) -> None:
        """A user loses the country without which Graph gives nobody a license."""
        user = self.here.tenant.user(f"{name}@contoso.example")
        assert user is not None
        user.location = ""

    def moved_back(self, name: str) -> None:
        """The repair of it."""
        user = self.here.tenant.user(f"{name}@contoso.example")
        assert user is not None
        user.location = "NL"

    def killed_while_sending(self, *names: str, effect: Callable[[str], None] | None = None) -> None:
        """Leave what a kill leaves: an intent without an answer; `effect` is what the request did all the same."""
        folder = RunDir(self.folder / self.run)
        plan = load_plan(folder)
        tasks = {self._name(u): t for u, t in tasks_of(plan, load_snapshot(folder)).items()}
        journal = Journal(load_journal(folder, plan), lambda: datetime.fromtimestamp(self.here.seconds, UTC))
        journal.append("start", {"plan_id": plan.plan_id, "waves": [], "app_id": "app", "operator": "somebody"})
        journal.append("intent", {"batch": 1, "items": [tasks[n].intent() for n in names]})
        journal.close()
        for name in names if effect else ():
            assert effect is not None
            effect(name)

    def _name(self, user_id: str) -> str:
        user = self.here.tenant.user(user_id)
        assert user is not None
        return user.upn.partition("@")[0]

    def rows(self, run: str = "") -> dict[str, dict[str, str]]:
        """Return the rows of decisions.csv by the name before the @, in the order of the file."""
        text = (self.folder / (run or self.run) / "decisions.csv").read_text(encoding="utf-8")
        return {r["name"].partition("@")[0]: r for r in csv.DictReader(io.StringIO(text, newline=""))}

    def header(self, run: str = "") -> dict[str, Any]:
        """Return plan.json."""
        document: dict[str, Any] = read_json(self.folder / (run or self.run) / "plan.json")
        return document

    def standings(self, run: str = "") -> dict[str, str]:
        """Return the last word of the journal on each user: `verdict` or `verdict: reason`, `sent` for an intent."""
        folder = RunDir(self.folder / (run or self.run))
        found: dict[str, str] = {}
        for line in load_journal(folder, load_plan(folder)).lines:
            for item in line.body.get("items", ()):
                reason = f": {item['reason']}" if item.get("reason") else ""
                found[self._name(item["id"])] = item.get("verdict", "sent") + reason
        return found
