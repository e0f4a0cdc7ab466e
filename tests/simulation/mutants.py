"""The check of the check: each deliberate bug is put into the real code, and some world has to notice it.

Run as `PYTHONPATH=tests python -m simulation.mutants [name …]`; ends with 1 when a mutant gets through.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from simulation.group_mutants import GROUP_MUTANTS
from simulation.oracle import complaints
from simulation.run import live
from simulation.world import LOST_AND_STALE, World, world_of

from connectors.changes import Verdict
from connectors.graph import batch, writes
from connectors.graph.reads import paging
from connectors.graph.verdicts import Meaning
from connectors.tenant import SkuId
from jobs.license_reassignment.apply import engine
from jobs.license_reassignment.apply.queue import Queue
from jobs.license_reassignment.decide import decide, draft, translate
from jobs.license_reassignment.model import standing as outcome
from jobs.license_reassignment.run_folder import journal
from jobs.license_reassignment.run_folder.journal import Journal

SEEDS_MAX = int(os.environ.get("RESEAT_MUTANT_WORLDS", "400"))
Mutant = Callable[[], AbstractContextManager[Any]]
Wanted = Callable[[World], bool]


def _everywhere(_world: World) -> bool:
    return True


def blind_resend() -> AbstractContextManager[Any]:
    """A change whose answer was lost is sent again at once, and its user is not read first."""
    real = engine._read

    async def read(session: Any, tasks: Sequence[Any]) -> Any:
        resent = [t for t in tasks if session.queue.standings.get(t.user_id, outcome.NOT_SENT).sent]
        found = await real(session, [t for t in tasks if t not in resent]) if len(resent) < len(tasks) else None
        return engine._Read([*resent, *(found.tasks if found else ())], session.clock.now())

    stack = ExitStack()
    stack.enter_context(patch.object(engine, "_read", read))
    stack.enter_context(patch.object(Queue, "doubt", lambda queue, task, _now: queue.put_back(task)))
    return stack


def no_settling_on_resume() -> AbstractContextManager[Any]:
    """What a dead process left in doubt is taken as never sent."""
    real = Queue.open

    def open_(queue: Queue, now: Any) -> None:
        for user_id, standing in queue.standings.items():
            if standing.state == "in_doubt":
                queue.standings[user_id] = replace(standing, state="applied")
        real(queue, now)

    return patch.object(Queue, "open", open_)


def intent_after_send() -> AbstractContextManager[Any]:
    """The request leaves before its intent is on disk."""

    async def send(session: Any, tasks: Sequence[Any]) -> None:
        session.batches += 1
        replies = await session.tenant.assign([t.change for t in tasks])
        engine._append(session, "intent", {"batch": session.batches, "items": [t.intent() for t in tasks]})
        replies = session.reply_judge.judge(replies, session.clock.now())
        engine._append(session, "outcome", engine.outcome_body(session.batches, replies))
        for task, reply in zip(tasks, replies, strict=True):
            engine._after(session, task, reply)
        session.reply_judge.raise_if_hopeless(replies)

    return patch.object(engine, "_send", send)


def torn_tail_kept() -> AbstractContextManager[Any]:
    """A half line at the end of the journal stays there."""
    return patch.object(Journal, "cut_torn_tail", lambda _journal: 0)


def refused_not_terminal() -> AbstractContextManager[Any]:
    """A refused change goes out again in the next session."""
    return patch.dict(outcome._OUTCOME_STATES, {"refused": "pending"})  # type: ignore[arg-type]


def plan_spends_freed_seats() -> AbstractContextManager[Any]:
    """The plan counts the seats that its own removals would free."""
    real = draft._seat_rows

    def rows(inputs: Any) -> list[Any]:
        freed = sum(s.consumed for s in inputs.snapshot.skus if s.sku_id in inputs.policy.sources)
        return [replace(row, free=row.free + freed) for row in real(inputs)]

    return patch.object(draft, "_seat_rows", rows)


def hash_chain_unchecked() -> AbstractContextManager[Any]:
    """Journal lines are believed as they stand."""
    real = journal._parse

    def parse(raw: bytes, head: Any, path: Any, *, torn_allowed: bool) -> Any:
        try:
            return real(raw, head, path, torn_allowed=torn_allowed)
        except journal.GuardRefused:
            fields = journal.orjson.loads(raw)
            own_hash = journal.line_hash(raw.rstrip(b"\n"))
            return journal.Line(head.seq + 1, fields.get("at", ""), fields.get("kind", ""), fields, own_hash)

    return patch.object(journal, "_parse", parse)


def answers_by_position() -> AbstractContextManager[Any]:
    """The answers of a batch are taken in the order in which they come."""

    def answers(parsed: Any, count: int) -> list[Any]:
        found = [batch._item(raw) for raw in parsed["responses"]]
        return [*found, *[None] * (count - len(found))]

    return patch.object(batch, "answers", answers)


def throttling_is_refusal() -> AbstractContextManager[Any]:
    """A 429 is taken as Graph's final no."""
    real = writes.meaning

    def meaning(status: int, *rest: Any, **more: Any) -> Meaning:
        return Meaning(Verdict.REFUSED, "review") if status == 429 else real(status, *rest, **more)

    return patch.object(writes, "meaning", meaning)


