"""A tenant snapshot as plain files that an auditor can open, and back again without loss."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
import pandas as pd

from connectors.ids import sha256
from connectors.roster.formula import guard, unguard
from connectors.tenant import (
    USER_COLUMNS,
    CompanySubscription,
    DeletedUser,
    Group,
    GroupLicense,
    LicenseAssignment,
    LicenseProfile,
    Organization,
    ReadRecord,
    ServicePlan,
    SubscribedSku,
    TenantSnapshot,
)
from connectors.utc import utc_text

Which = Literal["snapshot", "after"]
_TOUCHY = r"^\W|[\x00-\x1f\x7f-\x9f]"
"""What the formula guard can change: it starts with no letter or figure, or has a control character in it."""
_GUARDED = re.compile(rb"(?:\A|[\n,\"])'")
"""A cell of a CSV file that begins with the sign of the guard; where there is none, nothing has to be taken back."""

_FREE_TEXT = ("user_principal_name", "display_name", "mail", "proxy_addresses", "department", "country", "company_name")


def json_bytes(value: object) -> bytes:
    """Serialize for people and digests alike: sorted keys, two blanks, UTF-8, a newline at the end."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def csv_bytes(table: pd.DataFrame, *, free_text: tuple[str, ...] = ()) -> bytes:
    """Write a table of text as UTF-8 CSV (RFC 4180); free-text columns and all names get the formula guard."""
    shown = table.copy(deep=False)
    for column in free_text:
        shown[column] = _changed(shown[column], guard)
    shown.columns = [guard(str(name)) for name in shown.columns]
    out = io.BytesIO()
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    shown.to_csv(text, index=False, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    text.detach()
    return out.getvalue()


def _changed(texts: pd.Series[str], change: Callable[[str], str]) -> pd.Series[str]:
    """Apply `guard` or `unguard` where it may matter: nearly every text begins with a letter and stays as it is."""
    touchy = texts.str.contains(_TOUCHY, regex=True)
    if not touchy.any():
        return texts
    return texts.mask(touchy, texts[touchy].map(change))


def read_csv(data: bytes, *, free_text: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a table written by `csv_bytes`; every cell is text, an empty one is "".

    Of the columns with free text, those that are not there are passed over.
    """
    table = pd.read_csv(io.BytesIO(data), dtype="string[pyarrow]", keep_default_na=False, na_filter=False)
    # A folder of an older version has a name as the roster wrote it, even where it looks guarded.
    table.columns = [name if name in free_text else unguard(name) for name in table.columns]
    if _GUARDED.search(data):
        for column in set(free_text) & set(table.columns):
            table[column] = _changed(table[column], unguard)
    return table


def snapshot_files(snapshot: TenantSnapshot, which: Which) -> dict[str, bytes]:
    """Return the three files of a snapshot: users with a profile number, distinct profiles, everything else."""
    users = snapshot.users.loc[:, list(USER_COLUMNS)]
    rest = {
        "organization": asdict(snapshot.organization),
        "skus": [asdict(s) for s in snapshot.skus],
        "subscriptions": [asdict(s) for s in snapshot.subscriptions],
        "groups": [_group(g) for g in snapshot.groups],
        "deleted_users": [asdict(u) for u in snapshot.deleted_users],
        "not_found": list(snapshot.not_found),
        "resolved": dict(snapshot.resolved),
        "refused": list(snapshot.refused),
        "unread": list(snapshot.unread),
        "stable": snapshot.stable,
        "reads": [asdict(r) for r in snapshot.reads],
        "began": utc_text(snapshot.began, "auto"),
        "ended": utc_text(snapshot.ended, "auto"),
    }
    profiles = [[asdict(a) for a in p.assignments] for p in snapshot.profiles]
    return {
        f"{which}.csv": csv_bytes(users, free_text=_FREE_TEXT),
        f"{which}-profiles.json": json_bytes(profiles),
        f"{which}-tenant.json": json_bytes(rest),
    }


def content_sha256_parts(files: Mapping[str, bytes], which: Which) -> list[object]:
    """Return what of a snapshot is content rather than time: for a digest that equals for an unchanged tenant."""
    rest = orjson.loads(files[f"{which}-tenant.json"])
    timeless = {k: v for k, v in rest.items() if k not in {"reads", "began", "ended"}}
    digests = [sha256(files[f"{which}{part}"]) for part in (".csv", "-profiles.json")]
    return [*digests, timeless]


def load_snapshot(files: Mapping[str, bytes], which: Which) -> TenantSnapshot:
    """Rebuild the snapshot from its three files; raises ValueError or LookupError where they do not fit together."""
    users = read_csv(files[f"{which}.csv"], free_text=_FREE_TEXT)
    users["profile"] = users["profile"].astype("int64")
    profiles = orjson.loads(files[f"{which}-profiles.json"])
    if not users["profile"].between(0, len(profiles) - 1).all():
        raise LookupError(f"{which}.csv names a profile that {which}-profiles.json does not have")
    rest = orjson.loads(files[f"{which}-tenant.json"])
    return TenantSnapshot(
        organization=_made(Organization, rest["organization"]),
        skus=tuple(_sku(s) for s in rest["skus"]),
        subscriptions=tuple(_made(CompanySubscription, s) for s in rest["subscriptions"]),
        groups=tuple(_read_group(g) for g in rest["groups"]),
        users=users,
        profiles=tuple(LicenseProfile(tuple(_made(LicenseAssignment, a) for a in p)) for p in profiles),
        deleted_users=tuple(_made(DeletedUser, u) for u in rest["deleted_users"]),
        reads=tuple(ReadRecord(**r) for r in rest["reads"]),
        began=datetime.fromisoformat(rest["began"]).astimezone(UTC),
        ended=datetime.fromisoformat(rest["ended"]).astimezone(UTC),
        stable=rest["stable"],
        not_found=tuple(rest["not_found"]),
        resolved=rest.get("resolved", {}),
        refused=tuple(rest.get("refused", ())),
        unread=tuple(rest["unread"]),
    )


def _made(kind: Any, written: Mapping[str, Any]) -> Any:
    """Make a value from JSON: lists become tuples again; what earlier versions wrote besides is left out."""
    known = {f.name for f in fields(kind)}
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in written.items() if k in known})


def _sku(written: Mapping[str, Any]) -> SubscribedSku:
    made: SubscribedSku = _made(SubscribedSku, {**written, "plans": [_made(ServicePlan, p) for p in written["plans"]]})
    return made


def _group(group: Group) -> dict[str, Any]:
    written = asdict(group)
    for key in ("members", "direct_members"):
        written[key] = None if written[key] is None else sorted(written[key])
    return written


def _read_group(written: Mapping[str, Any]) -> Group:
    sets = {key: frozenset(written[key]) for key in ("members", "direct_members") if written.get(key) is not None}
    licenses = tuple(_made(GroupLicense, g) for g in written["licenses"])
    made: Group = _made(Group, {**written, **sets, "licenses": licenses})
    return made
