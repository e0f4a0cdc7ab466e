"""The words of a roster that mean something by themselves, in lower case."""

from __future__ import annotations

LEAVE = "leave"
"""For a target: this user gets nothing, by choice. A rule in the settings says it so as well."""

YES = frozenset({"yes", "true", "1", "ja"})
NO = frozenset({"no", "false", "0", "nee"})
