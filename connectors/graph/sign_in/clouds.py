"""The national clouds: where each signs in, and where its Graph is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Cloud:
    """One national cloud: where it signs in and where its Graph is. Tokens of one are worth nothing in another."""

    name: str
    authority: str
    graph: str

    @property
    def root(self) -> str:
        """Address of Graph v1.0."""
        return f"{self.graph}/v1.0"

    @property
    def scope(self) -> str:
        """What to ask a token for."""
        return f"{self.graph}/.default"


CLOUDS: Mapping[str, Cloud] = MappingProxyType(
    {
        cloud.name: cloud
        for cloud in (
            Cloud("global", "https://login.microsoftonline.com", "https://graph.microsoft.com"),
            Cloud("us-gov", "https://login.microsoftonline.us", "https://graph.microsoft.us"),
            Cloud("us-gov-dod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
            Cloud("china", "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
        )
    }
)
"""Microsoft documents these pairs under national cloud deployments; GCC uses the global one."""
