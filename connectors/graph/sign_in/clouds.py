"""The national clouds: where each signs in, and where its Graph is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Cloud:
    """One national cloud: where it signs in and where its Graph is. Tokens of one are worth nothing in another.

    `also` are other hosts that sign in for the same cloud.
    """

    name: str
    authority: str
    graph: str
    also: frozenset[str] = frozenset()

    @property
    def root(self) -> str:
        """Address of Graph v1.0."""
        return f"{self.graph}/v1.0"

    @property
    def scope(self) -> str:
        """What to ask a token for."""
        return f"{self.graph}/.default"

    def signs_in_at(self, host: str) -> bool:
        """Say whether this host gives tokens of the cloud."""
        return host in {urlsplit(self.authority).hostname, *self.also}


CLOUDS: Mapping[str, Cloud] = MappingProxyType(
    {
        cloud.name: cloud
        for cloud in (
            Cloud(
                "global",
                "https://login.microsoftonline.com",
                "https://graph.microsoft.com",
                frozenset({"login.microsoft.com", "login.windows.net", "sts.windows.net"}),
            ),
            Cloud("us-gov", "https://login.microsoftonline.us", "https://graph.microsoft.us"),
            Cloud("us-gov-dod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
            Cloud(
                "china",
                "https://login.chinacloudapi.cn",
                "https://microsoftgraph.chinacloudapi.cn",
                frozenset({"login.partner.microsoftonline.cn"}),
            ),
            Cloud("bleu", "https://login.sovcloud-identity.fr", "https://graph.svc.sovcloud.fr"),
            Cloud("delos", "https://login.sovcloud-identity.de", "https://graph.svc.sovcloud.de"),
            Cloud("gov-sg", "https://login.sovcloud-identity.sg", "https://graph.svc.sovcloud.sg"),
        )
    }
)
"""Microsoft documents the first four pairs under national cloud deployments; GCC uses the global one.

The last three, for France (Bleu), Germany (Delos) and the government of Singapore, are those of `Get-MgEnvironment` in
Microsoft's Graph PowerShell; nobody of this project has a tenant there.
"""
