"""Which groups `[groups] swap` and the waves name: each name is one group that is to change or is done. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from connectors.message import Message
from connectors.tenant import Group, GroupId, Identity, Named, SkuId, TenantSnapshot
from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.gather.protected import key_of, may_read_hidden
from jobs.license_reassignment.gather.readiness import Finding
from jobs.license_reassignment.model.policy import GroupPolicy, Policy
from jobs.settings.model import Settings

KEY = "[groups] swap"


def asked_of(settings: Settings) -> tuple[str, ...]:
    """Return what the tenant is asked for, an entry of `[groups] swap` each: a name, or an id in lower case."""
    return tuple(key_of(entry) for entry in settings.groups.swap)


def groups_of(settings: Settings, found: Sequence[Named]) -> dict[str, Group]:
    """Return the group of every entry; `found` are the answers in the order asked.

    Raises InputError (2) with a sentence for each entry that is no group, several, or one that another entry is too.
    """
    named: dict[str, Group] = {}
    problems = list[str]()
    for entry, answer in zip(settings.groups.swap, found, strict=True):
        match answer.groups:
            case ():
                problems.append(
                    f"{KEY}: the tenant has no group `{entry}`. Correct the name or the id: the Entra admin center "
                    "shows both, the id as the object id of the group."
                )
            case (group,) if same := next((other for other, g in named.items() if g.id == group.id), ""):
                problems.append(f"{KEY}: `{same}` and `{entry}` are one group ({group.id}). Take one of them out.")
            case (group,):
                named[entry] = group
            case several:
                ids = ", ".join(group.id for group in several)
                problems.append(f"{KEY}: {len(several)} groups are called `{entry}` ({ids}). Give the id of the one.")
    if problems:
        raise InputError(" ".join(problems))
    return named


def with_groups_of(policy: Policy, settings: Settings, named: Mapping[str, Group]) -> Policy:
    """Return the policy with its groups, and those of the waves, by id."""
    chosen = settings.groups
    ids = {entry.strip().casefold(): group.id for entry, group in named.items()}
    swap = GroupPolicy(
        swap=tuple(group.id for group in named.values()),
        accept_member_losses=chosen.members_with_losses == "accept",
        include_outside=chosen.outside_scope == "include",
    )
    of_wave = {w.name: tuple(GroupId(ids[name.strip().casefold()]) for name in w.groups) for w in settings.wave}
    return replace(policy, groups=swap, waves=tuple(replace(w, groups=of_wave.get(w.name, ())) for w in policy.waves))


def refuse_groups_beside(named: Mapping[str, Group], policy: Policy, targets: Collection[SkuId]) -> None:
    """Raise InputError (2) for a group that carries neither a source nor a target: another one is meant."""
    beside = [
        f"{KEY}: the group {group.display_name} ({group.id}) assigns neither the old product nor a target. Take it "
        "out, or name the group that does."
        for group in named.values()
        if not _carries(group, policy.sources) and not _carries(group, targets)
    ]
    if beside:
        raise InputError(" ".join(beside))


def _carries(group: Group, sku_ids: Collection[SkuId]) -> bool:
    return any(one.sku_id in sku_ids for one in group.licenses)


def check_groups(named: Mapping[str, Group], policy: Policy, targets: Collection[SkuId]) -> list[Finding]:
    """Say of every group that is named for a swap whether it would change, is done, or has nothing to do with it."""
    return [_finding(group, policy, targets) for group in named.values()]


def _finding(group: Group, policy: Policy, targets: Collection[SkuId]) -> Finding:
    if _carries(group, policy.sources):
        return Finding("ok", group.display_name, Message("group that assigns the old product; `plan` decides about it"))
    if _carries(group, targets):
        return Finding("ok", group.display_name, Message("group that assigns a target and no old product: done"))
    return Finding(
        "person",
        group.display_name,
        Message("group that assigns neither the old product nor a target of a rule"),
        Message("Take it out of [groups] swap, or name the group that does."),
    )


def without_hidden_members(snapshot: TenantSnapshot, identity: Identity) -> TenantSnapshot:
    """Return the snapshot in which hidden members that Graph keeps from us are unknown, rather than nobody."""
    if may_read_hidden(identity):
        return snapshot
    groups = tuple(replace(g, direct_members=None) if g.hidden else g for g in snapshot.groups)
    return replace(snapshot, groups=groups)
