"""Names to ids: what settings and roster call by name, found in the tenant or refused with the nearest name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from connectors.catalog.products import AmbiguousProduct, Catalog, UnknownProduct
from connectors.ids import is_guid
from connectors.roster.read import Roster, RosterRow, RowError, reject
from connectors.roster.words import LEAVE
from connectors.tenant import GroupId, ReadScope, SkuId, SubscribedSku
from jobs.license_reassignment.errors import InputError, NotReady
from jobs.license_reassignment.gather.refusals import list_hint, refuse_unsupported, wished_plans
from jobs.license_reassignment.model.policy import Limits, Policy, Rule, Wave, Where, Wish
from jobs.settings.model import Settings


@dataclass(frozen=True, slots=True)
class Wishes:
    """A roster whose products are resolved: one wish per usable row, by line; the users are still names.

    `content` is the file as it was read.
    """

    rows: tuple[tuple[RosterRow, Wish], ...] = ()
    errors: tuple[RowError, ...] = ()
    rows_in: int = 0
    sha256: str = ""
    file: str = ""
    content: bytes = b""


def sku_in_tenant(text: str, catalog: Catalog, skus: Sequence[SubscribedSku], *, key: str) -> SkuId:
    """Find one product by part number, name or id; it must be in the tenant.

    Raises InputError (2) for a name nobody knows, NotReady (6) for a product that the tenant does not have yet.
    """
    try:
        sku_id = catalog.find_skus(text, skus)
    except UnknownProduct as error:
        near = f" Did you mean {' or '.join(error.nearest)}?" if error.nearest else ""
        near = list_hint(text, lambda part: _is_product(part, catalog, skus)) or near
        raise InputError(
            f"{key}: no product is called `{text}`.{near} `reseat skus` lists the tenant's own."
        ) from error
    except AmbiguousProduct as error:
        raise InputError(
            f"{key}: `{text}` names several products: {', '.join(error.candidates)}. Give the part number or the skuId."
        ) from error
    if not any(s.sku_id == sku_id for s in skus):
        number = catalog.part_numbers.get(sku_id, text)
        raise NotReady(
            f"{key}: the tenant has no {catalog.names.sku(sku_id)} ({number}) yet. A purchase by invoice can take two "
            "business days to appear; `reseat check --wait` looks again until then. After that ask Microsoft support."
        )
    return sku_id


def _is_product(text: str, catalog: Catalog, skus: Sequence[SubscribedSku]) -> bool:
    try:
        catalog.find_skus(text, skus)
    except AmbiguousProduct:
        return True
    except UnknownProduct:
        return False
    return True


def policy_of(settings: Settings, catalog: Catalog, skus: Sequence[SubscribedSku]) -> Policy:
    """Resolve the frozen part of the settings against the tenant's own SKUs; `protected` needs a look at the people.

    Raises InputError (2) and NotReady (6) as `sku_in_tenant`; what can never be moved is a 2 although it is not there.
    """
    refuse_unsupported(_named(settings), catalog, skus)
    sources = tuple(
        _source(text, catalog, skus, key=f"[source] skus[{n}]") for n, text in enumerate(settings.source.skus, 1)
    )
    rules = tuple(_rule(settings, n, catalog, skus) for n in range(len(settings.swap)))
    both = set(sources) & {t for r in rules for t in r.targets}
    if both:
        raise InputError(f"{catalog.names.sku_list(sorted(both))} is a source and a target; name another target.")
    plans = settings.plans
    new = plans.new_in_target
    return Policy(
        sources=sources,
        rules=rules,
        scope=settings.scope.from_,
        hold_disabled_accounts=settings.scope.disabled_accounts == "hold",
        hold_guests=settings.scope.guests == "hold",
        carry_over=plans.carry_over,
        new_in_target=new if new in ("enable", "disable") else frozenset(new),  # type: ignore[arg-type]
        accept_lost_services=plans.lost_services == "accept",
        write_locations=settings.usage_location.write_from_roster,
        waves=tuple(_wave(w.name, w.users, w.then) for w in settings.wave),
    )


def _named(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield each product that is to go or to come, with its key."""
    yield from ((f"[source] skus[{n}]", text) for n, text in enumerate(settings.source.skus, 1))
    yield from ((f"[[swap]] {n} to", text) for n, swap in enumerate(settings.swap, 1) for text in swap.to)


