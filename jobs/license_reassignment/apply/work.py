"""What one call of apply has to do, folded from plan and journal: to whom it sends, and whom it only looks at.

Nothing here reads the tenant or writes a line; `commands/apply.py` does, in its order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.limits import WRITE_WINDOW_S
from connectors.tenant import GroupId, SkuId, TenantSnapshot, UserId
from jobs.license_reassignment.apply.group_queue import GroupQueue, seats_of
from jobs.license_reassignment.apply.groups import lost_text
from jobs.license_reassignment.apply.queue import Queue
from jobs.license_reassignment.apply.session import Ending, between_waves, left_over
from jobs.license_reassignment.errors import ExitCode, InputError
from jobs.license_reassignment.model.change import LOCATIONS_WAVE, LicenseTask, LocationTask
from jobs.license_reassignment.model.command_lines import NextStep, apply_line, next_step, plan_again_line, verify_line
from jobs.license_reassignment.model.group_change import GroupTask, in_error_text
from jobs.license_reassignment.model.other_runs import OtherRuns
from jobs.license_reassignment.model.plan import Plan, group_tasks_of, locations_of, tasks_of
from jobs.license_reassignment.model.standing import GROUPS, LOCATIONS, NOT_SENT, REPROCESSED, Entry, Standing, fold
from jobs.license_reassignment.model.text import counted

WINDOW = timedelta(seconds=WRITE_WINDOW_S)

UNSENT_FOR_GOOD = frozenset({"refused", "drifted", "gone", "held"})
"""Standings of a group whose members get no target through it, whatever is sent."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One part of a call: users of these waves, or the groups of one, or the direct halves that its groups leave."""

    what: Literal["users", "groups", "halves"]
    waves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """What a call works on: the changes of the plan by user id, and where the journal leaves each.

    `waves` are those of this call. `protected_now` are users whom nobody protected when the plan was made: the session
    writes down that they are held. To nobody in `look_only` anything is sent; the code is why one is then held, ""
    where the change only waits. `settling`: this call looks at what is in doubt, and sends nothing to anybody.
    `retries` are by settled group the members in error whose licenses are to be worked out again, never those in
    `spared`.
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
    groups: Mapping[GroupId, GroupTask] = field(default_factory=dict)
    holds: Mapping[UserId, frozenset[SkuId]] = field(default_factory=dict)
    group_standings: Mapping[str, Standing] = field(default_factory=dict)
    groups_protected_now: tuple[GroupId, ...] = ()
    groups_look_only: Mapping[GroupId, str] = field(default_factory=dict)
    role_assignable: frozenset[GroupId] = frozenset()
    retries: Mapping[GroupId, frozenset[UserId]] = field(default_factory=dict)
    spared: frozenset[UserId] = frozenset()

    def group_state(self, group_id: str) -> str:
        """Where the journal leaves the group's change."""
        return self.group_standings.get(group_id, NOT_SENT).state

    def steps(self) -> list[Leg]:
        """Return the parts of this call in their order; waves without groups between two others are one part."""
        steps: list[Leg] = []
        waves: list[str] = []
        for wave in self.waves:
            waves.append(wave)
            if any(t.wave == wave for t in self.groups.values()):
                steps += [Leg("users", tuple(waves)), Leg("groups", (wave,)), Leg("halves", (wave,))]
                waves = []
        steps += [Leg("users", tuple(waves))] if waves else []
        sent = self.retries or any(self.group_state(g) in {"in_doubt", "processing"} for g in self.groups)
        looked = any(s.what == "groups" for s in steps)
        return [*steps, Leg("groups", (self.waves[-1],))] if sent and not looked else steps

    def tasks_in(self, step: Leg) -> list[LicenseTask]:
        """Return the users' changes of one part."""
        halves = step.what == "halves"
        return [t for t in self.tasks.values() if bool(t.via) == halves and t.wave in step.waves]

    def blocked(self, task: LicenseTask) -> bool:
        """Whether the group that is to give this user the target does not, so that nothing is taken away."""
        return any(self.group_state(g) in UNSENT_FOR_GOOD for g in task.via)

    def open_groups(self) -> list[GroupTask]:
        """Return the groups of this call's waves, and any that were sent, that still need something."""
        return [
            t
            for g, t in self.groups.items()
            if self.group_state(g) in {"in_doubt", "processing"}
            or (self.group_state(g) == "pending" and t.wave in self.waves)
        ]

    def groups_to_send(self) -> list[GroupTask]:
        """Return the groups whose change this call would send."""
        return [
            t
            for t in self.open_groups()
            if self.group_state(t.group_id) != "processing" and t.group_id not in self.groups_look_only
        ]

    def would_touch(self) -> list[str]:
        """Return the ids of all whom this call would change: users, groups, and the members of groups."""
        groups = self.groups_to_send()
        members = {u for t in groups for u in t.members}
        return [*(t.user_id for t in self.to_send()), *(t.group_id for t in groups), *sorted(members)]

    def group_queue(self, wave: str, journal: Sequence[Entry], *, hours_max: float) -> GroupQueue:
        """Return the queue of one wave's groups; others that were sent are looked at too."""
        standings = fold(journal, GROUPS)
        sent = {"in_doubt"} if self.settling else {"in_doubt", "processing", "applied"}
        tasks = {g: t for g, t in self.groups.items() if t.wave == wave or standings.get(g, NOT_SENT).state in sent}
        sending = [g for g, t in tasks.items() if t.wave == wave and g not in self.groups_look_only]
        done = self.not_to_reprocess(journal) or ()
        again = [g for g, users in self.retries.items() if not users <= set(done)]
        return GroupQueue(tasks, standings, sending, hours_max, self.holds, again)

    def state(self, user_id: str) -> str:
        """Where the journal leaves the user's change."""
        return self.standings.get(user_id, NOT_SENT).state

    def open(self) -> list[LicenseTask]:
        """Return the changes of this call's waves, and any in doubt, that still need something."""
        return [
            t
            for u, t in self.tasks.items()
            if self.state(u) == "in_doubt"
            or (self.state(u) == "pending" and t.wave in self.waves and not self.blocked(t))
        ]

    @property
    def anything_open(self) -> bool:
        """Whether a user or a group of this call still needs something."""
        return bool(self.open() or self.open_groups() or self.retries)

    @property
    def sends(self) -> bool:
        """Whether this call would send anything."""
        return bool(self.to_send() or self.groups_to_send())

    def to_send(self) -> list[LicenseTask]:
        """Return the changes that this call would send, those included that are in doubt and may turn out undone."""
        return [t for t in self.open() if t.user_id not in self.look_only]

    @property
    def in_doubt(self) -> bool:
        """Whether of any change it is not known what became of it."""
        return any(self.state(u) == "in_doubt" for u in self.tasks) or any(
            self.group_state(g) == "in_doubt" for g in self.groups
        )

    @property
    def locates(self) -> bool:
        """Whether a country of the plan still waits for its answer."""
        standings = fold(self.journal, LOCATIONS)
        return any(not standings.get(u, NOT_SENT).answered for u in self.locations)

    @property
    def seats_needed(self) -> Counter[SkuId]:
        """One seat per user and SKU not held in any way, of the changes still to send and the members of groups."""
        needed: Counter[SkuId] = Counter()
        for task in self.to_send():
            if self.state(task.user_id) == "pending":
                needed.update(a.sku_id for a in task.change.add if not task.before.of_sku(a.sku_id))
        waiting = [t for t in self.groups_to_send() if self.group_state(t.group_id) == "pending"]
        return needed + seats_of(waiting, self.holds)

    @property
    def last_batch(self) -> int:
        """The number of the last batch that was sent, 0 for none."""
        return max((int(e.body["batch"]) for e in self.journal if e.kind == "intent"), default=0)

    @property
    def reprocesses(self) -> bool:
        """Whether this call may have licenses worked out again."""
        return self.plan.header.settings.reprocesses_errors and bool(self.open_groups() or self.retries)

    def not_to_reprocess(self, journal: Sequence[Entry]) -> set[UserId] | None:
        """Return whose licenses this call does not work out again, since it did or must not; None where nobody's."""
        if not self.plan.header.settings.reprocesses_errors or self.settling:
            return None
        done = set(self.spared)
        for entry in journal:
            if entry.kind == "start":
                done = set(self.spared)
            elif entry.kind == "intent" and entry.writes == REPROCESSED:
                done.update(UserId(item["id"]) for item in entry.body["items"])
        return done

    def sent_since(self, moment: datetime) -> list[datetime]:
        """Return when each write after this moment was announced: it counts against the quota still."""
        announced = [(datetime.fromisoformat(e.at), e) for e in self.journal if e.kind == "intent"]
        return [at for at, e in announced if at > moment for _ in e.body["items"]]

    def license_queue(self, standings: dict[str, Standing] | None = None, step: Leg | None = None) -> Queue:
        """Return the queue of the licenses.

        Of one part of the call, it goes on with the given standings, and everybody else is only looked at.
        """
        later = self.plan.wave_names[len(self.waves) :]
        waiting = frozenset(t.wave for g, t in self.groups.items() if self.group_state(g) == "pending")
        if step is None or standings is None:
            known = dict(self.standings if standings is None else standings)
            return Queue(self.tasks, known, self.waves, later=later, look_only=self.look_only, also_waiting=waiting)
        mine = {t.user_id for t in self.tasks_in(step)}
        look_only = {**{u: "" for u in self.tasks if u not in mine}, **self.look_only}
        return Queue(self.tasks, standings, step.waves, later=later, look_only=look_only, also_waiting=waiting)

    def location_queue(self) -> Queue:
        """Return the queue of the countries that must be set first."""
        standings = fold(self.journal, LOCATIONS)
        return Queue(self.locations, standings, (LOCATIONS_WAVE,), LOCATIONS, look_only=self.look_only)


