"""What one call of apply has to do, folded from plan and journal: to whom it sends, and whom it only looks at.

Nothing here reads the tenant or writes a line; `commands/apply.py` does, in its order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connectors.limits import WRITE_WINDOW_S
from connectors.tenant import SkuId, TenantSnapshot, UserId
from jobs.license_reassignment.apply.queue import Queue
from jobs.license_reassignment.apply.session import Ending, between_waves, left_over
from jobs.license_reassignment.errors import ExitCode, InputError
from jobs.license_reassignment.model.change import LOCATIONS_WAVE, LicenseTask, LocationTask
from jobs.license_reassignment.model.command_lines import apply_line, plan_again_line, verify_line
from jobs.license_reassignment.model.other_runs import OtherRuns
from jobs.license_reassignment.model.plan import Plan, locations_of, tasks_of
from jobs.license_reassignment.model.standing import LOCATIONS, NOT_SENT, Entry, Standing, fold

WINDOW = timedelta(seconds=WRITE_WINDOW_S)


@dataclass(frozen=True, slots=True)
class Work:
    """What a call works on: the changes of the plan by user id, and where the journal leaves each.

    `waves` are those of this call. `protected_now` are users whom nobody protected when the plan was made: the session
    writes down that they are held. To nobody in `look_only` anything is sent; the code is why one is then held, ""
    where the change only waits. `settling`: this call looks at what is in doubt, and sends nothing to anybody.
    """

    plan: Plan
    journal: Sequence[Entry]
    others: OtherRuns
    tasks: Mapping[UserId, LicenseTask]
    locations: Mapping[UserId, LocationTask]
    standings: Mapping[str, Standing]
    waves: tuple[str, ...]
    protected_now: tuple[UserId, ...] = ()
    look_only: Mapping[UserId, str] = field(default_factory=dict)
    settling: bool = False

    def state(self, user_id: str) -> str:
        """Where the journal leaves the user's change."""
        return self.standings.get(user_id, NOT_SENT).state

    def open(self) -> list[LicenseTask]:
        """Return the changes of this call's waves, and any in doubt, that still need something."""
        return [
            t
            for u, t in self.tasks.items()
            if self.state(u) == "in_doubt" or (self.state(u) == "pending" and t.wave in self.waves)
        ]

    def to_send(self) -> list[LicenseTask]:
        """Return the changes that this call would send, those included that are in doubt and may turn out undone."""
        return [t for t in self.open() if t.user_id not in self.look_only]

    @property
    def in_doubt(self) -> bool:
        """Whether of any change it is not known what became of it."""
        return any(self.state(u) == "in_doubt" for u in self.tasks)

    @property
    def locates(self) -> bool:
        """Whether a country of the plan still waits for its answer."""
        standings = fold(self.journal, LOCATIONS)
        return any(not standings.get(u, NOT_SENT).answered for u in self.locations)

    @property
    def seats_needed(self) -> Counter[SkuId]:
        """One seat per change still to send and SKU that its user does not hold in any way."""
        needed: Counter[SkuId] = Counter()
        for task in self.to_send():
            if self.state(task.user_id) == "pending":
                needed.update(a.sku_id for a in task.change.add if not task.before.of_sku(a.sku_id))
        return needed

    @property
    def last_batch(self) -> int:
        """The number of the last batch that was sent, 0 for none."""
        return max((int(e.body["batch"]) for e in self.journal if e.kind == "intent"), default=0)

    def sent_since(self, moment: datetime) -> list[datetime]:
        """Return when each write after this moment was announced: it counts against the quota still."""
        announced = [(datetime.fromisoformat(e.at), e) for e in self.journal if e.kind == "intent"]
        return [at for at, e in announced if at > moment for _ in e.body["items"]]

    def license_queue(self) -> Queue:
        """Return the queue of the licenses."""
        later = self.plan.wave_names[len(self.waves) :]
        return Queue(self.tasks, dict(self.standings), self.waves, later=later, look_only=self.look_only)

    def location_queue(self) -> Queue:
        """Return the queue of the countries that must be set first."""
        standings = fold(self.journal, LOCATIONS)
        return Queue(self.locations, standings, (LOCATIONS_WAVE,), LOCATIONS, look_only=self.look_only)


def work_of(plan: Plan, before: TenantSnapshot, journal: Sequence[Entry], others: OtherRuns, wave: str) -> Work:
    """Say what a call up to `wave` has to do, "" for up to the first stop."""
    tasks, waves = tasks_of(plan, before), _waves(plan, wave)
    look_only = {u: "" for u, t in tasks.items() if t.wave not in waves}
    doubtful = _located_in_doubt(journal)
    locations = {u: t for u, t in locations_of(plan).items() if u in tasks and (u in doubtful or u not in look_only)}
    return Work(plan, journal, others, tasks, locations, fold(journal), waves, look_only=look_only)


