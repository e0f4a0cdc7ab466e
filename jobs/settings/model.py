"""The settings as one frozen value: every key with its type, its limits and its default; reads no file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_serializer,
    field_validator,
)

from connectors.limits import WRITES_PER_150_S
from jobs.settings.languages import check_language
from jobs.settings.values import (
    Window,
    check_country,
    check_currency,
    check_notify_url,
    check_zone,
    parse_date,
    parse_duration,
    parse_guid,
    parse_new_in_target,
    parse_price,
    parse_roster,
    parse_targets,
    parse_wave_users,
    parse_window,
    url_host,
)

FROZEN_SECTIONS = ("source", "scope", "swap", "plans", "addons", "groups", "wave", "usage_location")


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else _as_tuple(value)


def _unless_empty(check: Callable[[str], object]) -> AfterValidator:
    """Accept "" and whatever `check` accepts; the text stays as it is written."""

    def validate(text: str) -> str:
        if text:
            check(text)
        return text

    return AfterValidator(validate)


# Nothing that is counted or timed comes near this; a figure far beyond would overflow a date or a file.
MOST = 1_000_000_000
Count = Annotated[int, Field(ge=0, le=MOST)]
Positive = Annotated[int, Field(ge=1, le=MOST)]
Days = Annotated[int, Field(ge=0, le=10_000)]
Percent = Annotated[int, Field(ge=0, le=100)]
Guid = Annotated[str, AfterValidator(parse_guid)]
Country = Annotated[str, AfterValidator(check_country)]
Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_as_tuple)]
# An empty list of values would match nobody, which nobody means: it is refused rather than obeyed.
ONE_OR_MORE = (BeforeValidator(_one_or_more), Field(min_length=1))
AnyOf = Annotated[tuple[str, ...], *ONE_OR_MORE]


class Section(BaseModel):
    """One table of the file: an unknown key or a value of another type is an error, and nothing changes afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class TenantSection(Section):
    """`[tenant]`: which tenant, and how to sign in."""

    id: Guid
    cloud: Literal["global", "us-gov", "us-gov-dod", "china", "bleu", "delos", "gov-sg"] = "global"
    credential: Literal[
        "environment", "default", "managed-identity", "workload-identity", "azure-cli", "azure-pipelines",
        "device-code", "sandbox",
    ] = "environment"  # fmt: skip
    graph_url: Annotated[str, _unless_empty(url_host)] = ""


class SourceSection(Section):
    """`[source]`: the products that are retired."""

    skus: Annotated[Names, Field(min_length=1)]


class ScopeSection(Section):
    """`[scope]`: which users are in scope."""

    from_: Annotated[Literal["graph", "csv"], Field(alias="from")] = "graph"
    roster: Annotated[str | tuple[str, ...], BeforeValidator(parse_roster)] = ""
    protected: Names = ()
    disabled_accounts: Literal["move", "hold"] = "move"
    guests: Literal["move", "hold"] = "hold"

    @property
    def rosters(self) -> tuple[str, ...]:
        """The files of the roster as they are written, in their order; none when there is no roster."""
        return (self.roster,) if isinstance(self.roster, str) and self.roster else tuple(self.roster)


class WhereSection(Section):
    """The conditions of a swap rule: keys are joined by and, the values of a key by or; an absent key asks nothing."""

    department: AnyOf = ()
    usage_location: Annotated[tuple[Country, ...], *ONE_OR_MORE] = ()
    country: AnyOf = ()
    company: AnyOf = ()
    member_of: Annotated[tuple[Guid, ...], *ONE_OR_MORE] = ()
    account_enabled: Annotated[tuple[Literal["yes", "no"], ...], *ONE_OR_MORE] = ()
    holds: AnyOf = ()

    def conditions(self) -> dict[str, tuple[str, ...]]:
        """Return only the keys that ask something, in the order of this class."""
        return {key: values for key, values in self if values}


class SwapSection(Section):
    """`[[swap]]`: the target of the users whom `where` describes; `to` is `("leave",)` for those who get none."""

    name: str = ""
    to: Annotated[tuple[str, ...], BeforeValidator(parse_targets)]
    where: WhereSection = WhereSection()

    @field_serializer("where")
    def _where_as_written(self, where: WhereSection) -> dict[str, tuple[str, ...]]:
        return where.conditions()


class PlansSection(Section):
    """`[plans]`: what happens to service plans."""

    carry_over: bool = True
    new_in_target: Annotated[str | tuple[str, ...], BeforeValidator(parse_new_in_target)] = "enable"
    lost_services: Literal["hold", "accept"] = "hold"


class AddonsSection(Section):
    """`[addons]`: what happens to add-ons that the target includes."""

    included_in_target: Literal["keep", "remove"] = "keep"


class GroupsSection(Section):
    """`[groups]`: licenses that a group assigns."""

    swap: Names = ()
    members_with_losses: Literal["refuse", "accept"] = "refuse"
    outside_scope: Literal["refuse", "include"] = "refuse"
    reprocess_errors: bool = False
    processing_hours_max: Count = 24