def work_of(plan: Plan, before: TenantSnapshot, journal: Sequence[Entry], others: OtherRuns, wave: str) -> Work:
    """Say what a call up to `wave` has to do, "" for up to the first stop."""
    tasks, waves = tasks_of(plan, before), _waves(plan, wave)
    groups = group_tasks_of(plan, before)
    look_only = {u: "" for u, t in tasks.items() if t.wave not in waves}
    doubtful = _located_in_doubt(journal)
    locations = {u: t for u, t in locations_of(plan).items() if u in tasks and (u in doubtful or u not in look_only)}
    return Work(
        plan,
        journal,
        others,
        tasks,
        locations,
        fold(journal),
        waves,
        look_only=look_only,
        groups=groups,
        holds=_held_before(plan, before) if groups else {},
        group_standings=fold(journal, GROUPS),
        groups_look_only={g: "" for g, t in groups.items() if t.wave not in waves},
        role_assignable=frozenset(g.id for g in before.groups if g.role_assignable),
        retries=_retries(journal, groups) if plan.header.settings.reprocesses_errors else {},
    )


def _retries(journal: Sequence[Entry], groups: Mapping[GroupId, GroupTask]) -> dict[GroupId, frozenset[UserId]]:
    """Return by settled group its members in error."""
    found = {GroupId(g): frozenset(UserId(f["id"]) for f in failed) for g, failed in _failed_members(journal).items()}
    return {g: users for g, users in found.items() if users and g in groups}


