"""`reseat check`: reads what must be in place and says what is not; with `--wait` it looks again, ever more rarely."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.message import Message, verbatim
from connectors.tenant import Identity, Organization
from jobs.license_reassignment.commands.shared.named_groups import named_groups
from jobs.license_reassignment.commands.shared.parts import Parts
from jobs.license_reassignment.commands.shared.sign_in import sign_in
from jobs.license_reassignment.errors import ExitCode, NotReady, first_of
from jobs.license_reassignment.gather import readiness
from jobs.license_reassignment.gather.groups import check_groups
from jobs.license_reassignment.gather.license_groups import LOOKED_INTO, license_group_findings
from jobs.license_reassignment.gather.names import Products, policy_of, refuse_unknown
from jobs.license_reassignment.gather.prices import prices_of
from jobs.license_reassignment.gather.product_findings import declaration_findings, product_findings
from jobs.license_reassignment.gather.readiness import Finding
from jobs.license_reassignment.gather.roster import Wishes, targets_of
from jobs.license_reassignment.run_folder.seal import load_signing_key

# Microsoft's own words: a temporary issue takes about an hour, provisioning a few hours, a credit check business days.
TIERS = (
    (timedelta(hours=1), timedelta(minutes=5)),
    (timedelta(hours=6), timedelta(minutes=15)),
    (timedelta.max, timedelta(hours=1)),
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found; `code` is the exit code that follows from it."""

    organization: Organization
    identity: Identity
    findings: tuple[Finding, ...]
    settings: tuple[tuple[str, str, str], ...]

    @property
    def code(self) -> ExitCode:
        """6 when something is not there yet, 3 when a person must settle something, else 0."""
        codes = {"not_yet": ExitCode.NOT_YET, "person": ExitCode.PEOPLE_LEFT}
        return first_of(codes[f.level] for f in self.findings if f.level in codes)


async def check(parts: Parts) -> Checked:
    """Look at sign-in, permissions, SKUs, subscriptions, provisioning, seats and health."""
    load_signing_key(parts.effective.signing_key_path)
    identity, organization = await sign_in(parts)
    settings = parts.effective.settings
    skus = await parts.tenant.read_skus()
    products = Products(parts.catalog, skus)
    prices_of(parts.effective, products)
    subscriptions = await parts.tenant.read_subscriptions()
    found = [
        Finding(
            "ok",
            "sign-in",
            _signed_in(identity, organization),
        ),
        *readiness.check_permissions(
            identity,
            locations=settings.usage_location.write_from_roster,
            reprocess=settings.groups.reprocess_errors,
        ),
    ]
    try:
        policy = policy_of(settings, products)
    except NotReady as error:
        found.append(Finding("not_yet", "target", verbatim(str(error))))
    else:
        # A roster may name targets that no rule does: there the plan, which reads it, has the last word.
        targets = () if settings.scope.roster else {t for r in policy.rules for t in r.targets}
        refuse_unknown(settings, policy, targets, products)
        now = parts.clock.now()
        named, looked_at = await named_groups(parts), targets_of(policy, Wishes())
        found += check_groups(named, policy, looked_at)
        carriers = await parts.tenant.read_license_groups(policy.sources, looked_into=LOOKED_INTO)
        sets = (policy.sources, *dict.fromkeys(r.targets for r in policy.rules if r.targets))
        old, *new = ([s for s in skus if s.sku_id in ids] for ids in sets)
        found += license_group_findings(carriers, {g.id for g in named.values()}, old, new)
        found += product_findings(policy, skus, subscriptions, organization, settings, parts.catalog, now)
    found += readiness.check_health(await parts.tenant.read_health())
    found += declaration_findings(settings)
    found += readiness.SETTLE_BEFORE
    return Checked(organization, identity, tuple(found), tuple(parts.effective.rows()))


def _signed_in(identity: Identity, organization: Organization) -> Message:
    named = {"tenant": organization.display_name, "id": organization.id}
    if not identity.app_id:
        return Message("{tenant} ({id}); the token does not show which app signed in", **named)
    return Message("{tenant} ({id}) as app {app}", **named, app=identity.app_id)


async def check_until_ready(parts: Parts) -> Checked:
    """Check again while the only answer is "not yet"; at the deadline give the last answer."""
    settings = parts.effective.settings
    start = parts.clock.now()
    end = deadline(
        start, settings.wait.deadline_business_days, settings.wait.holidays, ZoneInfo(settings.pace.time_zone)
    )
    while True:
        checked = await check(parts)
        now = parts.clock.now()
        if checked.code != ExitCode.NOT_YET:
            return checked
        if now >= end:
            parts.watcher.said(
                f"Not there after {settings.wait.deadline_business_days} business days: ask Microsoft support about "
                "the order and its credit check."
            )
            return checked
        pause = interval(now - start)
        missing = "; ".join(f.text for f in checked.findings if f.level == "not_yet")
        parts.watcher.waiting(missing, pause.total_seconds())
        await parts.clock.sleep(pause.total_seconds())


def deadline(start: datetime, business_days: int, holidays: Collection[date], zone: ZoneInfo) -> datetime:
    """Return the same hour so many business days later; Saturday, Sunday and holidays do not count."""
    local, left = start.astimezone(zone), business_days
    while left > 0:
        local += timedelta(days=1)
        if local.weekday() < 5 and local.date() not in holidays:
            left -= 1
    return local.astimezone(start.tzinfo)


def interval(waited: timedelta) -> timedelta:
    """Return how long to wait before the next look."""
    return next(pause for until, pause in TIERS if waited < until)
