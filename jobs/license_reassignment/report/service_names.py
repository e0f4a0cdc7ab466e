"""What people call a service, by the name that Microsoft Graph gives its plan."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from connectors.catalog.products import load_catalog


@cache
def service_names() -> Mapping[str, str]:
    """Return the published names by plan name; a plan that Microsoft has not published has none."""
    catalog = load_catalog()
    return MappingProxyType({name: catalog.names.plans[str(plan_id)] for plan_id, name in catalog.plan_names.items()})