def _source(text: str, catalog: Catalog, skus: Sequence[SubscribedSku], *, key: str) -> SkuId:
    """Find a source; waiting does not bring a product that is meant to go."""
    try:
        return sku_in_tenant(text, catalog, skus, key=key)
    except NotReady as error:
        raise InputError(
            f"{key}: the tenant has no `{text}`, so there is nothing to retire. `reseat skus` lists what it has."
        ) from error


def _rule(settings: Settings, index: int, catalog: Catalog, skus: Sequence[SubscribedSku]) -> Rule:
    swap = settings.swap[index]
    key = f"[[swap]] {index + 1}"
    targets: tuple[SkuId, ...] = ()
    if swap.to != (LEAVE,):
        found = (t for text in swap.to for t in _targets(text, catalog, skus, key=f"{key} to"))
        targets = tuple(dict.fromkeys(found))
    where = swap.where
    return Rule(
        name=swap.name or f"swap[{index + 1}]",
        targets=targets,
        where=Where(
            department=frozenset(where.department),
            usage_location=frozenset(where.usage_location),
            country=frozenset(where.country),
            company=frozenset(where.company),
            account_enabled=frozenset(where.account_enabled),
            member_of=frozenset(where.member_of),
            holds=frozenset(sku_in_tenant(t, catalog, skus, key=f"{key} where.holds") for t in where.holds),
        ),
    )


def _targets(text: str, catalog: Catalog, skus: Sequence[SubscribedSku], *, key: str) -> tuple[SkuId, ...]:
    """Split a text that joins products by a plus sign; a product's own name may hold one."""
    try:
        found = catalog.split_products(text, skus)
    except (UnknownProduct, AmbiguousProduct):
        found = (sku_in_tenant(text, catalog, skus, key=key),)
    return tuple(sku_in_tenant(sku_id, catalog, skus, key=key) for sku_id in found)


def _wave(name: str, users: int | str | None, then: str) -> Wave:
    percent = float(users.rstrip("% ")) if isinstance(users, str) else None
    return Wave(name, users if isinstance(users, int) else None, percent, stop=then == "stop")


def limits_of(settings: Settings) -> Limits:
    """Return the live limits."""
    given = settings.limits.model_dump()
    return Limits(**{**given, "accept_unprovisioned": frozenset(given["accept_unprovisioned"])})


def wishes_of(roster: Roster | None, catalog: Catalog, skus: Sequence[SubscribedSku], policy: Policy) -> Wishes:
    """Resolve the products of every row; a row whose target is unknown becomes a rejected row."""
    if roster is None:
        return Wishes()
    rows: list[tuple[RosterRow, Wish]] = []
    errors = list(roster.errors)
    for row in roster.rows:
        try:
            rows.append((row, _wish(row, catalog, skus, policy)))
        except (InputError, NotReady) as error:
            errors.append(reject(row, str(error), file=roster.file))
    return Wishes(tuple(rows), tuple(errors), roster.rows_in, roster.sha256, roster.file, roster.content)


def _wish(row: RosterRow, catalog: Catalog, skus: Sequence[SubscribedSku], policy: Policy) -> Wish:
    targets: tuple[SkuId, ...] | None = None
    if row.targets == (LEAVE,):
        targets = ()
    elif row.target_text:
        refuse_unsupported([("target", row.target_text)], catalog, skus)
        targets = tuple(dict.fromkeys(_targets(row.target_text, catalog, skus, key="target")))
        both = set(targets) & set(policy.sources)
        if both:
            raise InputError(f"The target {catalog.names.sku_list(sorted(both))} is being retired; name another one.")
        company = [s.part_number for s in skus if s.sku_id in targets and s.applies_to.casefold() == "company"]
        if company:
            raise InputError(f"{company[0]} is for the whole company and cannot be assigned to a user.")
    names = {w.name for w in policy.waves}
    if row.wave and names and row.wave not in names:
        raise InputError(f"No [[wave]] is called `{row.wave}`; there are: {', '.join(sorted(names))}.")
    return Wish(
        line=row.line,
        targets=targets,
        usage_location=row.usage_location,
        wave=row.wave,
        disabled_plans=wished_plans(row.disabled_plans, catalog, skus) if row.disabled_plans else None,
        voice=row.voice,
        legal_hold=bool(row.legal_hold),
        backup_acknowledged_by=row.backup_acknowledged_by,
        extra=row.extra,
    )


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
    )
