"""What people call the services of their license: reviewed words, for notices and never for a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import orjson


@dataclass(frozen=True, slots=True)
class UserWords:
    """Words by plan family and by plan name, in English."""

    families: Mapping[str, str]
    plans: Mapping[str, str]


@lru_cache(maxsize=1)
def load_user_words() -> UserWords:
    """Read the words that are installed with the package, once per process."""
    data = orjson.loads(resources.files("connectors.catalog").joinpath("data", "user_words.json").read_bytes())
    return UserWords(data["families"], data["plans"])
