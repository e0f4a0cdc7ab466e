"""In which countries Microsoft offers telephony for Teams: reviewed data that leads to a warning, never to a hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import orjson


@dataclass(frozen=True, slots=True)
class VoiceCountries:
    """Two-letter codes: where calling plans are sold, and where Audio Conferencing is not."""

    calling_plan: frozenset[str]
    no_audio_conferencing: frozenset[str]


@lru_cache(maxsize=1)
def load_voice_countries() -> VoiceCountries:
    """Read the list that is installed with the package, once per process."""
    data = orjson.loads(resources.files("connectors.catalog").joinpath("data", "voice_countries.json").read_bytes())
    return VoiceCountries(
        frozenset(data["calling_plan"]["countries"]), frozenset(data["no_audio_conferencing"]["countries"])
    )
