"""The run folder: every file of a run, written whole, durable and readable by its owner alone; one run per tenant."""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson
from filelock import FileLock, Timeout

from jobs.license_reassignment.errors import InputError, Locked, Unfinished
from jobs.license_reassignment.model.text import quoted

PROGRESS = "progress.json"
NO_EVIDENCE = frozenset({"pause", "speed", PROGRESS})
"""What people and the running process leave in the folder for each other."""

LEFT_BY_PROGRAMS = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})
OWNER_MARK = "~$"
"""What an operating system leaves in a folder that somebody opened, and an office program beside an open document."""

_TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}")
"""The name of a file that `write` had not finished when the process was killed."""


class RunDir:
    """One folder `runs/<plan_id>/`. Raises Unfinished (exit 4) when the disk does not take what is written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"RunDir({str(self.path)!r})"

    def create(self) -> RunDir:
        """Make the folder, readable by its owner only."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        return self

    def has(self, name: str) -> bool:
        """Whether the file is there."""
        return (self.path / name).is_file()

    def read(self, name: str) -> bytes:
        """Return a file's bytes; a missing file is an InputError."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError as error:
            raise InputError(f"{self.path / name} is missing: this is not a complete run folder.") from error

    @contextmanager
    def reading(self, what: str) -> Iterator[None]:
        """Read what `verify` wrote, `what` by name; damage in it is an InputError (2), never a bug of ours."""
        try:
            yield
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise InputError(
                f"{self.path / what} cannot be read: it is damaged, or was edited. Put it back from a copy; or "
                "move it out of the folder and run `reseat verify` of this run, which reads the tenant afresh."
            ) from error

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all: a temporary file is flushed to disk and renamed over the old one."""
        target = self.path / name
        try:
            if target.parent != self.path:
                target.parent.mkdir(mode=0o700, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.path, prefix=f".{target.name}.")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(target)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise _unwritable(target, error) from error

    def leave(self, name: str, data: bytes) -> None:
        """Leave a note that is no evidence, whole but not durable; where the disk does not take it, there is none."""
        temporary = self.path / f".{name}"
        with suppress(OSError):
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
            temporary.replace(self.path / name)

    def forget(self, name: str) -> None:
        """Take a note away that is no evidence; where the disk does not let it go, it stays."""
        for path in (self.path / name, self.path / f".{name}"):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Remove a file that is no longer true; a missing one is fine."""
        (self.path / name).unlink(missing_ok=True)

    def move_to_history(self, names: tuple[str, ...], stamp: str) -> None:
        """Keep former evidence under `history/<stamp>/`; nothing is overwritten or deleted."""
        present = [n for n in names if self.has(n)]
        if not present:
            return
        folder = self.path / "history" / stamp
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in present:
                (folder / name).parent.mkdir(mode=0o700, exist_ok=True)
                (self.path / name).replace(folder / name)
        except OSError as error:
            raise _unwritable(folder, error) from error

    def files(self, named: Container[str] = ()) -> Iterator[Path]:
        """Every evidence file of the folder, sorted; control files, locks and temporary files are left out.

        So is what a program left beside the evidence, unless it is among the `named`: then it was sealed with it.
        """
        for path in self._regular():
            if path.name.startswith(".") or path.name in NO_EVIDENCE:
                continue
            if not _left_by_program(path) or self._name(path) in named:
                yield path

    def beside(self, named: Container[str] = ()) -> Iterator[tuple[str, int]]:
        """Name and size in bytes of every file that is no evidence and not of this run's own making."""
        for path in self._regular():
            hidden = path.name.startswith(".")
            if hidden or (_left_by_program(path) and self._name(path) not in named):
                yield self._name(path), path.lstat().st_size

    def sweep(self) -> None:
        """Take away what a killed command had begun to write; nobody else may be at work in the folder."""
        for path in self._regular():
            if _TEMPORARY.fullmatch(path.name) and not path.is_symlink():
                path.unlink(missing_ok=True)

    def _regular(self) -> list[Path]:
        return sorted(path for path in self.path.rglob("*") if path.is_file())

    def _name(self, path: Path) -> str:
        return path.relative_to(self.path).as_posix()


def _left_by_program(path: Path) -> bool:
    """Whether a file has such a name; a link of that name was made by somebody, and leads elsewhere."""
    name = path.name.casefold()
    return (name in LEFT_BY_PROGRAMS or name.startswith(OWNER_MARK)) and not path.is_symlink()


def _unwritable(path: Path, error: OSError) -> Unfinished:
    return Unfinished(
        f"Cannot write {path}: {error.strerror or error}. Nothing is lost: free the disk or repair the folder, "
        "then run the same command again."
    )


