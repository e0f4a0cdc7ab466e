"""What one text in the settings means: a GUID, a time window, a duration, a date, an address; pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from difflib import get_close_matches
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from tzlocal.windows_tz import win_tz

from connectors.countries import MEANT, is_country
from connectors.ids import is_guid
from connectors.proxy import is_loopback
from connectors.roster.words import LEAVE

_WINDOW: Final = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})", re.ASCII)
_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_PERCENT: Final = re.compile(r"(\d+(?:\.\d+)?)%", re.ASCII)
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?\s*[+-]\s*\d{1,2}(?::?\d{2})?|Z", re.IGNORECASE | re.ASCII)
_PLACES_SHOWN_MAX: Final = 4
_HOURS_MAX: Final = 10_000
_USERS_MAX: Final = 1_000_000_000
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}", re.ASCII)
_PRICE_MAX: Final = 1_000_000
_DECIMALS_MAX: Final = 6
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """The hours of a day in which writes may be sent, in a time zone; `start` belongs to it, `end` does not."""

    start: time
    end: time
    zone: ZoneInfo

    def open_at(self, now: datetime) -> bool:
        """Whether the wall clock of the zone lies inside; a window that ends before it starts runs past midnight."""
        at = now.astimezone(self.zone).time()
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M} {self.zone.key}"


def parse_window(text: str) -> tuple[time, time]:
    """Read `20:00-05:00` as its two ends; raises ValueError for anything else, equal ends included."""
    match = _WINDOW.fullmatch(text)
    example = 'must be a time window such as "20:00-05:00", or "" for any time'
    if match is None:
        raise ValueError(example)
    hours = [int(part) for part in match.groups()]
    if hours[0] > 23 or hours[2] > 23 or hours[1] > 59 or hours[3] > 59:
        raise ValueError(example)
    start, end = time(hours[0], hours[1]), time(hours[2], hours[3])
    if start == end:
        raise ValueError('begins and ends at the same time; use "" for any time')
    return start, end


def parse_duration(text: str) -> int:
    """Read `50m`, `3h`, `90s`, `1h30m` as seconds; raises ValueError for anything else, zero included."""
    match = _DURATION.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    total = hours * 3600 + minutes * 60 + seconds
    if total == 0:
        raise ValueError('must be a duration such as "50m", "3h", "90s" or "1h30m", or "" for no limit')
    if total > _HOURS_MAX * 3600:
        raise ValueError(f"must be {_HOURS_MAX:,} hours or less")
    return total


def parse_percent(text: str) -> float:
    """Read `10%` as 10.0; raises ValueError unless it is more than 0 and at most 100."""
    match = _PERCENT.fullmatch(text)
    percent = float(match[1]) if match else 0.0
    if not 0 < percent <= 100:
        raise ValueError('must be a number of users such as 50, or a share such as "10%"')
    return percent


def parse_guid(text: str) -> str:
    """Return the GUID in lower case; raises ValueError when it is none."""
    if not is_guid(text):
        raise ValueError("must be a GUID such as 1392051d-0cb9-4b7a-88d5-621fee5e8711")
    return text.lower()


def parse_roster(value: object) -> str | tuple[str, ...]:
    """Return one file, or several as a tuple; raises ValueError for anything else.

    One file in a list and the file itself are the same settings, so that a plan made of them is the same plan.
    """
    files = (value,) if isinstance(value, str) else _texts(value)
    if not files:
        raise ValueError('must be a file such as "users.csv", a list of such files, or "" for no roster')
    return files[0] if len(files) == 1 else files


def parse_date(value: object) -> date:
    """Read `"2026-12-25"`, or take the date that TOML writes without quotes; raises ValueError otherwise."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"is not a calendar date: {error}") from error
    raise ValueError('must be a date such as "2026-12-25"')


