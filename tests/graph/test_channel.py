"""The one conversation with Graph: what it opens it closes."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from graph.graph_double import ROOT
from worlds.virtual_time import JumpingClock

from connectors.graph.client import PaceSettings, open_client
from connectors.graph.sign_in.token import FixedToken


class Line(httpx.AsyncBaseTransport):
    """Knows whether it was closed, and cannot be closed without trouble."""

    closed = False

    async def aclose(self) -> None:
        """Be closed."""
        self.closed = True
        raise OSError("broken")


class Credential(FixedToken):
    """A token whose source knows whether it was closed."""

    closed = False

    async def close(self) -> None:
        """Be closed."""
        self.closed = True


def test_connections_and_credential_are_closed_also_when_closing_fails() -> None:
    """The SDK hides the transport behind one of its own, and that one is closed all the same."""
    line, tokens = Line(), Credential()

    async def work() -> None:
        settings = PaceSettings(3000, lambda: 0.9, 60.0)
        async with open_client(
            root=ROOT, tokens=tokens, clock=JumpingClock(), pace=settings, on_wait=lambda *_: None, transport=line
        ):
            pass

    with pytest.raises(OSError, match="broken"):
        asyncio.run(work())
    assert (True, True) == (line.closed, tokens.closed)