def sparing(work: Work, users: Collection[UserId]) -> Work:
    """Work out the licenses of none of these users again."""
    retries = {g: left for g, members in work.retries.items() if (left := members - frozenset(users))}
    return replace(work, retries=retries, spared=work.spared | frozenset(users))


def _held_before(plan: Plan, before: TenantSnapshot) -> dict[UserId, frozenset[SkuId]]:
    """Return the SKUs that each user of the plan held when it was made."""
    rows = zip(plan.decisions["id"].to_list(), plan.decisions["before"].to_list(), strict=True)
    return {UserId(str(u)): before.profiles[int(n)].skus for u, n in rows if str(n)}


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
    return replace(
        work,
        settling=True,
        retries={},
        look_only=dict.fromkeys(work.tasks, ""),
        groups_look_only=dict.fromkeys(work.groups, ""),
        locations=locations,
    )


def concerned(work: Work, protected: Collection[UserId]) -> list[UserId]:
    """Return which of these users a change still waits for, or is in doubt about, their own or that of a group."""
    open_states = {"pending", "in_doubt"}
    own = [u for u in work.tasks if u in protected and work.state(u) in open_states]
    through = {u for g, t in work.groups.items() if work.group_state(g) in open_states for u in t.members}
    return [*own, *sorted((through & set(protected)) - set(own))]