def check_zone(name: str) -> str:
    """Return the IANA time zone name; raises ValueError with what to write when it is unknown."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(_zone_instead(name)) from error
    return name


def _zone_instead(name: str) -> str:
    """Say which IANA name a Windows name, an abbreviation, an offset, a city or a slip of the pen stands for."""
    # Windows names by CLDR's windowsZones.xml, which tzlocal carries.
    windows = {known.casefold(): zone for known, zone in win_tz.items()}
    if zone := windows.get(re.sub(r"\bdaylight\b", "standard", name.strip().casefold())):
        return f'is the name that Windows gives a time zone; write "{zone}"'
    places, is_summer = _places_of(name.strip().upper())
    if places:
        what = "the abbreviation of a summer time" if is_summer else "an abbreviation"
        return f"is {what} and names no place; write one whose clocks show it, such as {places}"
    if _OFFSET.fullmatch(name.strip()):
        return 'is an offset, which stays the same when the clocks change; name a place, such as "Europe/Amsterdam"'
    zones = sorted(available_timezones())
    wanted = name.strip().replace(" ", "_").casefold()
    near = [zone for zone in zones if wanted and wanted in (zone.casefold(), zone.casefold().rpartition("/")[2])]
    near = near or get_close_matches(name, [zone for zone in zones if "/" in zone], n=1, cutoff=0.6)
    return f'must be an IANA time zone such as "{near[0] if near else "Europe/Amsterdam"}"'


def _places_of(abbreviation: str) -> tuple[str, bool]:
    """Return some places whose clocks show an abbreviation in a winter or a summer, and whether it is a summer time."""
    found, summer = [], False
    for zone in sorted(set(win_tz.values())):
        moments = [datetime(2026, month, 15, 12, tzinfo=ZoneInfo(zone)) for month in (1, 7)]
        if shown := [moment for moment in moments if moment.tzname() == abbreviation]:
            found.append(zone)
            summer = summer or bool(shown[0].dst())
    return ", ".join(f'"{zone}"' for zone in found[:_PLACES_SHOWN_MAX]), summer


def url_host(url: str) -> str:
    """Return the host of an http(s) address; raises ValueError when it is no such address or carries a user name."""
    try:
        parts = urlsplit(url)
        well_formed = (
            parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and "@" not in parts.netloc
        )
    except ValueError:
        well_formed = False
    if not well_formed or re.search(r"[\s\\]", url):
        raise ValueError("must be an address such as https://host.example/path, without user name or password")
    return parts.hostname or ""


def check_notify_url(url: str) -> str:
    """Return the host of a notice address; raises ValueError unless it is https, or http to this machine."""
    host = url_host(url)
    if not url.lower().startswith("https:") and not is_loopback(host):
        raise ValueError("must begin with https:// unless it leads to this machine")
    return host


def check_country(code: str) -> str:
    """Return the code of a country in ISO 3166-1; raises ValueError for anything else, UK included: it is GB."""
    if meant := MEANT.get(code.upper()):
        country = {"GB": "the United Kingdom", "GR": "Greece"}[meant]
        raise ValueError(f'must be "{meant}": {country} has no code "{code.upper()}"')
    if not is_country(code):
        raise ValueError('must be a country code of ISO 3166-1, two letters such as "NL" or "GB"')
    return code


def check_currency(code: str) -> str:
    """Return a currency code in capitals; raises ValueError unless it is three letters."""
    if not _CURRENCY.fullmatch(code):
        raise ValueError('must be a currency code of three letters such as "EUR" or "USD"')
    return code.upper()


def parse_price(value: object) -> Decimal:
    """Return the price of a seat and month as it is written; raises ValueError for what is none.

    TOML has no decimals, only floats: with so few digits the shortest text of a float is the one that was written.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("must be a number without quotes such as 22.5: each key but currency is a product")
    price = Decimal(repr(value))
    if not 0 <= price <= _PRICE_MAX:
        raise ValueError(f"must be a price from 0 to {_PRICE_MAX:,}")
    if price != round(price, _DECIMALS_MAX):
        raise ValueError(f"must have {_DECIMALS_MAX} decimals or fewer")
    return abs(price)  # TOML has a minus zero


def _texts(value: object) -> tuple[str, ...] | None:
    """Return the value as a tuple when it is a list of texts, else None."""
    if not isinstance(value, list | tuple):
        return None
    texts = tuple(item for item in value if isinstance(item, str) and item.strip())
    return texts if len(texts) == len(value) else None


def parse_targets(value: object) -> tuple[str, ...]:
    """Return the products of a rule, or `("leave",)`; raises ValueError for an empty list or a mixture."""
    texts = (LEAVE,) if value == LEAVE else _texts(value)
    if not texts:
        raise ValueError(f'must be a list of one or more products such as ["SPE_E3"], or "{LEAVE}"')
    if LEAVE in texts and len(texts) > 1:
        raise ValueError(f'names "{LEAVE}" beside products; a user either leaves or gets products')
    return texts


def parse_new_in_target(value: object) -> str | tuple[str, ...]:
    """Return `enable`, `disable` or the plans to switch on; raises ValueError otherwise."""
    if isinstance(value, str) and value in {"enable", "disable"}:
        return value
    plans = _texts(value)
    if plans is None:
        raise ValueError('must be "enable", "disable" or a list of service plans such as ["TEAMS1"]')
    return plans


def parse_wave_users(value: object) -> int | str | None:
    """Return a number of users, a share such as `10%` or None, as given; raises ValueError otherwise."""
    if value is None:
        return None
    if isinstance(value, str):
        parse_percent(value)
        return value
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError('must be a number of users such as 50, or a share such as "10%"')
    if value > _USERS_MAX:
        raise ValueError(f"must be {_USERS_MAX:,} users or less")
    return value
