"""The live parts that every command is handed; rooms below are handed single ones of them, or values."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.catalog.products import Catalog
from connectors.clock import Clock
from jobs.license_reassignment.apply.control import Control
from jobs.license_reassignment.ports import TenantClient, Watcher
from jobs.license_reassignment.run_folder.progress_file import ProgressFile
from jobs.settings.load import Effective


@dataclass(frozen=True, slots=True)
class Parts:
    """The live parts of one run, made by the composition root."""

    tenant: TenantClient
    clock: Clock
    catalog: Catalog
    effective: Effective
    control: Control
    watcher: Watcher
    tool_version: str
    operator: str
    host: str
    progress_file: ProgressFile = field(default_factory=ProgressFile)