def find(runs: Path, name: str) -> RunDir:
    """Find a run by folder, plan id or unique prefix; anything else is an InputError that says what there is."""
    direct = Path(name)
    try:
        if run := find_folder(name):
            return run
        known = sorted(p.parent.name for p in runs.glob("*/plan.json")) if runs.is_dir() else []
    except OSError as error:
        raise InputError(f"Cannot look for the run `{name}` in {runs}: {error.strerror or error}.") from error
    hits = [k for k in known if k.startswith(name)] if name else []
    if name in known or len(hits) == 1:
        return RunDir(runs / (name if name in known else hits[0]))
    if hits:
        raise InputError(f"`{name}` fits several runs in {runs}: {', '.join(hits)}. Give more of the plan id.")
    if name and _is(direct, stat.S_ISDIR):
        raise InputError(f"{direct} is not a run folder: there is no plan.json in it.")
    missing = f"There is no run `{name}` in {runs}, and no folder of that name" if name else "No run is named"
    raise InputError(f"{missing}. {_listed(runs, known)} `--runs DIR` says where runs live.")


def _listed(runs: Path, known: list[str]) -> str:
    if not known:
        return f"{runs} has no run yet: make one with `reseat plan`."
    return f"{'Some of the' if len(known) > 5 else 'The'} runs of {runs}: {', '.join(known[-5:])}."


def find_folder(name: str) -> RunDir | None:
    """Return the run folder of this path, None where it is none."""
    return RunDir(Path(name)) if name and _is(Path(name) / "plan.json", stat.S_ISREG) else None


def find_evidence(name: str) -> RunDir | None:
    """Return whatever folder this path leads to, None where it may be a plan id; else InputError says what it is."""
    direct = Path(name)
    if not name:
        return None
    if _is(direct, stat.S_ISDIR):
        return RunDir(direct)
    if _is(direct, stat.S_ISREG):
        if direct.suffix.lower() == ".zip":
            raise InputError(f"{direct}: a zip as evidence is not available yet; unpack it and name the run folder.")
        raise InputError(f"{direct} is a file; name the run folder that it came in, or a plan id.")
    if len(direct.parts) != 1 or direct.is_absolute():
        raise InputError(f"There is no such folder: {direct}.")
    return None


def _is(path: Path, kind: Callable[[int], bool]) -> bool:
    """Whether something of this kind is there; a name that no file can have is that of nothing."""
    try:
        return kind(path.stat().st_mode)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}:
            return False
        raise


def all_runs(runs: Path) -> list[RunDir]:
    """Return every run folder, the newest plan first: by when it was made, which outlasts a copy of the folder."""
    plans = runs.glob("*/plan.json") if runs.is_dir() else ()
    return [RunDir(p.parent) for p in sorted(plans, key=_made, reverse=True)]


def _made(path: Path) -> tuple[str, int, str]:
    """When a plan was made, to the second, then when its file was written; a damaged header is as old as can be."""
    try:
        created = str(orjson.loads(path.read_bytes())["created_at"])
        return created, path.stat().st_mtime_ns, path.parent.name
    except (OSError, ValueError, LookupError, TypeError):
        return "", 0, path.parent.name


def _watched(runs: Path, tenant_id: str) -> str:
    """Say how to look at the plan at work: that of the tenant whose sign of life is the newest, if any has one.

    It is named by its folder, so that the line works from anywhere and without settings.
    """
    alive = {str(sign["at"]): run for run, sign, of in _signs_of_life(runs) if "at" in sign and of == tenant_id}
    return f": `reseat status {quoted(str(runs / alive[max(alive)]))}` shows how far it is" if alive else ""


def _signs_of_life(runs: Path) -> Iterator[tuple[str, dict[str, object], str]]:
    """Yield run, progress file and tenant id of each run folder that has one; what cannot be read is passed over."""
    for path in runs.glob(f"*/{PROGRESS}"):
        with suppress(OSError, ValueError, LookupError, TypeError):
            header = orjson.loads((path.parent / "plan.json").read_bytes())
            yield path.parent.name, dict(orjson.loads(path.read_bytes())), str(header["tenant"]["id"]).lower()


@contextmanager
def tenant_lock(runs: Path, tenant_id: str) -> Iterator[None]:
    """Hold the tenant's lock. Raises Locked (11) when another run has it; the system frees it when a run dies."""
    path = runs / f".lock-{tenant_id}"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, mode=0o600)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise Locked(
            f"Another run works on tenant {tenant_id} (lock {path}). Wait for it{_watched(runs, tenant_id)}."
        ) from error
    except OSError as error:
        raise Unfinished(f"Cannot write {path}: {error.strerror or error}. Correct that; nothing was done.") from error
    try:
        yield
    finally:
        lock.release()
