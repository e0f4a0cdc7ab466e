"""Whom `[scope] protected` protects: every entry is resolved to users and groups, or there is no plan and no write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

from connectors.ids import is_guid
from connectors.roster.letters import strip
from connectors.tenant import Group, Identity, Named, TenantSnapshot, UserId
from jobs.license_reassignment.errors import GuardRefused, InputError, JobError
from jobs.license_reassignment.gather.people import People
from jobs.license_reassignment.model.plan import Plan
from jobs.license_reassignment.model.plan_header import ProtectedEntry
from jobs.license_reassignment.model.policy import Policy

HIDDEN_PERMISSION = "Member.Read.Hidden"
KEY = "[scope] protected"
_NEAREST_OF_MAX = 20_000
"""Among so many names the nearest one is looked for."""


@dataclass(frozen=True, slots=True)
class Shield:
    """Whom one entry protects: a user, or all users below a group; several users of one address are joined by `+`."""

    entry: str
    kind: Literal["user", "group"]
    id: str
    name: str
    users: frozenset[UserId]


@dataclass(frozen=True, slots=True)
class Shields:
    """The resolved entries in the order of the settings, and the groups that were read for them."""

    entries: tuple[Shield, ...] = ()
    groups: tuple[Group, ...] = ()

    @property
    def users(self) -> frozenset[UserId]:
        """Everybody who is protected."""
        return frozenset(user_id for one in self.entries for user_id in one.users)


NO_SHIELDS = Shields()


def told(shields: Shields, planned: Iterable[str]) -> tuple[ProtectedEntry, ...]:
    """Return how a plan's header tells the entries: `users` is how many each protects, `in_scope` how many rows."""
    rows = frozenset(planned)
    return tuple(
        ProtectedEntry(one.entry, one.kind, one.id, one.name, len(one.users), len(one.users & rows))
        for one in shields.entries
    )


def may_read_hidden(identity: Identity) -> bool:
    """Whether the token shows the permission without which Graph keeps the members of hidden groups from us."""
    return HIDDEN_PERMISSION in (identity.roles or ())


@dataclass(frozen=True, slots=True)
class Sought:
    """Entries whose users are still to be found, by what each is asked for: a name, an address or an id.

    `known` are the users of the snapshot that answer to an entry; `asked` is what the tenant is asked for.
    """

    keys: Mapping[str, str]
    known: Mapping[str, frozenset[UserId]]
    asked: tuple[str, ...]
    people: People
    snapshot: TenantSnapshot


def sought(entries: Sequence[str], snapshot: TenantSnapshot) -> Sought:
    """Look among the users of a plan's snapshot first; the tenant is asked for the rest."""
    people = People(snapshot)
    keys = {entry: key_of(entry) for entry in entries}
    people.learn_addresses(keys.values())
    known = {entry: people.answering(key) for entry, key in keys.items()}
    return Sought(keys, known, _distinct(keys[entry] for entry in keys if not known[entry]), people, snapshot)


def sought_again(plan: Plan, live: Sequence[str], before: TenantSnapshot) -> Sought:
    """Say what an apply asks for: the groups of the plan's own entries by id, the `live` entries as they stand.

    What the plan resolved counts by its id, whatever it is called now, and a user of it is not asked for again.
    """
    own = _own(plan)
    frozen = plan.header.settings.protected if not own else ()
    people = People(before)
    keys = {entry: one.id for entry, one in own.items() if one.kind == "group"}
    keys |= {entry: key_of(entry) for entry in dict.fromkeys([*frozen, *live]) if entry not in own}
    known = {entry: people.answering(key) for entry, key in keys.items() if entry not in own}
    return Sought(keys, known, _distinct(keys.values()), people, before)


def without_deleted(
    again: Sought, plan: Plan, live: Sequence[str], found: Mapping[str, Named]
) -> tuple[Sought, tuple[str, ...]]:
    """Leave out the groups of the plan that are deleted since and no longer in the settings; also returns their names.

    An id is always asked for, so one that was not found is not there.
    """
    own = _own(plan)
    gone = [e for e, key in again.keys.items() if e in own and e not in live and not found[key].groups]
    kept = {entry: key for entry, key in again.keys.items() if entry not in gone}
    return replace(again, keys=kept), tuple(own[entry].name for entry in gone)


def users_by_id(plan: Plan) -> frozenset[UserId]:
    """Return the users whom the plan itself resolved as protected; the members of its groups are read again."""
    ids = (one.id.split("+") for one in _own(plan).values() if one.kind == "user")
    return frozenset(UserId(u) for several in ids for u in several)


def _own(plan: Plan) -> Mapping[str, ProtectedEntry]:
    return {one.entry: one for one in plan.header.protected or ()}


def _distinct(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for key in keys if key))


