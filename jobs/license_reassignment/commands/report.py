"""`reseat report`: renders the reports of a verified run again, from its folder alone."""

from __future__ import annotations

from connectors.catalog.products import Catalog
from jobs.license_reassignment.commands.shared.reports import write_reports
from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.run_folder.folder import RunDir
from jobs.license_reassignment.run_folder.load import load_evidence, load_plan


def report(run: RunDir, catalog: Catalog) -> Reconciliation:
    """Write every report again; the same files give the same bytes. Raises InputError (2) for a run never verified."""
    if not run.has("after-tenant.json"):
        plan_id = load_plan(run).plan_id
        raise InputError(
            f"Run {plan_id} in {run.path} was not verified yet, so there is nothing to report: run "
            f"`reseat verify {plan_id}`, which reads the tenant and writes the report."
        )
    return write_reports(run, load_evidence(run, catalog))
