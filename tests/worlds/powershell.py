"""The PowerShell of docs/audit.md: carried out by `pwsh` where there is one, else by the few words of it in here.

Known are pipelines of the cmdlets in `CMDLETS`, variables, member access with enumeration, the operators in
`OPERATORS`, `if`, calculated properties and casts, as the language reference has them. What is not known is an error.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<variable>\$\w+)|(?P<cast>\[\w+\](?=[$(]))|(?P<number>\d+\b)"
    r"|(?P<flag>-[A-Za-z]\w*)|(?P<word>[A-Za-z][\w.-]*[\w*]|[A-Za-z]\w*\*?(?:-\w+)?\.?\w*|\*|\.(?!\w))"
    r"|(?P<open>@\{|[({\[])|(?P<mark>[|;,+=)}\].]))"
)


class Piece(NamedTuple):
    """A word of a line, and whether a blank stands before it."""

    kind: str
    text: str
    apart: bool


@dataclass(frozen=True)
class Block:
    """What stands between braces, and the name that a calculated property gives to what it says."""

    pieces: tuple[Piece, ...]
    name: str = ""


def pieces(line: str) -> list[Piece]:
    """Take a line apart."""
    found, place = [], 0
    while line[place:].strip():
        match = TOKEN.match(line, place)
        assert match, f"no PowerShell that is known here: {line[place:]}"
        kind = str(match.lastgroup)
        found.append(Piece(kind, match[kind], match.start(kind) > place))
        place = match.end()
    return found


def items(value: Any) -> list[Any]:
    """Return what a value is in a pipeline: the elements of a list, nothing for null."""
    return value if isinstance(value, list) else [] if value is None else [value]


def one(values: Sequence[Any]) -> Any:
    """Return what a pipeline is as a value: null, its only item, or a list."""
    return values[0] if len(values) == 1 else list(values) or None


def member(value: Any, name: str) -> Any:
    """Return a property; of a list, which has its own members too, those of its elements."""
    if isinstance(value, Mapping) and name in value:
        return value[name]
    if name == "Count":
        return len(items(value))
    if isinstance(value, list):
        assert name.casefold() not in OF_ARRAYS, f"{name} of a list is a method of .NET, not that of its elements"
        return one([each for element in value for each in items(member(element, name))])
    return None


def same(one: Any, other: Any) -> bool:
    """Compare as `-eq` does, without case."""
    return bool(one.casefold() == other.casefold() if isinstance(one, str) and isinstance(other, str) else one == other)


OF_ARRAYS = {"add", "clear", "contains", "indexof", "insert", "item", "length", "rank", "remove", "removeat"}


def matching(value: Any, pattern: str) -> Any:
    """Filter a list, or say of a text whether the pattern is in it."""
    if isinstance(value, list):
        return [each for each in value if re.search(pattern, each, re.IGNORECASE)]
    return bool(re.search(pattern, value or "", re.IGNORECASE))


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "-and": lambda left, right: bool(left) and bool(right),
    "-eq": same,
    "-ne": lambda left, right: not same(left, right),
    "-in": lambda left, right: any(same(left, each) for each in items(right)),
    "-match": matching,
    "-split": lambda left, right: re.split(right, one(items(left))),
    "-join": lambda left, right: right.join(map(str, items(left))),
    "+": lambda left, right: left + right,
}
WEAK = ("-and",)


@dataclass
class Shell:
    """A window in a folder, with its variables; `called` carries out what is no cmdlet."""

    folder: Path
    called: Callable[[Sequence[str]], str]
    variables: dict[str, Any] = field(default_factory=dict)

    def typed(self, line: str) -> list[Any]:
        """Carry out one line and return what it puts out."""
        reader = Reader(self, pieces(line))
        said = reader.statements()
        assert reader.at_end, f"not read to its end: {line}"
        return said


@dataclass
class Reader:
    """Reads pieces from left to right and does what they say."""

    shell: Shell
    left: list[Piece]

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return not self.left

    def ahead(self, *texts: str) -> bool:
        """Whether the next piece is one of these."""
        return bool(self.left) and self.left[0].text in texts

    def take(self, *texts: str) -> str:
        """Return the next piece, which must be one of these where any are given."""
        assert self.left, f"{texts} is missing"
        text = self.left.pop(0).text
        assert not texts or text in texts, f"{text} and not {texts}"
        return text

    def statements(self) -> list[Any]:
        """Carry out statements up to the end of the line or of the block."""
        said: list[Any] = []
        while self.left and not self.ahead("}"):
            said += self.statement()
            if self.ahead(";"):
                self.take(";")
        return said

    def statement(self) -> list[Any]:
        """Carry out an assignment, an `if` or a pipeline."""
        if self.ahead("if"):
            self.take("if")
            asked, yes = one(self.group()), self.block()
            self.take("else")
            no = self.block()
            return self.run(yes if asked else no)
        if len(self.left) > 1 and self.left[1].text == "=":
            name = self.take()
            self.take("=")
            self.shell.variables[name] = one(self.pipeline())
            return []
        return self.pipeline()

    def pipeline(self) -> list[Any]:
        """Carry out stages, each with what the one before puts out."""
        flow = self.command([]) if self.left[0].kind == "word" else items(self.expression())
        while self.ahead("|"):
            self.take("|")
            flow = self.command(flow)
        return flow

    def group(self) -> list[Any]:
        """Read a pipeline between parentheses."""
        self.take("(")
        said = self.pipeline()
        self.take(")")
        return said

    def block(self, name: str = "") -> Block:
        """Return the pieces between braces, unread."""
        self.take("{")
        inner, depth = [], 1
        while depth:
            piece = self.left.pop(0)
            depth += {"{": 1, "@{": 1, "}": -1}.get(piece.text, 0)
            inner.append(piece)
        return Block(tuple(inner[:-1]), name)

    def run(self, block: Block, item: Any = None) -> list[Any]:
        """Carry out a block, with an item as `$_`."""
        outer = self.shell.variables.get("$_")
        if item is not None:
            self.shell.variables["$_"] = item
        said = Reader(self.shell, list(block.pieces)).statements()
        self.shell.variables["$_"] = outer
        return said

    def expression(self, weak: Sequence[str] = WEAK) -> Any:
        """Read operands with the operators between them, from left to right."""
        value = self.expression(()) if weak else self.listed()
        while self.ahead(*(weak or set(OPERATORS) - set(WEAK))):
            operator = OPERATORS[self.take()]
            value = operator(value, self.expression(()) if weak else self.listed())
        return value

    def listed(self) -> Any:
        """Read one operand, or several with commas between them."""
        values = [self.operand()]
        while self.ahead(","):
            self.take(",")
            values.append(self.operand())
        return values[0] if len(values) == 1 else [each for value in values for each in items(value)]

    def operand(self) -> Any:
        """Read a literal, a variable, a group, a block, a calculated property or a bare word, and its members."""
        kind, text, _ = self.left[0]
        if kind == "cast":
            self.take()
            inner = self.operand()
            return int(inner or 0) if text == "[int]" else datetime.fromisoformat(inner)
        if text == "(":
            return self.members(one(self.group()))
        if text == "{":
            return self.block()
        if text == "@{":
            return self.calculated()
        self.take()
        if kind == "variable":
            return self.members(self.shell.variables[text])
        return int(text) if kind == "number" else text[1:-1].replace("''", "'") if kind == "text" else text

    def calculated(self) -> Block:
        """Read `@{ n = 'name'; e = { … } }`."""
        for text in ("@{", "n", "="):
            self.take(text)
        name = self.operand()
        for text in (";", "e", "="):
            self.take(text)
        found = self.block(name)
        self.take("}")
        return found

    def members(self, value: Any) -> Any:
        """Read what follows without a blank: a property, a method or an index."""
        while self.left and not self.left[0].apart and self.ahead(".", "["):
            if self.take() == "[":
                value = items(value)[int(self.take())]
                self.take("]")
                continue
            for name in self.take().split("."):
                value = self.method(value, name) if self.ahead("(") else member(value, name)
        return value

    def method(self, value: Any, name: str) -> Any:
        """Call one of the two methods that pages use."""
        self.take("(")
        pattern = "" if self.ahead(")") else self.operand()
        self.take(")")
        if name == "ToUniversalTime":
            return value.astimezone(UTC)
        assert (name, pattern) == ("ToString", "yyyy-MM-ddTHH:mm")
        return value.strftime("%Y-%m-%dT%H:%M")

    def command(self, flow: list[Any]) -> list[Any]:
        """Carry out a cmdlet or a program with what stands behind it, up to the next stage."""
        name, flags, values = self.take(), {}, []
        while self.left and not self.ahead("|", ";", ")", "}"):
            if self.left[0].kind == "flag":
                flag = self.take()
                flags[flag] = True if flag in SWITCHES else self.listed()
            else:
                values.append(self.listed())
        if name not in CMDLETS:
            return self.shell.called([name, *map(str, values)]).splitlines()
        return CMDLETS[name](self, flow, values, flags)


SWITCHES = {"-Raw", "-NoElement"}
Flags = Mapping[str, Any]


def get_content(reader: Reader, _: list[Any], values: list[Any], flags: Flags) -> list[Any]:
    """The lines of files, or one text; UTF-8 must be asked for, since Windows PowerShell does not assume it."""
    assert flags.get("-Encoding") == "UTF8" or values[0] == "manifest.sha256"
    paths = sorted(reader.shell.folder.glob(values[0]))
    texts = [path.read_bytes().decode("utf-8-sig") for path in paths]
    lines = texts if "-Raw" in flags else [line for text in texts for line in text.splitlines()]
    return lines[: flags.get("-TotalCount")]


def import_csv(reader: Reader, _: list[Any], values: list[Any], flags: Flags) -> list[Any]:
    """The rows of a file, by column."""
    assert flags == {"-Encoding": "UTF8"}
    text = (reader.shell.folder / values[0]).read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def get_file_hash(reader: Reader, _: list[Any], __: list[Any], flags: Flags) -> list[Any]:
    """SHA-256 in capitals, as the cmdlet has it."""
    path = reader.shell.folder / flags["-LiteralPath"]
    return [{"Hash": hashlib.sha256(path.read_bytes()).hexdigest().upper()}]


def where_object(reader: Reader, flow: list[Any], values: list[Any], flags: Flags) -> list[Any]:
    """The items of which a block is true, or a property with an operator and a value."""
    if not flags:
        return [item for item in flow if one(reader.run(values[0], item))]
    [(operator, value)] = flags.items()
    return [item for item in flow if OPERATORS[operator](member(item, values[0]), value)]


def select_object(reader: Reader, flow: list[Any], values: list[Any], flags: Flags) -> list[Any]:
    """Items with these properties alone; the first ones alone."""
    flow = flow[: flags.get("-First")]
    names = [name for value in (*values, flags.get("-Property", [])) for name in items(value)]
    if names == ["*"]:
        return [{k: v for k, v in item.items() if k != flags["-ExcludeProperty"]} for item in flow]
    return [dict(_property(reader, item, name) for name in names) for item in flow] if names else flow


def _property(reader: Reader, item: Any, wanted: Any) -> tuple[str, Any]:
    """Return name and value of a property that is named or calculated."""
    if isinstance(wanted, Block):
        return wanted.name, one(reader.run(wanted, item))
    return wanted, member(item, wanted)


def group_object(reader: Reader, flow: list[Any], values: list[Any], flags: Flags) -> list[Any]:
    """How often each value, or each combination of values, occurs; the name joins them with a comma."""
    assert "-NoElement" in flags
    keys = [key for value in values for key in items(value)]
    names = (", ".join(str(_property(reader, item, key)[1]) for key in keys) or str(item) for item in flow)
    return [{"Count": count, "Name": name} for name, count in Counter(names).items()]


CMDLETS: Mapping[str, Callable[[Reader, list[Any], list[Any], Flags], list[Any]]] = {
    "Get-Content": get_content,
    "Import-Csv": import_csv,
    "Get-FileHash": get_file_hash,
    "Where-Object": where_object,
    "Select-Object": select_object,
    "Group-Object": group_object,
    "ConvertFrom-Json": lambda _, flow, __, ___: [each for text in flow for each in items(orjson.loads(text))],
    "Sort-Object": lambda _, flow, values, __: sorted(flow, key=lambda item: item[values[0]]),
    "ForEach-Object": lambda r, flow, values, _: [said for item in flow for said in r.run(values[0], item)],
}
