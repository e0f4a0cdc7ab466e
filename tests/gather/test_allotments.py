"""A tenant on allotments: groups assign licenses, and no member shows that one comes from a group."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from connectors.tenant import Group, GroupId, GroupLicense, LicenseAssignment, LicenseProfile, SkuId
from jobs.license_reassignment.gather.allotments import hint_of

SKU = SkuId("6fd2c87f-b296-42f0-b197-1e91e994b900")
G, H = GroupId("g"), GroupId("h")


def _group(group_id: GroupId, state: str = "ProcessingComplete") -> Group:
    return Group(group_id, f"group {group_id}", (GroupLicense(SKU, ()),), state)


def _holders(n: int, group: str = "", state: str = "Active") -> list[LicenseProfile]:
    return [LicenseProfile.of([LicenseAssignment(SKU, group, (), state)])] * n


BARE = [LicenseProfile(())] * 30


@pytest.mark.parametrize(
    ("inside", "named"),
    [
        ({G: _holders(20)}, ("group g",)),
        ({G: _holders(19)}, ()),
        ({G: [*_holders(20), *_holders(1, group=G)]}, ()),
        ({G: [*_holders(20), *_holders(1, group="another")]}, ()),
        ({G: _holders(20), H: _holders(1, group=H)}, ()),
        ({G: _holders(20), H: _holders(20)}, ("group g", "group h")),
        ({G: _holders(20), H: _holders(3)}, ("group g",)),
        ({G: _holders(20, state="Unknown")}, ()),
        ({G: BARE}, ()),
        ({}, ()),
    ],
)
def test_twenty_members_who_all_agree_are_a_hint(
    inside: Mapping[GroupId, list[LicenseProfile]], named: tuple[str, ...]
) -> None:
    """One who shows a group is enough to say nothing; who has the license in no known state is no sign."""
    assert hint_of([_group(G), _group(H)], lambda g: inside.get(g, [])) == named


@pytest.mark.parametrize("state", ["QueuedForProcessing", "ProcessingInProgress", ""])
def test_a_group_that_is_not_processed_is_no_sign(state: str) -> None:
    """Its members may still get the license through it."""
    assert hint_of([_group(G, state)], lambda _g: _holders(30)) == ()
