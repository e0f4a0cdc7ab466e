"""Does the tenant look like one on allotments, where groups assign licenses and no user shows that one does? Pure.

Microsoft's design of Cloud Licensing says that the license properties of a user then tell direct and inherited apart no
more, and that `assignLicense` is redirected. Nothing in Graph says that a tenant is on allotments.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import pandas as pd

from connectors.message import Message, few
from connectors.tenant import Group, GroupId, LicenseProfile, SkuId, TenantSnapshot

HOLDERS_MIN = 20
"""Fewer members who have a group's license may have it in some other way, each by chance."""

WHAT_STATES_SAY = frozenset({"active", "activewitherror", "disabled", "error"})
"""The states that Microsoft's page "licenseAssignmentState" lists; any other does not tell where a license is from."""


def hint_of(groups: Iterable[Group], inside: Callable[[GroupId], Collection[LicenseProfile]]) -> tuple[str, ...]:
    """Return the names of the groups whose members do not show that they have its licenses from it, sorted.

    `inside` gives the profiles of members, one per member. Only a processed group counts that HOLDERS_MIN members have
    a license of with a known state; if one member of such a group shows any group, there is nothing to say.
    """
    found = list[str]()
    for group in groups:
        if group.processing_state.casefold() != "processingcomplete" or not group.licenses:
            continue
        profiles = inside(group.id)
        if any(a.group_id for p in profiles for a in p.assignments):
            return ()
        if any(sum(_shows(p, one.sku_id) for p in profiles) >= HOLDERS_MIN for one in group.licenses):
            found.append(group.display_name)
    return tuple(sorted(found))


def _shows(profile: LicenseProfile, sku_id: SkuId) -> bool:
    states = [a.state.casefold() for a in profile.assignments]
    return sku_id in profile.skus and WHAT_STATES_SAY.issuperset(states)


def hint_in(snapshot: TenantSnapshot) -> tuple[str, ...]:
    """Return what a whole snapshot hints at: nothing where anybody in it shows a group."""
    if any(a.group_id for p in snapshot.profiles for a in p.assignments):
        return ()
    rows, numbers = pd.Index(snapshot.users["id"]), snapshot.users["profile"].to_numpy()
    members = {g.id: sorted(g.direct_members or ()) for g in snapshot.groups}

    def inside(group_id: GroupId) -> Sequence[LicenseProfile]:
        at = rows.get_indexer(pd.Index(members[group_id], dtype=rows.dtype))
        return [snapshot.profiles[int(n)] for n in numbers[at[at >= 0]]]

    return hint_of(snapshot.groups, inside)


def hint_text(names: Sequence[str]) -> Message:
    """Say what is seen, and what it means for a run."""
    return Message(
        "The tenant may be on allotments (Microsoft Cloud Licensing): group {groups} assigns a license to at least "
        "{least} members, and no user shows that a license comes from a group. There, removing a license may have no "
        "effect, and each user would take a second seat.",
        "The tenant may be on allotments (Microsoft Cloud Licensing): {n} groups ({groups}) each assign a license to "
        "at least {least} members, and no user shows that a license comes from a group. There, removing a license may "
        "have no effect, and each user would take a second seat.",
        n=len(names),
        groups=few(names),
        least=HOLDERS_MIN,
    )


HINT_REMEDY = Message(
    "Check in the Microsoft 365 admin center whether allotments exist for these products. Groups are not changed until "
    "that is settled; `apply` changes users all the same, and looks at the first of them before it goes on."
)