def wave_named(plan: Plan, wave: str) -> str:
    """Return the plan's wave of that name, in whatever case it is typed; InputError (2) where there is none."""
    fitting = [n for n in plan.wave_names if n == wave] or [
        n for n in plan.wave_names if n.casefold() == wave.casefold()
    ]
    if wave and len(fitting) != 1:
        raise InputError(f"--wave {wave}: the waves of plan {plan.plan_id} are {', '.join(plan.wave_names)}.")
    return fitting[0] if wave else ""


def _waves(plan: Plan, wave: str) -> tuple[str, ...]:
    """Return the waves of this call: up to the named one, else up to the first that says stop."""
    names: list[str] = []
    for name in plan.wave_names:
        names.append(name)
        if name == wave or (not wave and plan.header.stops_after(name)):
            break
    return tuple(names)


def _located_in_doubt(journal: Sequence[Entry]) -> frozenset[str]:
    """Return the users whose usage location was sent and has no answer."""
    return frozenset(u for u, s in fold(journal, LOCATIONS).items() if s.state == "in_doubt")


def only_settling(work: Work) -> Work:
    """Look at what is in doubt alone: nothing is sent to anybody."""
    doubtful = _located_in_doubt(work.journal)
    locations = {u: t for u, t in work.locations.items() if u in doubtful}
    return replace(work, settling=True, look_only=dict.fromkeys(work.tasks, ""), locations=locations)


def concerned(work: Work, protected: Collection[UserId]) -> list[UserId]:
    """Return which of these users a change still waits for, or is in doubt about."""
    return [u for u in work.tasks if u in protected and work.state(u) in {"pending", "in_doubt"}]


def holding(work: Work, users: Sequence[UserId]) -> Work:
    """Send nothing to these users: who is pending is held, who is in doubt is looked at, and held without effect."""
    held, pending = frozenset(users), tuple(u for u in users if work.state(u) == "pending")
    doubtful = _located_in_doubt(work.journal)
    return replace(
        work,
        protected_now=pending,
        standings={**work.standings, **dict.fromkeys(pending, Standing("held", "protected"))},
        look_only={**work.look_only, **dict.fromkeys(users, "protected")},
        locations={u: t for u, t in work.locations.items() if u in doubtful or u not in held},
    )


def protected_text(plan: Plan, users: Sequence[UserId]) -> str:
    """Say by name whom this call leaves alone although the plan would change them."""
    by_id = dict(zip(plan.decisions["id"], plan.decisions["name"], strict=True))
    names = [str(by_id[u]) for u in users]
    if len(names) == 1:
        return f"{names[0]} is protected since the plan was made, and is not touched."
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    few = ", ".join(names[:3])
    return f"{len(names)} users are protected since the plan was made, and are not touched: {few}{more}."


def overtaken_text(work: Work, hindered: Sequence[str]) -> str:
    """Say which runs have overtaken the plan, and what to do; `hindered` has a clause for each."""
    unreadable = [u.folder for u in work.others.unreadable]
    first = (
        f" First restore {', '.join(unreadable)} from a copy, or move it out of the runs directory: until then a new "
        "plan is refused too."
    )
    return (
        f"Plan {work.plan.plan_id} is overtaken: {'; '.join(hindered)}. Nothing was sent.{first if unreadable else ''} "
        f"Make a new plan with `{plan_again_line(work.plan.header)}`: it reads the tenant as it is now."
    )


def needs_attention(work: Work, queue: Queue) -> tuple[tuple[str, str, str], ...]:
    """Return (name, standing, why) of each user whom the run could not move, or of whom it is not known; by name.

    `why` is what Graph said, and the reason's code where it said nothing.
    """
    states = {"refused", "drifted", "gone", "in_doubt", "held"}
    found = {u: s for u, s in queue.standings.items() if u in work.tasks and s.state in states}
    names = dict(zip(work.plan.decisions["id"], work.plan.decisions["name"], strict=True))
    return tuple(sorted((str(names[u]), s.state, s.message or s.reason) for u, s in found.items()))


def nothing_to_do(work: Work) -> Ending:
    """Say why there is nothing to send."""
    queue = work.license_queue()
    if queue.counts["pending"]:
        return Ending(ExitCode.STOPPED, between_waves(queue))
    if left := left_over(queue.counts):
        return Ending(ExitCode.PEOPLE_LEFT, f"nothing left to send; {left}")
    if not work.tasks:
        return Ending(ExitCode.DONE, "nothing to send: the plan changes nobody")
    return Ending(ExitCode.DONE, "nothing left to send: every change was answered, none refused")


def next_command(plan: Plan, ending: Ending, queue: Queue) -> str:
    """Return the command that makes sense after such an end."""
    verify = verify_line(plan.plan_id)
    if ending.code != ExitCode.STOPPED:
        return verify
    if queue.over() and (name := queue.next_wave_waiting()):
        return f"{apply_line(plan.plan_id, plan.tenant_id, name)}; or first {verify}"
    named = queue.waves[-1] if any(plan.header.stops_after(w) for w in queue.waves[:-1]) else ""
    return apply_line(plan.plan_id, plan.tenant_id, named)