def holding(work: Work, users: Sequence[UserId]) -> Work:
    """Send nothing to these users: who is pending is held, who is in doubt is looked at, and held without effect.

    A group that one of them is in is held with them.
    """
    held, pending = frozenset(users), tuple(u for u in users if u in work.tasks and work.state(u) == "pending")
    groups = [g for g, t in work.groups.items() if t.members & held]
    waiting = tuple(g for g in groups if work.group_state(g) == "pending")
    doubtful = _located_in_doubt(work.journal)
    return replace(
        work,
        protected_now=pending,
        standings={**work.standings, **dict.fromkeys(pending, Standing("held", "protected"))},
        look_only={**work.look_only, **dict.fromkeys(users, "protected")},
        groups_protected_now=waiting,
        groups_look_only={**work.groups_look_only, **dict.fromkeys(groups, "protected")},
        group_standings={**work.group_standings, **dict.fromkeys(waiting, Standing("held", "protected"))},
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


def needs_attention(work: Work, queue: Queue, journal: Sequence[Entry]) -> tuple[tuple[str, str, str], ...]:
    """Return (name, standing, why) of each user whom the run could not move, or of whom it is not known; by name.

    `why` is what Graph said, and the reason's code where it said nothing.
    """
    states = {"refused", "drifted", "gone", "in_doubt", "held"}
    found = {u: s for u, s in queue.standings.items() if u in work.tasks and s.state in states}
    names = dict(zip(work.plan.decisions["id"], work.plan.decisions["name"], strict=True))
    users = [(str(names[u]), s.state, s.message or s.reason) for u, s in found.items()]
    worst = {i["id"]: i for i in sorted(members_in_error(journal), key=lambda i: i["state"] == "Error")}
    failed = [(str(names.get(u, u)), "in error", in_error_text(i["state"], i["error"])) for u, i in worst.items()]
    return (*sorted(failed), *sorted(users))


def groups_needing_attention(work: Work, journal: Sequence[Entry]) -> tuple[tuple[str, str, str], ...]:
    """Return (name, standing, why) of each group that could not be swapped, or of which it is not known; by name."""
    states = {"refused", "drifted", "gone", "in_doubt", "held"}
    found = [(g, s) for g, s in fold(journal, GROUPS).items() if s.state in states and g in work.groups]
    return tuple(sorted((work.groups[GroupId(g)].name, s.state, s.message or s.reason) for g, s in found))


def members_in_error(journal: Sequence[Entry]) -> list[Mapping[str, Any]]:
    """Return the licenses in error that the last look at the members of each settled group showed."""
    return [f for failed in _failed_members(journal).values() for f in failed]


def _failed_members(journal: Sequence[Entry]) -> dict[str, Sequence[Mapping[str, Any]]]:
    found: dict[str, Sequence[Mapping[str, Any]]] = {}
    for entry in journal:
        if entry.kind == "settled" and entry.writes == GROUPS:
            found.update({i["id"]: i.get("failed", ()) for i in entry.body["items"] if i["verdict"] == "moved"})
    return found


def lost_members(journal: Sequence[Entry]) -> list[UserId]:
    """Return the members whom a session saw without the old license and without a working new one."""
    noted = [u for e in journal if e.kind == "note" and e.body.get("event") == GROUPS for u in e.body.get("lost", ())]
    return [UserId(u) for u in dict.fromkeys(noted)]


@dataclass(frozen=True, slots=True)
class Met:
    """What hindered the groups of a call: `at_work` says what Entra still processes, `short` who waits for seats.

    Both are "" for nothing; `lost` counts members who lost a license.
    """

    at_work: str = ""
    short: str = ""
    lost: int = 0


def call_ending(work: Work, queue: Queue, journal: Sequence[Entry], met: Met) -> Ending:
    """Say how a call ends whose parts are over, with groups among them."""
    standings = fold(journal, GROUPS)
    states = Counter(str(standings.get(g, NOT_SENT).state) for g in work.groups)
    stuck = [t for t in work.tasks.values() if _stuck(t, queue, standings)]
    if met.lost:
        return Ending(ExitCode.PEOPLE_LEFT, lost_text(met.lost))
    if met.at_work:
        return Ending(ExitCode.STOPPED, f"{met.at_work}; the same command looks again")
    if doubtful := queue.counts["in_doubt"] + states["in_doubt"]:
        return Ending(ExitCode.STOPPED, f"{counted(doubtful, 'change')} in doubt: reads do not agree yet")
    if met.short:
        return Ending(ExitCode.STOPPED, f"seats were taken by others: {met.short}; buy seats, then continue")
    if queue.counts["pending"] > len(stuck) or states["pending"]:
        return Ending(ExitCode.STOPPED, between_waves(queue))
    told = [left_over(queue.counts), _groups_left(states), *_members_left(journal, len(stuck))]
    left = ", ".join(t for t in told if t)
    return (
        Ending(ExitCode.PEOPLE_LEFT, left) if left else Ending(ExitCode.DONE, "every change was answered, none refused")
    )


def _stuck(task: LicenseTask, queue: Queue, groups: Mapping[str, Standing]) -> bool:
    """Whether a direct half stays: a group gives no target, or all are settled and this user got none from them.

    Only a person can change that, by resolving the member's error or by putting the user into the group again.
    """
    if not task.via or queue.standings.get(task.user_id, NOT_SENT).state != "pending":
        return False
    states = {groups.get(g, NOT_SENT).state for g in task.via}
    return not states.isdisjoint(UNSENT_FOR_GOOD) or states <= {"applied", "already"}


def _groups_left(states: Mapping[str, int]) -> str:
    words = ("refused", "drifted", "gone", "held")
    return ", ".join(f"{counted(states[word], 'group')} {word}" for word in words if states.get(word))


def _members_left(journal: Sequence[Entry], stuck: int) -> Iterator[str]:
    if errors := len({f["id"] for f in members_in_error(journal)}):
        yield f"{counted(errors, 'member')} in error"
    if stuck:
        yield f"{counted(stuck, 'user keeps', 'users keep')} the direct license, since the group gives no target"


def nothing_to_do(work: Work) -> Ending:
    """Say why there is nothing to send."""
    queue = work.license_queue()
    if work.groups:
        ending = call_ending(work, queue, work.journal, Met())
        stopped = ending.code == ExitCode.STOPPED
        return ending if stopped else replace(ending, reason=f"nothing left to send: {ending.reason}")
    if queue.counts["pending"]:
        return Ending(ExitCode.STOPPED, between_waves(queue))
    if left := left_over(queue.counts):
        return Ending(ExitCode.PEOPLE_LEFT, f"nothing left to send; {left}")
    if not work.tasks:
        return Ending(ExitCode.DONE, "nothing to send: the plan changes nobody")
    return Ending(ExitCode.DONE, "nothing left to send: every change was answered, none refused")


def next_command(plan: Plan, ending: Ending, queue: Queue) -> NextStep:
    """Return the command that makes sense after such an end."""
    verify = verify_line(plan.plan_id)
    if ending.code != ExitCode.STOPPED:
        return next_step(verify)
    if queue.over() and (name := queue.next_wave_waiting()):
        return next_step(apply_line(plan.plan_id, plan.tenant_id, name), or_first=verify)
    named = queue.waves[-1] if any(plan.header.stops_after(w) for w in queue.waves[:-1]) else ""
    return next_step(apply_line(plan.plan_id, plan.tenant_id, named))