def key_of(entry: str) -> str:
    """Return what an entry is asked for by: without blanks around it, a GUID in lower case and without braces."""
    text = strip(entry)
    bare = text.removeprefix("{").removesuffix("}").lower()
    return bare if is_guid(bare) else text


def shields_of(asked: Sought, found: Mapping[str, Named], *, hidden: bool, refuse: type[JobError]) -> Shields:
    """Make a shield of every entry; raises `refuse` with a sentence for each that is nobody, ambiguous or hidden.

    `found` is what the tenant said, by what it was asked for; `hidden`: we may read the members of hidden groups.
    """
    people = asked.people
    shields, problems, groups = [], [], dict[str, Group]()
    for entry, key in asked.keys.items():
        named = found.get(key, Named(key))
        ids = asked.known.get(entry, frozenset()) | {user_id for user_id, _ in named.users}
        if ids:
            names = {**{u: people.name_of(u) for u in ids}, **dict(named.users)}
            shields.append(
                Shield(entry, "user", "+".join(sorted(ids)), "+".join(names[u] for u in sorted(ids)), frozenset(ids))
            )
        elif problem := _problem(entry, key, named, asked.snapshot, hidden=hidden):
            problems.append(problem)
        else:
            [group] = named.groups
            groups[group.id] = group
            shields.append(Shield(entry, "group", group.id, group.display_name, group.members or frozenset()))
    if problems:
        sent = "Nothing was sent" if refuse is GuardRefused else "No plan was made"
        raise refuse(" ".join(problems) + f" {sent}: an entry that protects nobody would let its account be changed.")
    return Shields(tuple(shields), tuple(groups.values()))


def _problem(entry: str, key: str, named: Named, snapshot: TenantSnapshot, *, hidden: bool) -> str:
    """Say why an entry that is no user cannot be used; "" when it is exactly one group whose members we may read."""
    match named.groups:
        case ():
            near = _nearest(key, snapshot)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            return (
                f"{KEY}: `{entry}` is no user's principal name, address or id, and no group's name or id.{hint} "
                "Correct the entry, or take it out."
            )
        case (group,) if group.hidden and not hidden:
            return (
                f"{KEY}: the members of the group `{entry}` ({group.id}) are hidden (visibility HiddenMembership). "
                f"Grant the app {HIDDEN_PERMISSION} with admin consent, or name its members one by one."
            )
        case (_,):
            return ""
        case several:
            ids = ", ".join(group.id for group in several)
            return f"{KEY}: {len(several)} groups are called `{entry}` ({ids}). Give the id of the one you mean."


def _nearest(key: str, snapshot: TenantSnapshot) -> list[str]:
    """Return up to two names that the entry may mean; of an address only what stands before the @ is compared."""
    wanted, _, domain = key.lower().rpartition("@")
    users = snapshot.users["user_principal_name"]
    if not domain or not wanted:
        known = {g.display_name.lower(): g.display_name for g in snapshot.groups}
        return [known[one] for one in get_close_matches(key.lower(), known, 2, 0.8)]
    near = users[users.str.lower().str.endswith("@" + domain)].head(_NEAREST_OF_MAX)
    known = {name.lower().rpartition("@")[0]: name for name in near}
    return [known[one] for one in get_close_matches(wanted, known, 2, 0.8)]


def with_groups(snapshot: TenantSnapshot, groups: Iterable[Group]) -> TenantSnapshot:
    """Return the snapshot with these groups and their users in it, as evidence of whom they protect."""
    known = {g.id: g for g in snapshot.groups}
    for group in groups:
        known[group.id] = replace(known.get(group.id, group), members=group.members)
    return replace(snapshot, groups=tuple(known[group_id] for group_id in sorted(known)))


def check_rule_groups(policy: Policy, snapshot: TenantSnapshot, identity: Identity) -> None:
    """Raise InputError (2) for a `member_of` that is no group of the tenant, or one whose members are kept from us."""
    groups: dict[str, Group] = {g.id: g for g in snapshot.groups}
    problems = []
    for rule in policy.rules:
        for group_id in sorted(rule.where.member_of):
            group = groups.get(group_id)
            if group is None:
                problems.append(
                    f"[[swap]] `{rule.name}` where.member_of: the tenant has no group {group_id}. Correct the id: the "
                    "Entra admin center shows it as the object id of the group."
                )
            elif group.hidden and not may_read_hidden(identity):
                problems.append(
                    f"[[swap]] `{rule.name}` where.member_of: the members of {group.display_name} ({group_id}) are "
                    f"hidden (visibility HiddenMembership). Grant the app {HIDDEN_PERMISSION} with admin "
                    "consent, or describe its users otherwise."
                )
    if problems:
        raise InputError(" ".join(problems) + " No plan was made.")
