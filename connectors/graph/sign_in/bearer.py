"""The token that requests carry: signed in with patience, and renewed once for everybody when Graph refuses it."""

from __future__ import annotations

from typing import Any

from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator

from connectors.clock import Clock
from connectors.errors import NetworkAway, NoWay, Retryable
from connectors.graph.retry import persist
from connectors.graph.sign_in.token import TokenSource
from connectors.graph.turns import Kind, Turns


class Bearer(AccessTokenProvider):
    """Hands the SDK the token that was signed in last, for the one host of our cloud."""

    def __init__(self, host: str, tokens: TokenSource, turns: Turns, clock: Clock) -> None:
        self._hosts = AllowedHostsValidator([host])
        self._tokens = tokens
        self._turns = turns
        self._clock = clock
        self._token = self._refused = ""

    @property
    def token(self) -> str:
        """The token that a request carries which is sent now."""
        return self._token

    async def get_authorization_token(
        self,
        uri: str,
        additional_authentication_context: dict[str, Any] = {},  # noqa: B006, ARG002 - the SDK's signature
    ) -> str:
        """Return the token for an address of our cloud; "" for any other."""
        return self._token if self._hosts.is_url_host_valid(uri) else ""

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        """Return the one host."""
        return self._hosts

    async def close(self) -> None:
        """Close the credential."""
        await self._tokens.close()

    async def sign_in(self) -> str:
        """Return a token that is valid now, waiting out passing troubles of the identity provider."""
        return await persist(self._turns, Kind.TOKEN, self.sign_in_once)

    async def sign_in_once(self) -> str:
        """Return a token that is valid now; raises Retryable when the identity provider cannot give one at present.

        A token that Graph has refused is not handed out while a fresh one is on its way: everybody waits for that,
        also when it cannot be had just now, for what was refused once would be refused again.
        """
        began, refused, held = self._clock.monotonic(), self._refused, self._tokens.in_hand()
        if closed := self._turns.closed_for(Kind.TOKEN):
            if held and held != refused:
                self._token = held
                return held
            raise Retryable("The identity provider asked to wait.", retry_after_s=closed)
        try:
            token = await self._tokens.token(fresh=bool(refused) and held in {"", refused})
        except NoWay:
            raise
        except (Retryable, NetworkAway) as error:
            after = error.retry_after_s if isinstance(error, Retryable) else None
            away = isinstance(error, NetworkAway)
            reason = f"sign-in: {str(error).partition('. ')[0].rstrip('.')}"
            self._turns.refused([Kind.TOKEN], began=began, retry_after_s=after, reason=reason, network=away)
            raise Retryable(str(error), retry_after_s=after) from error
        self._turns.helped(Kind.TOKEN)
        self._token = token
        if self._refused == refused:
            self._refused = ""
        return token

    async def renew(self, used: str) -> None:
        """Get a fresh token, unless another sender has already got one since `used` was refused."""
        await persist(self._turns, Kind.TOKEN, lambda: self.renew_once(used))

    async def renew_once(self, used: str) -> None:
        """As `renew`, but raises Retryable when the identity provider cannot give a token at present."""
        if used == self._token:
            self._refused = used
        await self.sign_in_once()
