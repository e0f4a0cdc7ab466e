"""What Microsoft documents as limits and terms, where more than one room counts with it."""

from __future__ import annotations

BATCH_SIZE_MAX = 20
"""Requests in one `$batch`."""

WRITES_PER_150_S = 3_000
WRITE_WINDOW_S = 150.0
"""So many writes are let through in any so many seconds, for one app in one tenant."""

RU_PER_10_S = 8_000
READ_WINDOW_S = 10.0
"""So many resource units in so many seconds, for one app in one large tenant."""

RETURN_DAYS = 7
"""The customer agreement lets seats go back so long after a purchase or a renewal."""
