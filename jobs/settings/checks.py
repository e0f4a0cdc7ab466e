"""What settings that are valid one by one must not say together; pure."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.limits import BATCH_SIZE_MAX
from connectors.proxy import is_loopback
from jobs.settings.errors import Loc, shown
from jobs.settings.model import Settings
from jobs.settings.values import url_host

Contradiction = tuple[Loc, str]


def contradictions(settings: Settings) -> list[Contradiction]:
    """Return (place of the key, sentence) for everything that cannot stand together."""
    return [
        *_sign_in(settings),
        *_roster(settings),
        *_paths(settings),
        *_targets(settings),
        *_quota(settings),
        *_waves(settings),
        *_groups(settings),
    ]


def _sign_in(settings: Settings) -> Iterator[Contradiction]:
    url, rehearsal = settings.tenant.graph_url, settings.tenant.credential == "sandbox"
    if url and not (rehearsal and is_loopback(url_host(url))):
        yield (
            ("tenant", "graph_url"),
            '[tenant] graph_url needs a host on this machine, such as 127.0.0.1, and credential = "sandbox".',
        )
    if rehearsal and not url:
        yield (
            ("tenant", "credential"),
            '[tenant] credential = "sandbox" needs [tenant] graph_url, such as "http://127.0.0.1:8080/v1.0".',
        )


def _roster(settings: Settings) -> Iterator[Contradiction]:
    if settings.scope.from_ == "csv" and not settings.scope.roster:
        yield ("scope", "from"), '[scope] from = "csv" needs [scope] roster, the file that names the users.'
    rosters = settings.scope.rosters
    for name in dict.fromkeys(name for name in rosters if rosters.count(name) > 1):
        yield ("scope", "roster"), f"[scope] roster names {shown(name)} more than once; take one of them out."


def _paths(settings: Settings) -> Iterator[Contradiction]:
    """Refuse a path in which TOML has read a backslash and a letter as a tab or a line end, and what comes later."""
    named = [("run", "directory", settings.run.directory), ("run", "signing_key", settings.run.signing_key)]
    named += [("scope", "roster", path) for path in settings.scope.rosters]
    for section, key, path in named:
        if any(ord(sign) < 32 for sign in path):
            sentence = "holds a tab, a line end or the like, as \\t and \\n are between double quotes"
            yield (section, key), f"[{section}] {key} {sentence}; a Windows path goes in single quotes."
    if "://" in settings.run.directory:
        yield ("run", "directory"), "[run] directory in a Blob storage is not available yet; name a folder."


def _targets(settings: Settings) -> Iterator[Contradiction]:
    sources = {sku.strip().casefold() for sku in settings.source.skus}
    for index, rule in enumerate(settings.swap):
        for target in rule.to:
            if target.strip().casefold() in sources:
                yield (
                    ("swap", index, "to"),
                    f"[[swap]] no. {index + 1}: to names {shown(target)}, which [source] skus removes.",
                )


def _quota(settings: Settings) -> Iterator[Contradiction]:
    pace = settings.pace
    # Writes are let through in batches: a quota that does not exceed one never refills.
    if pace.writes_per_150_s * pace.quota_share <= BATCH_SIZE_MAX:
        yield (
            ("pace", "writes_per_150_s"),
            (
                f"[pace] writes_per_150_s = {pace.writes_per_150_s} times quota_share must be over {BATCH_SIZE_MAX}, "
                "a batch."
            ),
        )


def _waves(settings: Settings) -> Iterator[Contradiction]:
    first: dict[str, int] = {}
    for index, wave in enumerate(settings.wave):
        earlier = first.setdefault(wave.name.casefold(), index)
        if earlier != index:
            yield (
                ("wave", index, "name"),
                (
                    f"[[wave]] no. {index + 1}: {shown(wave.name)} and {shown(settings.wave[earlier].name)} of no. "
                    f"{earlier + 1} are the same name, since case does not count; rename one."
                ),
            )
        if wave.name != wave.name.strip() or not wave.name.isprintable():
            yield (
                ("wave", index, "name"),
                f"[[wave]] no. {index + 1}: name = {shown(wave.name)} must be one line, without spaces around it.",
            )
        if wave.users is None and not settings.scope.roster and not wave.groups:
            yield (
                ("wave", index),
                f'[[wave]] no. {index + 1}: users is missing; give 50 or "10%", or let a [scope] roster name the wave.',
            )


def _groups(settings: Settings) -> Iterator[Contradiction]:
    """Refuse a group that is named twice, or that a wave names and no swap: nobody could say when it is changed."""
    swapped = [name.strip().casefold() for name in settings.groups.swap]
    spelled = dict(zip(reversed(swapped), reversed(settings.groups.swap), strict=True))
    for name in (spelled[key] for key in dict.fromkeys(swapped) if swapped.count(key) > 1):
        yield ("groups", "swap"), f"[groups] swap names {shown(name)} more than once; take one of them out."
    first: dict[str, int] = {}
    for index, wave in enumerate(settings.wave):
        for name in wave.groups:
            key, place = name.strip().casefold(), f"[[wave]] no. {index + 1}: groups names {shown(name)}"
            if key not in swapped:
                yield ("wave", index, "groups"), f"{place}, which [groups] swap does not; enter it there too."
            elif key in first:
                yield ("wave", index, "groups"), f"{place}, as no. {first[key] + 1} does; a group has one wave."
            first.setdefault(key, index)
