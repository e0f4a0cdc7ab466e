"""What happens in a soak, in order: plan, apply again and again while it is killed, then the end, verify and audit."""

from __future__ import annotations

import csv
import json
import random
import signal
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from soak.rig import TENANT, Operator, Process, Soak, Tenant

LOOK_S = 0.1
STEER_S = 6.0
ENDINGS_MAX = 60
STOP_S_MAX = 12.0
"""After SIGTERM or SIGINT a run ends within 8 s for answers on their way, plus its own end."""

SPARE_SEATS, BOUGHT_SEATS = 6, 15
SPEED_MAX = 0.95
"""A speed file of 1.0 would leave no room for a batch that is on its way for longer than the one before it."""

DONE, PEOPLE_LEFT, STOPPED, GUARD = 0, 3, 4, 10
SOFT = (signal.SIGTERM, signal.SIGINT)


class Unfit(Exception):
    """The soak itself did not come to what it was to show; says nothing about the product."""


class Strange(Exception):
    """The command ended as no command may end here."""


@dataclass(frozen=True, slots=True)
class Blow:
    """When and how a process is ended: seconds from the start. An `aimed` one waits for an open Retry-After."""

    at: float
    signal: signal.Signals
    aimed: bool


@dataclass(slots=True)
class Story:
    """What was done: every process, every pause [from, until], and which processes play a part in the judgment."""

    soak: Soak
    plan_id: str = ""
    run: str = ""
    processes: list[Process] = field(default_factory=list)
    pauses: list[list[float]] = field(default_factory=list)
    speeds: int = 0
    bought: int = 0
    began: float = 0.0
    seconds: float = 0.0
    last_apply: int = 0
    second_apply: int = 0
    verify: int = 0
    report: int = 0
    audit: int = 0
    audited: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        found = asdict(self)
        found["soak"]["folder"] = str(self.soak.folder)
        return found