class LimitsSection(Section):
    """`[limits]`: the limits of a plan; a plan beyond one of them is refused."""

    users_changed_max: Count = 1000
    users_changed_percent_max: Percent = 100
    refusals_percent_max: Percent = 5
    snapshot_age_minutes_max: Count = 1440
    seats_reserve: Count = 0
    count_warning_units: bool = False
    allow_trial: bool = False
    allow_cross_family: bool = False
    accept_unprovisioned: Names = ()


class PaceSection(Section):
    """`[pace]`: how fast, when, and how long."""

    writes_per_150_s: Positive = WRITES_PER_150_S
    quota_share: Annotated[float, Field(gt=0, le=1)] = 0.9
    wait_minutes_max: Count = 60
    batches_in_flight_max: Positive = 8
    window: Annotated[str, _unless_empty(parse_window)] = ""
    time_zone: Annotated[str, AfterValidator(check_zone)] = "UTC"
    stop_after: Annotated[str, _unless_empty(parse_duration)] = ""

    @property
    def hours(self) -> Window | None:
        """The hours of `window` in `time_zone`; None means any time."""
        return Window(*parse_window(self.window), ZoneInfo(self.time_zone)) if self.window else None

    @property
    def stop_after_seconds(self) -> int | None:
        """The seconds of `stop_after`; None means no end."""
        return parse_duration(self.stop_after) if self.stop_after else None


class WaveSection(Section):
    """`[[wave]]`: a part of the plan; `users` is a number, a share such as `10%`, or None when the roster names it.

    `groups` are names out of `[groups] swap`.
    """

    name: Name
    users: Annotated[int | str | None, BeforeValidator(parse_wave_users)] = None
    groups: Names = ()
    then: Literal["stop", "continue"] = "stop"


class DeclareSection(Section):
    """`[declare]`: facts that Graph does not provide, and who declares them."""

    by: str = ""
    purchase_channel: Literal["", "direct", "partner", "volume"] = ""
    billing_agreement: Literal["", "mosa", "mca"] = ""
    nonprofit: bool = False
    addons: dict[str, Literal["standalone", "traditional"]] = {}


class PricesSection(Section):
    """`[prices]`: what a seat costs each month; every key but `currency` is a product, as a person wrote it."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[Decimal, BeforeValidator(parse_price)]] = Field(init=False)

    currency: Annotated[str, AfterValidator(check_currency)] = "EUR"

    @property
    def by_name(self) -> dict[str, Decimal]:
        """The price of each product by its name in the file, in the order of the file."""
        return dict(self.__pydantic_extra__ or {})


class UsageLocationSection(Section):
    """`[usage_location]`: whether a missing usage location is filled in."""

    write_from_roster: bool = False


class VerifySection(Section):
    """`[verify]`: how often `verify` reads the tenant, and how long it waits until the reads agree."""

    scans_agree: Positive = 2
    seconds_between_scans: Count = 60
    settle_minutes_max: Count = 60


class WaitSection(Section):
    """`[wait]`: how long `check --wait` waits for the target subscription."""

    deadline_business_days: Days = 2
    holidays: Annotated[tuple[Annotated[date, BeforeValidator(parse_date)], ...], BeforeValidator(_as_tuple)] = ()


class RunSection(Section):
    """`[run]`: where run folders go, and who is notified.

    An address for notices often is a secret itself, so `repr` leaves it out.
    """

    directory: Name = "runs"
    language: Annotated[str, AfterValidator(check_language)] = "en"
    notify_url: Annotated[str, _unless_empty(check_notify_url), Field(repr=False)] = ""
    signing_key: str = ""
    pseudonymise: bool = False


class Settings(Section):
    """All sections, in the order of the file."""

    tenant: TenantSection
    source: SourceSection
    scope: ScopeSection = ScopeSection()
    swap: Annotated[tuple[SwapSection, ...], BeforeValidator(_as_tuple)] = ()
    plans: PlansSection = PlansSection()
    addons: AddonsSection = AddonsSection()
    groups: GroupsSection = GroupsSection()
    limits: LimitsSection = LimitsSection()
    pace: PaceSection = PaceSection()
    wave: Annotated[tuple[WaveSection, ...], BeforeValidator(_as_tuple)] = ()
    declare: DeclareSection = DeclareSection()
    prices: PricesSection = PricesSection()
    usage_location: UsageLocationSection = UsageLocationSection()
    verify: VerifySection = VerifySection()
    wait: WaitSection = WaitSection()
    run: RunSection = RunSection()

    @field_validator("swap")
    @classmethod
    def _every_rule_has_a_name(cls, rules: tuple[SwapSection, ...]) -> tuple[SwapSection, ...]:
        return tuple(
            rule if rule.name else rule.model_copy(update={"name": f"swap {number}"})
            for number, rule in enumerate(rules, start=1)
        )

    def frozen_part(self) -> dict[str, Any]:
        """Return the sections that a plan freezes: plain JSON data, defaults filled in, keys in a stable order."""
        return self.model_dump(mode="json", by_alias=True, include=set(FROZEN_SECTIONS))
