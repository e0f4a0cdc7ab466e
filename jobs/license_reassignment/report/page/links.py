"""Where a reader may look further: the Entra admin center of the tenant's cloud, and Microsoft Learn. Pure.

A link is followed only where somebody clicks it: no page and no renderer makes a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from connectors.ids import is_guid

ADMIN_CENTERS: Mapping[str, str] = MappingProxyType(
    {
        ".onmicrosoft.us": "https://entra.microsoft.us",
        ".partner.onmschina.cn": "https://entra.microsoftonline.cn",
    }
)
"""By the end of the domain that Microsoft gives a tenant, the admin center of its cloud (Microsoft Entra FAQ)."""

GLOBAL_ADMIN_CENTER = "https://entra.microsoft.com"
USER_PAGE = "/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/overview/userId/"
GROUP_PAGE = "/#view/Microsoft_AAD_IAM/GroupDetailsMenuBlade/~/Overview/groupId/"

_LEARN = "https://learn.microsoft.com/"
_PROBLEMS = f"{_LEARN}entra/fundamentals/licensing-groups-resolve-problems"
_GROUPS = f"{_LEARN}entra/fundamentals/concept-group-based-licensing"
LEARN: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("no_seat", "conflict", "dependency", "not_in_location", "no_usage_location"), _PROBLEMS),
        "duplicate_address": _PROBLEMS,
        **dict.fromkeys(("inherited", "group_carries_source"), _GROUPS),
        "restricted_management": f"{_LEARN}entra/identity/role-based-access-control/admin-units-restricted-management",
        "soft_deleted_holder": f"{_LEARN}entra/fundamentals/users-restore",
        "disabled_account": f"{_LEARN}microsoft-365/admin/email/about-shared-mailboxes",
    }
)
"""By reason code, the page of Microsoft Learn that is about it, where there is one."""


def admin_center(domains: Iterable[str]) -> str:
    """Return the admin center of the cloud that the tenant's verified domains tell."""
    ends = ((end, center) for end, center in ADMIN_CENTERS.items() if any(d.casefold().endswith(end) for d in domains))
    return next((center for _, center in ends), GLOBAL_ADMIN_CENTER)


def page_of(center: str, object_id: str, *, group: bool = False) -> str:
    """Return the address of a user or a group in the admin center, "" for what is no object id."""
    return f"{center}{GROUP_PAGE if group else USER_PAGE}{object_id}" if is_guid(object_id) else ""
