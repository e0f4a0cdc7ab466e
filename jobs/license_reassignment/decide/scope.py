"""Who is in scope, and the facts besides licenses that can hold a user: columns in, columns out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from connectors.countries import COUNTRIES
from connectors.tenant import LicenseProfile, SkuId, TenantSnapshot, UserId
from jobs.license_reassignment.model.policy import Policy, Wish

REJECTED, PROTECTED, DISABLED, GUEST, RESTRICTED, UNLOCATED, SHARED_ADDRESS, NO_LOCATION = (1 << n for n in range(8))
"""UNLOCATED is anything but a country; NO_LOCATION is of those the ones who have nothing there at all."""


def profiles_holding(profiles: Sequence[LicenseProfile], sku_ids: frozenset[SkuId]) -> np.ndarray:
    """Return one boolean per profile: whether it holds any of the SKUs in any way."""
    return np.fromiter((bool(p.skus & sku_ids) for p in profiles), dtype=bool, count=len(profiles))


def in_scope(snapshot: TenantSnapshot, policy: Policy, named: frozenset[UserId]) -> pd.Series[bool]:
    """Say per user whether `[scope]` selects them: every source holder, or (csv) exactly the roster's users."""
    users = snapshot.users
    if policy.scope == "csv":
        return users["id"].isin(named)
    holds = profiles_holding(snapshot.profiles, frozenset(policy.sources))
    return pd.Series(holds[users["profile"].to_numpy()], index=users.index) | users["id"].isin(named)


def locations(users: pd.DataFrame, policy: Policy, wishes: Mapping[UserId, Wish]) -> pd.Series[str]:
    """Return per user the country that the roster gives for a missing one, "" elsewhere and unless it may be written.

    One that is there is never changed, whatever it says.
    """
    found = np.full(len(users), "", dtype=object)
    given = {user_id: wish.usage_location for user_id, wish in wishes.items() if policy.write_locations}
    missing = (users["usage_location"] == "") & users["id"].isin(list(given))
    rows = np.flatnonzero(missing.to_numpy(dtype=bool))
    found[rows] = [given[UserId(user_id)] for user_id in users["id"].iloc[rows]]
    return pd.Series(found, index=users.index)


def flags(
    snapshot: TenantSnapshot, policy: Policy, rejected: frozenset[UserId], located: pd.Series[bool]
) -> pd.Series[int]:
    """Return the facts besides licenses that can hold a user, as bits per user; `located` will have a country."""
    users = snapshot.users
    bits = np.zeros(len(users), dtype=np.int64)

    def mark(mask: pd.Series[bool], bit: int) -> None:
        bits[mask.to_numpy(dtype=bool)] |= bit

    mark(users["id"].isin(rejected), REJECTED)
    mark(protected(snapshot, policy), PROTECTED)
    if policy.hold_disabled_accounts:
        mark(users["account_enabled"] == "no", DISABLED)
    if policy.hold_guests:
        mark(users["user_type"].str.lower() == "guest", GUEST)
    mark(users["is_management_restricted"] == "yes", RESTRICTED)
    mark(~users["usage_location"].str.upper().isin(COUNTRIES) & ~located, UNLOCATED)
    mark((users["usage_location"] == "") & ~located, NO_LOCATION)
    mark(shared_addresses(users), SHARED_ADDRESS)
    return pd.Series(bits, index=users.index)


def shared_addresses(users: pd.DataFrame) -> pd.Series[bool]:
    """Say per user whether a proxy address of theirs is also another user's: Graph then refuses every license."""
    return pd.Series(users.index.isin(owners_of_shared_addresses(users)["user"]), index=users.index)


def owners_of_shared_addresses(users: pd.DataFrame) -> pd.DataFrame:
    """Return `user`, an index of the table, and `address`, in lower case, for each that several users have."""
    addresses = users["proxy_addresses"]
    # An address may itself hold a plus; a new one begins where a scheme such as `smtp:` follows.
    mine = addresses[addresses != ""].str.lower().str.split(r"\+(?=[a-z0-9]+:)", regex=True).explode()
    # One user may have one address twice, as `SMTP:` and as `smtp:`; that is nobody else's.
    owned = pd.DataFrame({"user": mine.index, "address": mine.to_numpy()}).drop_duplicates()
    return owned[owned["address"].duplicated(keep=False)]


def protected(snapshot: TenantSnapshot, policy: Policy) -> pd.Series[bool]:
    """Say per user whether `[scope] protected` names them, themselves or through a group."""
    return snapshot.users["id"].isin(policy.protected)
