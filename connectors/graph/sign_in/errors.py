"""Why a sign-in failed, in one paragraph with its remedy; never with a secret."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from json import JSONDecodeError
from types import MappingProxyType

from azure.core.exceptions import DecodeError, IncompleteReadError, ServiceRequestError, ServiceResponseError
from requests.exceptions import ChunkedEncodingError, ContentDecodingError

from connectors.errors import (
    ConnectorError,
    Malformed,
    NetworkAway,
    ProxyRefused,
    Retryable,
    Unauthorized,
    UntrustedCertificate,
)
from connectors.graph.redact import redact
from connectors.graph.stranger import blocked, refusal_of_proxy

HALF_ANSWERS = (
    *(IncompleteReadError, DecodeError),
    *(ChunkedEncodingError, ContentDecodingError, HTTPException, JSONDecodeError),
)
"""What azure-core, requests and the library below raise when an answer came and its body did not come whole."""

TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
"""What http.client says of a proxy that does not lead on."""

PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
PASSING_CODES = frozenset({"90033", "50196", "90055", "90036"})
"""Microsoft's list of sign-in error codes calls these transient."""

REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "7000215": "The client secret is wrong: set AZURE_CLIENT_SECRET to the value of the secret, not to its id.",
        "7000222": "The client secret has expired: create a new one in App registrations, Certificates & secrets.",
        "700016": "The app is not known in this tenant: check AZURE_CLIENT_ID, and that an admin has consented there.",
        "7000112": "The app is disabled: enable it in the Entra admin center under Enterprise applications.",
        "700027": "The certificate does not fit the app: upload its public part under Certificates & secrets.",
        "700024": "The clock of this machine is wrong, or the assertion is too old: set the clock.",
        "70021": "No federated credential of the app matches: compare issuer, subject and audience.",
        "700211": "No federated credential of the app has this issuer: compare issuer, subject and audience.",
        "700212": "No federated credential of the app has this audience: compare issuer, subject and audience.",
        "700213": "No federated credential of the app has this subject: compare issuer, subject and audience.",
        "90002": "The tenant does not exist in this cloud: check AZURE_TENANT_ID and [tenant] id and cloud.",
        "900023": "The tenant id is not valid: check AZURE_TENANT_ID and [tenant] id.",
        "500011": "Graph is not known in this tenant: check [tenant] cloud.",
        "53003": "Conditional access blocks this sign-in: let an admin exempt the app or this network.",
        "70011": "The scope is not valid in this cloud: check [tenant] cloud.",
        "90038": "The tenant belongs to another cloud: check [tenant] cloud.",
        "90099": "The app is not authorized in this customer's tenant: let an admin there grant consent.",
        "7000218": "The app was asked for a secret or a certificate: give it one, or allow public client flows.",
        "50034": "The account is not in this tenant: sign in with one that is, or check AZURE_TENANT_ID.",
        "65001": "Nobody has consented to the app's permissions: let an admin grant consent.",
    }
)

UNAVAILABLE: Mapping[str, str] = MappingProxyType(
    {
        "environment": "Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH.",
        "default": "Set the AZURE_* variables of an app, run where a managed identity is, or sign in with az login.",
        "managed-identity": "Run where a managed identity is; for a user-assigned one set AZURE_CLIENT_ID.",
        "workload-identity": "Set AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE, as the webhook of the cluster does.",
        "azure-cli": "Install the Azure CLI and run az login for this tenant.",
        "azure-pipelines": "Run in an Azure Pipelines task with a service connection and map SYSTEM_ACCESSTOKEN.",
        "device-code": "Run the command again and enter the code in a browser within a quarter of an hour.",
    }
)


LOCAL = frozenset({"default", "managed-identity", "azure-cli"})
"""Credentials that first ask something on this machine, or beside it, so that the host in question is not known."""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """The last answer on the way to a token; status 0 when none was seen, `retry_after_s` None without a time.

    `host` gave it, and `came` says what it is where it cannot be the identity provider's.
    """

    status: int = 0
    retry_after_s: float | None = None
    host: str = ""
    came: str = ""


def explained(error: Exception, credential: str, answer: TokenAnswer, authority: str = "") -> ConnectorError:
    """Return what the caller can do about this error of azure-identity; `authority` is the host that signs in.

    Retryable for a passing trouble of the identity provider, NetworkAway for the network (UntrustedCertificate when it
    is the certificate), Malformed for an answer that cannot be used, Unauthorized for everything that a person has to
    put right: an error that the provider itself has named, or a credential that is not there.
    """
    causes = list(_chain(error))
    text = " ".join(str(cause) for cause in causes)
    found = re.search(r"AADSTS(\d+)", text)
    code = found.group(1) if found else ""
    if code in REMEDIES:
        return Unauthorized(f"Sign-in with the credential {credential} was refused (AADSTS{code}). {REMEDIES[code]}")
    if answer.came:
        return Malformed(blocked("the sign-in", answer.came, answer.host))
    if answer.status in PASSING_STATUSES or code in PASSING_CODES:
        return Retryable(
            f"The identity provider is busy (status {answer.status or 'unknown'}).", retry_after_s=answer.retry_after_s
        )
    if any(isinstance(c, ssl.SSLCertVerificationError) for c in causes) or "CERTIFICATE_VERIFY_FAILED" in text:
        return UntrustedCertificate(
            "The certificate of the sign-in endpoint is not trusted. Set SSL_CERT_FILE to a bundle that contains the "
            "authority of your proxy."
        )
    tunnel = TUNNEL.search(text)
    if tunnel and (why := refusal_of_proxy(tunnel.group(1), "the sign-in service")):
        return ProxyRefused(why)
    if any(isinstance(c, HALF_ANSWERS) for c in causes):
        return Retryable("The identity provider's answer broke off, or cannot be read.")
    if any(isinstance(c, (ServiceRequestError, ServiceResponseError)) for c in causes):
        host = authority if authority and credential not in LOCAL else "the sign-in endpoint"
        return NetworkAway(f"{host} cannot be reached. Check the network, the proxy and the firewall.")
    if 0 < answer.status < 400:
        return Malformed(
            f"The answer of {answer.host} to the sign-in is not as documented ({type(error).__name__}). Check whether "
            "a proxy answers in its place, and Microsoft's service health; the same command continues."
        )
    refused = f"AADSTS{code}" if code else redact(error)
    return Unauthorized(f"Sign-in with the credential {credential} failed ({refused}). {UNAVAILABLE[credential]}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
