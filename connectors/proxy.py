"""Which proxy leads to a host: the variables that people set, read by Python's own rules, their values never told."""

from __future__ import annotations

import os
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from connectors.errors import UnusableVariable

HTTPS_PORT = 443


def is_loopback(host: str) -> bool:
    """Say whether the host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def proxy_for(host: str) -> str | None:
    """Return the address of the one proxy for HTTPS requests to `host`, or None for the direct way.

    As for curl and requests, HTTPS_PROXY goes before ALL_PROXY, a name in lower case before one in capitals, and
    NO_PROXY before all; where no variable is set, Python asks Windows and macOS. An entry of NO_PROXY that cannot mean
    the host (a network, an IPv6 address) is passed over. Nothing stands between this machine and itself.

    Raises UnusableVariable for an address that is none of an HTTP proxy, unless the host does without it.
    """
    found = getproxies()
    key = "https" if found.get("https") else "all"
    value = found.get(key, "").strip()
    if not value or is_loopback(host) or proxy_bypass(f"{host}:{HTTPS_PORT}"):
        return None
    url = value if "://" in value else f"http://{value}"
    if fault := _fault(url):
        raise UnusableVariable(
            f"{_source(key, found[key])} cannot be used: {fault}. Set HTTPS_PROXY to the address of an HTTP proxy, "
            f"such as http://proxy.example:8080, or list {host} in NO_PROXY if it can be reached without one. Nothing "
            "was sent."
        )
    return url


def _fault(url: str) -> str:
    """Say what keeps this address from being that of an HTTP proxy, "" when nothing does; never the address itself."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        return (
            "its value is not an address, or its port is not a number (in a user name or a password, characters such "
            "as # / ? and @ are written %23 %2F %3F and %40)"
        )
    scheme = parts.scheme.lower()
    if scheme.startswith("socks"):
        return "it names a SOCKS proxy, and reseat speaks to HTTP proxies only"
    if scheme not in {"http", "https"}:
        return "its address must begin with http:// or https://"
    if not host or port == 0 or any(not c.isprintable() or c.isspace() for c in url):
        return "it names no host, or contains a space"
    return ""


def _source(key: str, value: str) -> str:
    """Return the name of the variable that gave this value, or where else it comes from."""
    wanted = f"{key}_proxy"
    named = [name for name in (wanted, wanted.upper(), *os.environ) if name.lower() == wanted]
    return next((name for name in named if os.environ.get(name) == value), "The proxy of this system's settings")
