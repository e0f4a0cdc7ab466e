"""Signs in, and makes sure that the tenant that answers is the one that the settings pin."""

from __future__ import annotations

from connectors.errors import WrongTenant
from connectors.tenant import Identity, Organization
from jobs.license_reassignment.commands.shared.parts import Parts


async def sign_in(parts: Parts) -> tuple[Identity, Organization]:
    """Sign in and make sure that the tenant that answers is the pinned one. Raises WrongTenant (10)."""
    identity = await parts.tenant.sign_in()
    organization = await parts.tenant.read_organization()
    pinned = parts.effective.settings.tenant.id.lower()
    if organization.id.lower() != pinned:
        raise WrongTenant(
            f"Signed in to {organization.display_name} ({organization.id}), but [tenant] id pins {pinned}. Nothing was "
            "changed. Use the credential of the pinned tenant, or correct the pin."
        )
    return identity, organization
