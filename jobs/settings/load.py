"""reseat.toml, RESEAT_ variables and flags become one frozen Settings, or an error that says what to change."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from connectors.ids import sha256
from jobs.settings.checks import contradictions
from jobs.settings.errors import Loc, Problem, SettingsError, problems_of
from jobs.settings.model import Settings
from jobs.settings.origin import merge
from jobs.settings.toml_errors import explained
from jobs.settings.values import url_host

FILE_NAME: Final = "reseat.toml"


@dataclass(frozen=True, slots=True)
class Effective:
    """The settings in force, and where each came from.

    `origins` maps `section.key` (`swap[1]`, `wave[2]` for the lists, counted from 1) to `flag --x`, a variable's name,
    `reseat.toml line N` or `default`. `sha256` is that of the file's bytes.
    """

    settings: Settings
    origins: Mapping[str, str]
    path: Path
    sha256: str

    @property
    def roster_paths(self) -> tuple[Path, ...]:
        """The files of the roster, beside the file unless a path is absolute."""
        return tuple(self.path.parent / name for name in self.settings.scope.rosters)

    @property
    def runs_path(self) -> Path:
        """The folder of all runs, beside the file unless its path is absolute."""
        return self.path.parent / self.settings.run.directory

    @property
    def signing_key_path(self) -> Path | None:
        """The key that signs the evidence, beside the file unless its path is absolute; None means unsigned."""
        return self._beside_file(self.settings.run.signing_key)

    def rows(self) -> list[tuple[str, str, str]]:
        """Return (key, value as in the file, origin) for every key; an address for notices is cut after its host."""
        return [
            (_path_of(loc), _displayed(loc, value), self.origins[_path_of(loc)])
            for loc, value in _leaves(self.settings)
        ]

    def _beside_file(self, name: str) -> Path | None:
        return self.path.parent / name if name else None


def load_settings(
    path: Path | None, environ: Mapping[str, str], flags: Mapping[str, object] | None = None
) -> Effective:
    """Read the file (`./reseat.toml` when `path` is None) under the variables of `environ` and the `flags`.

    `flags` maps `section.key` to the value given on the command line; None means that it was not given. A path given
    so must be absolute. Raises SettingsError (exit code 2) with every mistake found, each with its place.
    """
    path = path or Path(FILE_NAME)
    content = _read(path)
    text = _decode(path, content)
    layers = merge(path.name, text, _parse(path, text), environ, flags or {})
    try:
        # Sections that must exist are taken as empty, so that the missing key is named rather than its section.
        settings = Settings.model_validate({"tenant": {}, "source": {}, **layers.values})
    except ValidationError as error:
        raise SettingsError(problems_of(error, Settings, layers.origin)) from None
    problems = [Problem(layers.origin(loc), sentence) for loc, sentence in contradictions(settings)]
    if problems:
        raise SettingsError(problems)
    origins = {_path_of(loc): layers.origin_or_default(loc) for loc, _ in _leaves(settings)}
    return Effective(settings, origins, path, sha256(content))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        example = files("sample_data") / FILE_NAME
        sentence = (
            "there is no such settings file. Name yours with -c FILE, or make one: copy the commented example "
            f"{example} and fill in [tenant] id, [source] skus and [[swap]] to."
        )
    except OSError as error:
        sentence = f"the settings file cannot be read: {error.strerror}."
    raise SettingsError([Problem(str(path), sentence)])


def _decode(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        sentence = "is not written in UTF-8; save the file again with that encoding."
        raise SettingsError([Problem(f"{path.name} line {line}", sentence)]) from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # Like tomllib, count only line feeds: other signs that end a line elsewhere may stand in a text.
        number, sentence = explained(str(error), text.replace("\r\n", "\n").split("\n"))
        raise SettingsError([Problem(f"{path.name} line {number}", sentence)]) from None
    except (ValueError, RecursionError):  # Python reads no number of thousands of digits, and no list so deep
        lines = text.split("\n")
        number = lines.index(max(lines, key=len)) + 1
        sentence = "is not valid TOML: it holds a number, or lists within lists, too long to be read."
        raise SettingsError([Problem(f"{path.name} line {number}", sentence)]) from None


def _leaves(settings: Settings) -> Iterator[tuple[Loc, object]]:
    """Yield the place and the plain value of every key; each table of a list counts as one."""
    for section, value in settings.model_dump(mode="json", by_alias=True).items():
        if isinstance(value, dict):
            yield from (((section, key), plain) for key, plain in value.items())
        elif value:
            yield from (((section, index), plain) for index, plain in enumerate(value))
        else:
            yield (section,), value


def _path_of(loc: Loc) -> str:
    section, *keys = loc
    return "".join([str(section), *(f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in keys)])


def _displayed(loc: Loc, value: object) -> str:
    """Return the value as in the file; the path of an address for notices often is a secret and is left out."""
    if loc == ("run", "notify_url") and value:
        return json.dumps(f"{str(value).partition(':')[0]}://{url_host(str(value))}/...")
    if loc[0] == "prices" and loc[1] != "currency":
        return str(value)
    return json.dumps(value, ensure_ascii=False)