def first_page_only() -> AbstractContextManager[Any]:
    """A collection ends where its first page ends."""
    real = paging.Channel.read

    async def read(session: Any, request: Any, **more: Any) -> Any:
        found = await real(session, request, **more)
        if isinstance(found.body, dict):
            found.body.pop("@odata.nextLink", None)
        return found

    return patch.object(paging.Channel, "read", read)


def believed_once() -> AbstractContextManager[Any]:
    """One look, stale or not, settles a doubt."""

    def looked(queue: Queue, task: Any, seen: Any, _now: Any) -> Any:
        queue._out.discard(task.user_id)
        del queue._doubts[task.user_id]
        return seen

    return patch.object(Queue, "looked", looked)


def disabled_plan_dropped() -> AbstractContextManager[Any]:
    """One of the plans that should stay off is forgotten."""
    real = translate._carried

    def carried(*given: Any) -> frozenset[Any]:
        return frozenset(sorted(real(*given))[1:])

    return patch.object(translate, "_carried", carried)


def foreign_license_removed() -> AbstractContextManager[Any]:
    """Together with the source, another license of the user goes."""
    real = decide._change

    def swap(profile: Any, traits: Any, held: Sequence[SkuId], context: Any) -> Any:
        found = real(profile, traits, held, context)
        others = [
            a.sku_id for a in profile.assignments if a.direct and a.sku_id not in {*held, *(traits.targets or ())}
        ]
        return replace(found, remove=(*found.remove, *others[:1])) if isinstance(found, decide.Change) else found

    return patch.object(decide, "_change", swap)


MUTANTS: Mapping[str, tuple[Mutant, Wanted]] = {
    "blind resend": (blind_resend, lambda w: "drops" in w.wrong or bool(w.lives)),
    "no settling on resume": (no_settling_on_resume, lambda w: bool(w.lives)),
    "intent after send": (intent_after_send, _everywhere),
    "torn tail kept": (torn_tail_kept, lambda w: any(x.blow and x.blow.how == "torn" for x in w.lives)),
    "refused not terminal": (refused_not_terminal, lambda w: w.meddled),
    "plan spending its own freed seats": (plan_spends_freed_seats, lambda w: w.mix.get("seats", 1.0) < 1.0),
    "hash chain unchecked": (hash_chain_unchecked, _everywhere),
    "batch replies matched by position": (answers_by_position, _everywhere),
    "429 taken as refusal": (throttling_is_refusal, lambda w: "throttled" in w.wrong and not w.meddled),
    "paging stopped at page one": (first_page_only, lambda w: w.page_size < 30),
    "stale read believed once": (believed_once, lambda w: w.wrong == LOST_AND_STALE and w.settles),
    "a disabled plan dropped": (disabled_plan_dropped, _everywhere),
    "a foreign license removed": (foreign_license_removed, _everywhere),
    **GROUP_MUTANTS,
}
"""Each mutant with the worlds in which it can show itself."""


@contextmanager
def _unnoticed_errors() -> Iterator[None]:
    """Keep the interpreter from telling of coroutines that died with their process."""
    with patch.object(sys, "unraisablehook", lambda _: None):
        yield


def caught_by(mutant: Mutant, wanted: Wanted) -> tuple[int, int, str]:
    """Return (seed, worlds lived through, first complaint) of the world that notices; seed -1 when none does."""
    lived = 0
    for seed in range(SEEDS_MAX):
        world = world_of(seed)
        if not wanted(world):
            continue
        lived += 1
        with mutant():
            found = _noticed(world)
        if found and not _noticed(world):  # the same world has nothing to say of the code as it is
            return seed, lived, found[0]
    return -1, lived, ""


def _noticed(world: World) -> list[str]:
    try:
        return complaints(live(world))
    except (AttributeError, TypeError):
        raise  # a mutant that no longer fits the code proves nothing
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def main(names: Sequence[str]) -> int:
    """Try the mutants and say which were caught."""
    missed = 0
    with _unnoticed_errors():
        for name, (mutant, wanted) in MUTANTS.items():
            if names and name not in names:
                continue
            seed, lived, text = caught_by(mutant, wanted)
            missed += seed < 0
            said = (
                f"caught in world {seed} (no. {lived}): {text[:110]}" if seed >= 0 else f"NOT caught in {lived} worlds"
            )
            sys.stdout.write(f"{name:36} {said}\n")
            sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
