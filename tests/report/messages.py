"""`make messages`: what the product says, found in its source, and the catalogs brought up to it.

A sentence is said by `Message("…")`, `t("…")` or `_("…")` with the template, or singular and plural, written out.
One that is all blanks needs no translation.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

import jobs
from connectors.catalog.user_words import load_user_words
from jobs.license_reassignment import report

LOCALES = Path(report.__file__).parent / "locale"
SPEAKING = ("connectors", "jobs")
SAYING = {"Message", "t", "_t", "_"}
_ACCENTS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "áƀćďéƒǵȟíĵķĺḿńóṕɋŕśťúṽẃẋýźÁɃĆĎÉƑǴȞÍĴĶĹḾŃÓṔɊŔŚŤÚṼẂẊÝŹ"
)
_BLANK_OR_LETTER = re.compile(r"\{\w+\}|[A-Za-z]+")
_BLANK = re.compile(r"\{\w+\}")


def said() -> Catalog:
    """Return every message of the product, with the file that says it."""
    found = Catalog()
    top = Path(jobs.__file__).parent.parent
    for path in sorted(path for room in SPEAKING for end in ("*.py", "*.j2") for path in (top / room).rglob(end)):
        read = _in_template if path.suffix == ".j2" else _in_python
        for texts in read(path.read_text()):
            found.add(texts if len(texts) > 1 else texts[0], locations=[(str(path.relative_to(top)), 0)])
    words = load_user_words()
    for word in (*words.families.values(), *words.plans.values()):
        found.add(word, locations=[("connectors/catalog/data/user_words.json", 0)])
    return found


def _in_python(source: str) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in SAYING:
                texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                yield from _written_out(texts)


def _in_template(source: str) -> Iterator[tuple[str, ...]]:
    for call in Environment(autoescape=True).parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "_":
            texts = [arg.value for arg in call.args if isinstance(arg, nodes.Const)]
            assert texts, f"line {call.lineno}: the sentence stands elsewhere, so t() says it"
            yield from _written_out(texts)


def _written_out(texts: list[object]) -> Iterator[tuple[str, ...]]:
    written = tuple(text for text in texts if isinstance(text, str) and text)
    if written and re.search("[A-Za-z0-9]", _BLANK.sub("", written[0])):
        yield written


def catalog(language: str) -> Catalog:
    """Read the .po file of a language."""
    return read_po(io.BytesIO((LOCALES / language / "reseat.po").read_bytes()), locale=language)


def pseudo() -> str:
    """Return the catalog of a language that is English with an accent on every letter, blanks and all else as it is."""
    texts = said()
    for entry in texts:
        if isinstance(entry.id, str):
            entry.string = _accented(entry.id)
        else:
            entry.string = tuple(map(_accented, entry.id))
    out = io.BytesIO()
    write_po(out, texts, width=0)
    return out.getvalue().decode()


def _accented(text: str) -> str:
    return _BLANK_OR_LETTER.sub(lambda found: found[0] if found[0][0] == "{" else found[0].translate(_ACCENTS), text)


def written(language: str) -> str:
    """Return what the .po file of a language should be: its own header, then what is said, sorted, then what is not."""
    texts = catalog(language)
    texts.update(said(), no_fuzzy_matching=True)
    out = io.BytesIO()
    write_po(out, texts, width=0, omit_header=True, sort_output=True, no_location=True)
    header = (LOCALES / language / "reseat.po").read_text().partition("\n\n")[0]
    return f"{header}\n\n{out.getvalue().decode()}".rstrip("\n") + "\n"


if __name__ == "__main__":
    for folder in sorted(LOCALES.iterdir()):
        (folder / "reseat.po").write_text(written(folder.name))
