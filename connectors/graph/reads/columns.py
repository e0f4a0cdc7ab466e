"""Pages of users to one table of text columns and the distinct license profiles, without an object per user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connectors.graph import wire
from connectors.tenant import USER_COLUMNS, LicenseProfile

TEXT = pa.large_string()
PROFILE = pa.int32()
_TEXTS = {
    "user_principal_name": "userPrincipalName",
    "display_name": "displayName",
    "mail": "mail",
    "user_type": "userType",
    "usage_location": "usageLocation",
    "department": "department",
    "country": "country",
    "company_name": "companyName",
}
_FLAGS = {
    "account_enabled": "accountEnabled",
    "on_premises_sync_enabled": "onPremisesSyncEnabled",
    "is_management_restricted": "isManagementRestricted",
}
_WORDS: Mapping[object, str] = {True: "yes", False: "no", None: ""}

SELECT = (
    "id",
    *_TEXTS.values(),
    "proxyAddresses",
    *_FLAGS.values(),
    "assignedLicenses",
    "licenseAssignmentStates",
)
"""The properties to ask for; Graph returns none of the license properties unasked."""

_SCHEMA = pa.schema([(name, PROFILE if name == "profile" else TEXT) for name in USER_COLUMNS])


class Profiles:
    """The distinct license profiles met so far, numbered in the order of their appearance."""

    def __init__(self) -> None:
        self.distinct: list[LicenseProfile] = []
        self._numbers: dict[LicenseProfile, int] = {}
        self._seen: dict[tuple[object, ...], int] = {}

    def number(self, user: Mapping[str, Any]) -> int:
        """Return the number of the user's profile.

        Users are recognized by the raw words of their assignment states, which is far cheaper than building the
        profile; the date of an assignment is not part of it.
        """
        states = user.get("licenseAssignmentStates")
        if not states:
            return self._number(wire.profile(user))
        raw = tuple(
            [
                (
                    s.get("skuId"),
                    s.get("assignedByGroup"),
                    s.get("state"),
                    s.get("error"),
                    *(s.get("disabledPlans") or ()),
                )
                for s in states
            ]
        )
        found = self._seen.get(raw)
        if found is None:
            found = self._seen[raw] = self._number(wire.profile({"licenseAssignmentStates": states}))
        return found

    def complete(self, user: Mapping[str, Any]) -> int:
        """Return the number of the profile that also counts what `assignedLicenses` alone names."""
        named = {state.get("skuId") for state in user.get("licenseAssignmentStates") or ()}
        if named and all(entry.get("skuId") in named for entry in user.get("assignedLicenses") or ()):
            return self.number(user)
        return self._number(wire.profile(user))

    def profile(self, user: Mapping[str, Any]) -> LicenseProfile:
        """Return the complete profile; users who hold the same share it."""
        return self.distinct[self.complete(user)]

    def _number(self, profile: LicenseProfile) -> int:
        found = self._numbers.setdefault(profile, len(self.distinct))
        if found == len(self.distinct):
            self.distinct.append(profile)
        return found


def page(users: Sequence[Mapping[str, Any]], numbers: Sequence[int]) -> pa.RecordBatch:
    """Return the columns of these users; `numbers` are their profiles.

    Raises KeyError, TypeError or ValueError for a property that is not of its documented type, or far too long.
    """
    texts = {
        "id": [wire.key_of(u) for u in users],
        "proxy_addresses": [
            "+".join(sorted(a.replace("+", "%2B") for a in u.get("proxyAddresses") or ())) for u in users
        ],
        **{name: [u.get(key) or "" for u in users] for name, key in _TEXTS.items()},
        **{name: [_WORDS[u.get(key)] for u in users] for name, key in _FLAGS.items()},
    }
    for name in ("id", *_TEXTS):
        if (longest := max(map(len, texts[name]), default=0)) > wire.TEXT_MAX:
            raise ValueError(f"{name} has {longest} characters")
    arrays = [pa.array(numbers, PROFILE) if name == "profile" else pa.array(texts[name], TEXT) for name in USER_COLUMNS]
    return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)


def table(
    batches: Sequence[pa.RecordBatch], profiles: Sequence[LicenseProfile]
) -> tuple[pd.DataFrame, tuple[LicenseProfile, ...]]:
    """Join the pages into one frame sorted by id, and the profiles that it uses, sorted.

    A user that occurs twice is taken as read last.
    """
    rows = _newest_by_id(pa.Table.from_batches(batches, _SCHEMA))
    used = np.unique(rows.column("profile").to_numpy())
    order = sorted(used, key=lambda number: profiles[number])
    renumbered = np.zeros(len(profiles) + 1, dtype=np.int32)
    renumbered[order] = np.arange(len(order), dtype=np.int32)
    text = pd.StringDtype("pyarrow", na_value=np.nan)
    frame = rows.drop_columns(["profile"]).to_pandas(types_mapper={TEXT: text}.get)
    frame["profile"] = renumbered[rows.column("profile").to_numpy()]
    return frame, tuple(profiles[number] for number in order)


def _newest_by_id(rows: pa.Table) -> pa.Table:
    """Sort by id, keeping the last of equal ids; the sort is stable, so the last was read last."""
    if rows.num_rows == 0:
        return rows
    rows = rows.take(pc.sort_indices(rows, sort_keys=[("id", "ascending")]))
    ids = rows.column("id").combine_chunks()
    last = pa.concat_arrays([pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1)), pa.array([True])])
    return rows if pc.all(last).as_py() else rows.filter(last)
