"""What is worth knowing about a change that nothing keeps from being made: remarks per user, and add-ons. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from connectors.catalog.families import PHONE_SYSTEM, PlanFamilies, Service, Severity
from connectors.message import Message
from connectors.tenant import LicenseAssignment, SkuId, SubscribedSku
from jobs.license_reassignment.decide.coverage import (
    NOTHING,
    AddonCover,
    Holding,
    addon_coverage,
    broken_dependencies,
    conflicts,
    data_at_risk,
    needed,
)

ENTERPRISE_VOICE = "enterprise_voice"
SEPARATOR = "; "
LOWERED = "lowered: "
"""How a remark begins that names a data service which ends or comes in a lower edition."""

SENTENCES: Mapping[str, Message] = MappingProxyType(
    {
        "voice_ends": Message(
            "enterprise voice (Skype for Business Plan 3) ends, and Teams Phone is not added; Graph does not "
            "show who makes calls: write yes for those who do into a column `voice` of the roster, and add MCOEV "
            "to their target"
        ),
        "lowered": Message("a service with data ends or is downgraded, as the settings or the roster accepted"),
        "office_apps_end": Message(
            "the desktop Office apps end or become a lower edition; they will say that they are unlicensed"
        ),
        "may_conflict": Message(
            "Microsoft lists these services as conflicting, but Graph usually accepts them together"
        ),
        "may_need": Message("a service may lack another one that it works with; Graph does not refuse that"),
        "plans_stand": Message(
            "`disabled_plans` in the roster changes nothing for a product that the user already has, because "
            "an existing license is not assigned again; to disable the services, do so manually in the admin "
            "center, under Licenses and apps of the user"
        ),
        "calling_country": Message("has a calling plan, and Microsoft lists none for the usage location"),
        "conferencing_country": Message(
            "Audio Conferencing is added, and Microsoft does not offer it in the usage location"
        ),
        "resource_account": Message(
            "a resource account of a call queue or auto attendant that has the old product: it needs its own "
            "free license, not a suite"
        ),
        "usage_location_written": Message(
            "no usage location: the one in the roster is set before any license is changed, which is one more"
            " change and needs the permission User.ReadWrite.All; a synchronized directory may set it back"
        ),
        "disabled_account_moves": Message(
            "a disabled account uses a seat of the target; a shared, room or equipment mailbox of up to 50 GB"
            ' needs none, and [scope] disabled_accounts = "hold" leaves these accounts out'
        ),
    }
)


def about(code: str, what: Message) -> Message:
    """Return a remark that names what it is about."""
    return Message("{code}: {what}", code=code, what=what)


def remarks_of(before: Holding, after: Holding, families: PlanFamilies, *, voice: bool | None) -> tuple[str, ...]:
    """Return codes of SENTENCES, a named pair behind a colon; `voice` is what the roster says of telephoning."""
    found: list[str] = [about("lowered", loss.sentence) for loss in data_at_risk(before, after)]
    if voice is not False and ENTERPRISE_VOICE in before.services and PHONE_SYSTEM not in after.services:
        found.append("voice_ends")
    apps = str(Service.OFFICE_APPS)
    if apps in before.services and (apps not in after.services or after.services[apps] < before.services[apps]):
        found.append("office_apps_end")
    for plan, needs in broken_dependencies(before, after, families, Severity.WARN):
        found.append(about("may_need", Message("{service} needs {other}", service=plan, other=needed(needs))))
    for first, second in conflicts(before, after, families, Severity.WARN):
        found.append(about("may_conflict", Message("{service} and {other}", service=first, other=second)))
    return tuple(found)


def national(before: Holding, after: Holding) -> tuple[str, ...]:
    """Return the codes of what depends on the country: a calling plan that is there, conferencing that comes."""
    conferencing = str(Service.AUDIO_CONFERENCING)
    comes = conferencing in after.services and conferencing not in before.services
    return (*(("calling_country",) if after.calling_plans else ()), *(("conferencing_country",) if comes else ()))


def is_addon(sku: SubscribedSku, families: PlanFamilies) -> bool:
    """Whether a SKU counts as an add-on: for users, and without mailbox, files, Teams or Yammer of its own."""
    levels = (families.family_of(p.id) for p in sku.plans)
    return sku.applies_to.casefold() != "company" and not any(x is not None and x.data_at_risk for x in levels)


def addons_beside(
    kept: Iterable[LicenseAssignment],
    base: Sequence[LicenseAssignment],
    skus: Mapping[SkuId, SubscribedSku],
    families: PlanFamilies,
) -> tuple[tuple[SkuId, AddonCover], ...]:
    """Say of everything else that the user holds directly whether the enabled plans of the base cover it."""
    provided = Holding.of(((skus.get(a.sku_id), a) for a in base), families).plans
    ours = {a.sku_id for a in base}
    found = {}
    for one in kept:
        sku = skus.get(one.sku_id)
        if sku is None or not one.direct or one.sku_id in ours:
            continue
        # A product with a mailbox or files of its own is more than an add-on, and never called superfluous.
        found[one.sku_id] = addon_coverage(sku, provided, families) if is_addon(sku, families) else AddonCover.KEPT
    return tuple(sorted(found.items()))


def sentence_of(remark: str) -> Message:
    """Return the sentence of a remark; an empty one where nobody knows it."""
    return SENTENCES.get(remark.partition(":")[0], NOTHING)
