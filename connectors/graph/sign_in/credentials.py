"""The names of credentials in the settings, and the azure-identity class behind each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.errors import UnusableVariable

CREDENTIALS = (
    "environment",
    "default",
    "managed-identity",
    "workload-identity",
    "azure-cli",
    "azure-pipelines",
    "device-code",
)

PROCESS_TIMEOUT_S = 30
"""The Azure CLI takes its time to start."""


_SECRET = frozenset({"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"})
_CERTIFICATE = frozenset({"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_CERTIFICATE_PATH"})
_PERSON = frozenset({"AZURE_CLIENT_ID", "AZURE_USERNAME", "AZURE_PASSWORD"})


def refuse_a_person(credential: str, environ: Mapping[str, str]) -> None:
    """Refuse variables with which azure-identity would sign in as a person, by name and password.

    Its EnvironmentCredential takes a secret, then a certificate, then these. Raises UnusableVariable.
    """
    if credential not in {"environment", "default"} or any(environ.keys() >= app for app in (_SECRET, _CERTIFICATE)):
        return
    if environ.keys() >= _PERSON:
        raise UnusableVariable(
            "AZURE_USERNAME and AZURE_PASSWORD would sign in as a person: without multifactor authentication, with the "
            "rights of that person, and with changes recorded as made by that person. reseat refuses this. Set "
            "AZURE_TENANT_ID, AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH of the app, "
            'and remove the two variables; a person signs in with credential = "device-code".'
        )


def make_credential(
    credential: str,
    tenant_id: str,
    environ: Mapping[str, str],
    prompt: Callable[[str], object],
    common: Mapping[str, Any],
) -> Any:
    """Build the azure-identity object; its own retries are off, for repeating is done in one place only."""
    from azure import identity  # noqa: PLC0415 - slow to import, and the embedded tenant does not need it

    match credential:
        case "environment":
            return identity.EnvironmentCredential(**common)
        case "default":
            return identity.DefaultAzureCredential(**common)
        case "managed-identity":
            return identity.ManagedIdentityCredential(client_id=environ.get("AZURE_CLIENT_ID"), **common)
        case "workload-identity":
            return identity.WorkloadIdentityCredential(tenant_id=tenant_id, **common)
        case "azure-cli":
            return identity.AzureCliCredential(tenant_id=tenant_id, process_timeout=PROCESS_TIMEOUT_S)
        case "azure-pipelines":
            return identity.AzurePipelinesCredential(
                tenant_id=tenant_id,
                client_id=environ.get("AZURESUBSCRIPTION_CLIENT_ID") or environ.get("AZURE_CLIENT_ID", ""),
                service_connection_id=environ.get("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", ""),
                system_access_token=environ.get("SYSTEM_ACCESSTOKEN", ""),
                **common,
            )
        case _:
            own_app: dict[str, Any] = {"client_id": app} if (app := environ.get("AZURE_CLIENT_ID")) else {}
            return identity.DeviceCodeCredential(
                tenant_id=tenant_id, prompt_callback=_asking(prompt), **own_app, **common
            )


def _asking(prompt: Callable[[str], object]) -> Callable[[str, str, object], None]:
    def ask(uri: str, code: str, _: object) -> None:
        prompt(f"To sign in, open {uri} and enter the code {code}\n")

    return ask