def blows(soak: Soak, rng: random.Random) -> list[Blow]:
    """Draw the moments: a fifth of them are SIGTERM or SIGINT, and of the kills a third is aimed.

    A third of the mean distance lies between two at least, or they would only meet an interpreter that starts.
    """
    apart = soak.seconds / max(1, soak.kills) / 3
    room = 0.92 * soak.seconds - apart * soak.kills
    moments = [at + n * apart for n, at in enumerate(sorted(rng.uniform(0.0, room) for _ in range(soak.kills)), 1)]
    soft = set(rng.sample(range(soak.kills), max(1, soak.kills // 5))) if soak.kills > 1 else set()
    return [
        Blow(at, rng.choice(SOFT) if n in soft else signal.SIGKILL, n not in soft and rng.random() < 0.4)
        for n, at in enumerate(moments)
    ]


class Teller:
    """Lives one soak through. `say` hears one line at a time."""

    def __init__(self, soak: Soak, tenant: Tenant, say: Any) -> None:
        self.story = Story(soak)
        self._soak = soak
        self._tenant = tenant
        self._say = say
        self._rng = random.Random(soak.seed)
        self._operator = Operator(soak, tenant)
        self._changes = 0
        self._steered = 0.0
        self._changed = 0

    def tell(self) -> Story:
        """Do everything; raises Unfit or Strange where that cannot be done."""
        try:
            self._plan()
            self._storm()
            self._end()
            self._prove()
        finally:
            self._operator.stop()
            self.story.processes = self._operator.past
            (self._soak.folder / "story.json").write_text(json.dumps(self.story.document(), indent=1), "utf-8")
        return self.story

    def _plan(self) -> None:
        done = self._operator.do("plan")
        _expect(done, {DONE, PEOPLE_LEFT})
        self.story.plan_id = self._operator.answer(done)["plan_id"]
        self._operator.run = self._soak.folder / "runs" / self.story.plan_id
        self.story.run = f"runs/{self.story.plan_id}"
        planned = planned_adds(self._operator.run)
        self._changes = len(planned)
        self._tenant.ask("tighten", planned=planned, spare=SPARE_SEATS)
        self._say(f"plan {self.story.plan_id}: {self._changes:,} users to change")

    def _storm(self) -> None:
        """Apply and end it, until the time is over and every blow has fallen."""
        rng, story = self._rng, self.story
        self._tenant.ask("storm")
        story.began = time.time()
        waiting = blows(self._soak, rng)
        pauses = sorted(rng.uniform(0.1, 0.9) * self._soak.seconds for _ in range(round(self._soak.seconds / 120)))
        while waiting or self._elapsed() < self._soak.seconds:
            self._start()
            while not self._operator.ended():
                time.sleep(LOOK_S)
                self._steer()
                if pauses and self._elapsed() >= pauses[0]:
                    pauses.pop(0)
                    self._pause(min(rng.uniform(4.0, 8.0), self._soak.seconds / 10))
                if waiting and self._elapsed() >= waiting[0].at and self._falls(waiting[0], waiting[1:]):
                    self._strike(waiting.pop(0), len(waiting))
                elif not waiting and self._elapsed() >= self._soak.seconds:
                    break
            else:
                self._look_at_the_end(self._operator.past[-1], waiting)
                continue
            break
        self._tenant.ask("calm")
        self._say(f"{self._elapsed():.0f} s: all faults are off, {self._left():,} users left")

    def _elapsed(self) -> float:
        return time.time() - self.story.began

    def _left(self) -> int:
        self._changed = self._tenant.ask("count")["changed"]
        return max(0, self._changes - self._changed)

    def _start(self) -> None:
        self._operator.start("apply", self.story.plan_id, "--tenant", TENANT)

    def _falls(self, blow: Blow, later: list[Blow]) -> bool:
        """Whether this blow falls now.

        An aimed one waits for a Retry-After with some seconds to run, but not for longer than half the time to the
        next blow; a soft one until the process has begun to work, for before that nothing is promised.
        """
        if blow.signal in SOFT:
            lines = (self._operator.run / "journal.jsonl").is_file()
            return lines and time.time() - self._operator.past[-1].started > 4.0
        limit = (blow.at + (later[0].at if later else self._soak.seconds)) / 2
        if not blow.aimed or self._elapsed() >= limit:
            return True
        return self._tenant.ask("count")["write_wait_s"] > 4.0

    def _strike(self, blow: Blow, left: int) -> None:
        process = self._operator.past[-1]
        self._operator.send(blow.signal)
        done = self._operator.wait(STOP_S_MAX)
        lived = done.ended - process.started
        self._say(f"{self._elapsed():5.0f} s: {blow.signal.name} after {lived:.1f} s, code {done.code}, {left} to come")

    def _look_at_the_end(self, done: Process, waiting: list[Blow]) -> None:
        """A process has ended, by itself or by a blow: see that it may, and help where a person is asked for help."""
        if done.signal == signal.SIGKILL and done.code == -signal.SIGKILL:
            return
        if done.signal in SOFT and done.code == -signal.SIGKILL:
            raise Strange(f"process {done.generation} was still at work {STOP_S_MAX:.0f} s after its signal")
        _expect(done, {DONE, PEOPLE_LEFT, STOPPED, GUARD})
        if done.code in {DONE, PEOPLE_LEFT} and (waiting or self._elapsed() < self._soak.seconds * 0.9):
            raise Unfit(f"apply came to its end after {self._elapsed():.0f} s, {len(waiting)} blows early: more users")
        if done.code in {STOPPED, GUARD} and not done.signal:
            self._help(done)

    def _help(self, done: Process) -> None:
        if "seats" not in done.said + json.dumps(self._operator.answer(done)):
            raise Strange(f"process {done.generation} ended with {done.code}, and not for want of seats: {done.said}")
        self.story.bought += BOUGHT_SEATS
        self._tenant.ask("buy", seats=BOUGHT_SEATS)
        self._say(f"{self._elapsed():5.0f} s: code {done.code} for want of seats; bought {BOUGHT_SEATS} of each")

    def _pause(self, seconds: float) -> None:
        """Put the file `pause` there for a while; the process goes on, and so do the blows later."""
        pause = self._operator.run / "pause"
        pause.touch()
        began = time.time()
        time.sleep(seconds)
        self.story.pauses.append([began, time.time()])
        pause.unlink()

    def _steer(self) -> None:
        """Change the speed, so that the work lasts for the whole time; no file where full speed is needed."""
        if time.time() - self._steered < STEER_S:
            return
        self._steered = time.time()
        left, time_left = self._left(), max(1.0, self._soak.seconds - self._elapsed())
        need = left / time_left * 150 / self._soak.writes_per_150_s
        share = min(SPEED_MAX, max(0.02, need * self._rng.uniform(0.9, 1.5)))
        speed = self._operator.run / "speed"
        if share > 0.9:
            speed.unlink(missing_ok=True)
        else:
            speed.write_text(f"{share:.3f}", encoding="ascii")
            self.story.speeds += 1

    def _end(self) -> None:
        """Let apply come to its end at full speed, and once more when there is nothing left to do."""
        (self._operator.run / "speed").unlink(missing_ok=True)
        for _ in range(ENDINGS_MAX):
            if self._operator.ended():
                if self._operator.past[-1].code in {DONE, PEOPLE_LEFT}:
                    break
                self._start()
            done = self._operator.wait(1800.0)
            if done.code in {STOPPED, GUARD}:
                self._help(done)
            else:
                _expect(done, {DONE, PEOPLE_LEFT})
        self.story.last_apply = self._operator.past[-1].generation
        self.story.seconds = self._elapsed()
        self._say(f"{self._elapsed():.0f} s: apply ended with {self._operator.past[-1].code}")
        self.story.second_apply = self._operator.do("apply", self.story.plan_id, "--tenant", TENANT).generation

    def _prove(self) -> None:
        story, operator = self.story, self._operator
        verified = operator.do("verify", story.plan_id)
        _expect(verified, {DONE, PEOPLE_LEFT, 5})
        reported, audited = operator.do("report", story.plan_id), operator.do("audit", story.run)
        story.verify, story.report, story.audit = verified.generation, reported.generation, audited.generation
        story.audited = operator.answer(audited)
        self._tenant.ask("dump")


def _expect(done: Process, codes: set[int]) -> None:
    if done.code not in codes or "Traceback" in done.said:
        raise Strange(f"process {done.generation} ({' '.join(done.command)}) ended with {done.code}: {done.said}")


def planned_adds(run: Path) -> dict[str, list[str]]:
    """Return the users that the plan changes, with the products that it adds, as its own table says."""
    with (run / "decisions.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "change"]
    return {row["id"]: [sku for sku in row["add"].split("+") if sku] for row in rows}
