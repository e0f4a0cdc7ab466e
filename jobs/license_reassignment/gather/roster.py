"""The roster's rows as wishes: their products are resolved here, their users in `people`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from connectors.ids import is_guid
from connectors.message import Message
from connectors.roster.rows import Roster, RosterFile, RosterRow, RowError, reject
from connectors.roster.words import LEAVE
from connectors.tenant import GroupId, ReadScope, SkuId
from jobs.license_reassignment.errors import InputError, NotReady
from jobs.license_reassignment.gather.names import Products, wished_plans
from jobs.license_reassignment.model.policy import Policy, Wave, Wish


@dataclass(frozen=True, slots=True)
class Wishes:
    """A roster whose products are resolved: one wish per usable row, in their order; the users are still names."""

    rows: tuple[tuple[RosterRow, Wish], ...] = ()
    errors: tuple[RowError, ...] = ()
    rows_in: int = 0
    sha256: str = ""
    files: tuple[RosterFile, ...] = ()


def wishes_of(roster: Roster | None, products: Products, policy: Policy) -> Wishes:
    """Resolve the products of every row; a row whose target is unknown becomes a rejected row."""
    if roster is None:
        return Wishes()
    rows: list[tuple[RosterRow, Wish]] = []
    errors = list(roster.errors)
    waves = _Waves(policy)
    for row in roster.rows:
        try:
            wish = _wish(row, products, policy, waves)
            rows.append((row, replace(wish, order=len(rows), file=row.file if len(roster.files) > 1 else "")))
        except (InputError, NotReady) as error:
            errors.append(reject(row, error.said))
    return Wishes(tuple(rows), tuple(errors), roster.rows_in, roster.sha256, roster.files)


def _wish(row: RosterRow, products: Products, policy: Policy, waves: _Waves) -> Wish:
    targets: tuple[SkuId, ...] | None = None
    if row.targets == (LEAVE,):
        targets = ()
    elif row.target_text:
        targets = tuple(dict.fromkeys(products.targets(row.target_text, key="target")))
        both = set(targets) & set(policy.sources)
        if both:
            retiring = products.catalog.names.sku_list(sorted(both))
            raise InputError(Message("The target {product} is being retired; name another one.", product=retiring))
        company = [s.part_number for s in products.skus if s.sku_id in targets and s.applies_to.casefold() == "company"]
        if company:
            raise InputError(
                Message(
                    "{product} is for the whole company and cannot be assigned to a user; name another target.",
                    product=company[0],
                )
            )
    return Wish(
        line=row.line,
        targets=targets,
        usage_location=row.usage_location,
        wave=waves.named(row.wave),
        disabled_plans=wished_plans(row.disabled_plans, products) if row.disabled_plans else None,
        voice=row.voice,
        legal_hold=bool(row.legal_hold),
        backup_acknowledged_by=row.backup_acknowledged_by,
        extra=row.extra,
    )


class _Waves:
    """The names of waves, whose case nobody has to remember: as the settings write them, else as the first row does."""

    def __init__(self, policy: Policy) -> None:
        self._names = {wave.name.casefold(): wave.name for wave in policy.waves}
        self._are_given = bool(policy.waves)

    def named(self, text: str) -> str:
        """Return the name of a row's wave; InputError where the settings have waves and not this one."""
        key = text.casefold()
        if text and self._are_given and key not in self._names:
            there = ", ".join(sorted(self._names.values()))
            raise InputError(Message("No [[wave]] is called `{wave}`; there are: {names}.", wave=text, names=there))
        return self._names.setdefault(key, text) if text else ""


def with_roster_waves(policy: Policy, wishes: Wishes) -> Policy:
    """Where no [[wave]] is configured, the roster's own wave names form the waves, in order of their first row.

    Each of them stops, as a configured one does that does not say otherwise.
    """
    if policy.waves:
        return policy
    names = dict.fromkeys(wish.wave for _, wish in wishes.rows if wish.wave)
    return replace(policy, waves=tuple(Wave(name, stop=True) for name in names))


def targets_of(policy: Policy, wishes: Wishes) -> tuple[SkuId, ...]:
    """Return every target that a rule or a row names, in order of first mention."""
    by_rule = [t for r in policy.rules for t in r.targets]
    by_row = [t for _, wish in wishes.rows for t in wish.targets or ()]
    return tuple(dict.fromkeys([*by_rule, *by_row]))


def read_scope(policy: Policy, wishes: Wishes) -> ReadScope:
    """Say what a snapshot must contain for this policy and roster."""
    ids = [row.user_id for row, _ in wishes.rows] + [t for e in wishes.errors for t in e.candidates if is_guid(t)]
    names = [row.user for row, _ in wishes.rows] + [e.user for e in wishes.errors]
    groups = {g for r in policy.rules for g in r.where.member_of}
    return ReadScope(
        sku_ids=(*policy.sources, *targets_of(policy, wishes)),
        group_sku_ids=policy.sources,
        lookups=tuple(dict.fromkeys(text for text in (*ids, *names) if text)),
        member_groups=tuple(GroupId(g) for g in sorted(groups)),
        swap_groups=policy.groups.swap,
        plan_rules=True,
    )
