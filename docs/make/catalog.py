"""Writes connectors/catalog/data/skus.json from Microsoft's published list of products and service plans.

`make catalog FILE=…` reads "Product names and service plan identifiers for licensing" as Microsoft publishes it (CSV,
one row for each service plan of each product), brings the data up to it and says what changed; the diff is reviewed
like any other. What the list leaves out stays as it is: tenants hold products that are no longer sold.

The list is kept by hand at Microsoft: part numbers carry tabs, edge spaces and non-breaking spaces, a plan is written
in several ways. Of several spellings the one used most wins; a name in capitals loses against one that is not.
"""

from __future__ import annotations

import csv
import hashlib
import io
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from connectors.ids import is_guid

DATA: Final = Path(__file__).resolve().parents[2] / "connectors" / "catalog" / "data" / "skus.json"
COLUMNS: Final = (
    "Product_Display_Name",
    "String_Id",
    "GUID",
    "Service_Plan_Name",
    "Service_Plan_Id",
    "Service_Plans_Included_Friendly_Names",
)
LIST: Final = "Product names and service plan identifiers for licensing"

Row = tuple[str, str, str, str, str, str]
"""Product, part number, SKU id, service plan, plan id, the plan's name for people: clean, ids in lower case."""


class UnusableList(Exception):
    """The file is not Microsoft's list; the text says what is wrong, and in which line."""


def rows_of(content: bytes) -> list[Row]:
    """Return the rows of the list, clean: one space where there were several, ids in lower case.

    Raises:
        UnusableList: a column is missing, a line has an id that is no GUID, or there is no row.

    """
    reader = csv.DictReader(io.StringIO(_text(content), newline=""))
    missing = [c for c in COLUMNS if c not in (reader.fieldnames or ())]
    if missing:
        raise UnusableList(f"The file has no column {', '.join(missing)}: this is not Microsoft's list.")
    rows = []
    for row in reader:
        product, number, sku, plan, plan_id, friendly = (" ".join((row[c] or "").split()) for c in COLUMNS)
        if not (is_guid(sku.lower()) and is_guid(plan_id.lower())):
            raise UnusableList(f"Line {reader.line_num}: {sku or 'nothing'} and {plan_id or 'nothing'} must be GUIDs.")
        rows.append((product, number, sku.lower(), plan, plan_id.lower(), friendly))
    if not rows:
        raise UnusableList("The file has no rows.")
    return rows


def _text(content: bytes) -> str:
    """Return the file as text; Microsoft has published it in UTF-8 and in Windows' own encoding."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def brought_up_to(rows: Iterable[Row], before: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data after this edition of the list: `source`, `skus`, `service_plans`, `plans_of`.

    `skus` gives part number and names, the current one first; `service_plans` name and name for people; `plans_of`
    the plan ids of each SKU. What `before` knows and the list leaves out is kept.
    """
    numbers: dict[str, Counter[str]] = {}
    titles: dict[str, dict[str, None]] = {}
    plan_names: dict[str, Counter[str]] = {}
    friendly_names: dict[str, Counter[str]] = {}
    plans: dict[str, set[str]] = {}
    for product, number, sku, plan, plan_id, friendly in rows:
        numbers.setdefault(sku, Counter())[number] += 1
        titles.setdefault(sku, {})[product] = None
        plan_names.setdefault(plan_id, Counter())[plan] += 1
        friendly_names.setdefault(plan_id, Counter())[friendly] += 1
        plans.setdefault(sku, set()).add(plan_id)
    skus = {s: [_usual(numbers[s]), *_in_order(titles[s], before["skus"].get(s, [])[1:])] for s in numbers}
    known = before["service_plans"]
    named = {p: _names_of(plan_names[p], friendly_names[p], known.get(p, ("",))[0]) for p in plan_names}
    return {
        "source": dict(source),
        "skus": _sorted({**before["skus"], **skus}),
        "service_plans": _sorted({**before["service_plans"], **named}),
        "plans_of": dict(sorted({**before["plans_of"], **{s: sorted(found) for s, found in plans.items()}}.items())),
    }


def _usual(names: Counter[str]) -> str:
    return min(names, key=lambda n: (-names[n], n))


def _names_of(names: Counter[str], friendly: Counter[str], known: str) -> list[str]:
    """Return a plan's name, `known` where the list still has it, and its name for people.

    A name for people is neither in capitals nor the plan's own name, where the list has such a one.
    """
    name = known if known in names else _usual(names)
    for_people = Counter({n: count for n, count in friendly.items() if not (n.isupper() or n == name)})
    return [name, _usual(for_people or friendly)]


def _in_order(names: Iterable[str], before: list[str]) -> list[str]:
    """Return the names, those of the edition before in the order that was reviewed."""
    return sorted(dict.fromkeys(names), key=lambda n: before.index(n) if n in before else -1)


def _sorted(entries: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return dict(sorted(entries.items(), key=lambda e: (e[1][0].casefold(), e[0])))


def written(data: Mapping[str, Any]) -> bytes:
    """Return the data as the file keeps it: one entry on a line, so that a diff can be read."""
    parts = [f' "source": {_json(data["source"])}']
    for part in ("skus", "service_plans", "plans_of"):
        lines = ",\n".join(f"  {_json(key)}: {_json(entry)}" for key, entry in data[part].items())
        parts.append(f' "{part}": {{\n{lines}\n }}')
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def what_changed(before: Mapping[str, Any], after: Mapping[str, Any], listed: Iterable[str]) -> list[str]:
    """Return one line for each product that is new, has another name or other service plans, or is no longer listed."""
    names = {p: entry[0] for p, entry in after["service_plans"].items()}
    lines = []
    for sku, (number, *_) in after["skus"].items():
        if sku not in before["skus"]:
            lines.append(f"new: {number}, {len(after['plans_of'][sku])} service plans")
            continue
        if before["skus"][sku] != after["skus"][sku]:
            lines.append(f"renamed: {' / '.join(before['skus'][sku])} -> {' / '.join(after['skus'][sku])}")
        old, new = (set(data["plans_of"].get(sku, ())) for data in (before, after))
        if old and old != new:
            told = [f"+{names[p]}" for p in sorted(new - old)] + [f"-{names[p]}" for p in sorted(old - new)]
            lines.append(f"service plans of {number}: {' '.join(told)}")
    left_out = sorted(after["skus"][s][0] for s in set(after["skus"]) - set(listed))
    return [*lines, f"not in this list, kept: {', '.join(left_out) or 'none'}"]


def main(path: Path, edition: str) -> None:
    """Bring the data up to the list in this file, and print what changed."""
    content = path.read_bytes()
    rows = rows_of(content)
    before = orjson.loads(DATA.read_bytes())
    source = {
        "list": LIST,
        "edition": edition or datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("file of %Y-%m-%d"),
        "sha256": hashlib.sha256(content).hexdigest(),
        "about": "Names and examples only: at run time the tenant's own subscribedSkus decide.",
    }
    after = brought_up_to(rows, before, source)
    DATA.write_bytes(written(after))
    sys.stdout.write("\n".join(what_changed(before, after, {sku for _, _, sku, *_ in rows})) + "\n")


if __name__ == "__main__":
    if len(sys.argv) < 2 or not sys.argv[1]:
        sys.exit('Usage: make catalog FILE=<Microsoft\'s list, CSV> [EDITION="August 2026"]')
    try:
        main(Path(sys.argv[1]), " ".join(sys.argv[2:]))
    except (UnusableList, OSError) as error:
        sys.exit(f"{sys.argv[1]}: {error}")
