"""A plan as its approver sees it, for the tests of its page."""

from __future__ import annotations

from connectors.catalog.products import load_catalog
from connectors.message import Message, verbatim
from connectors.roster.values import no_country
from jobs.license_reassignment.decide.remarks import SENTENCES
from jobs.license_reassignment.decide.worth_knowing import Remarked, WorthKnowing
from jobs.license_reassignment.model.plan import RejectedRow
from jobs.license_reassignment.model.plan_header import AddonUse, WaveUse
from jobs.license_reassignment.report.page.plan_people import Listed
from jobs.license_reassignment.report.page.plan_view import HoldReason, PlanTranslation, PlanView, RuleCount, SeatNeed

_LOST = Message("{service}: {before} to {after}", service="Teams", before="Full", after="none")


def plan() -> PlanView:
    """Return a plan with every part filled in, one hold and one shortage of seats."""
    return PlanView(
        plan_id="p1f2e3d4c5b6a",
        digest="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        tenant_id="11111111-2222-4333-8444-555555555555",
        tenant_name="Contoso Nederland B.V.",
        created_at="2026-11-21T19:41:00Z",
        tool_version="0.1.0",
        sources=("Office 365 E4",),
        targets=("Office 365 E5", "Microsoft 365 E3"),
        in_scope=1250,
        changes=1180,
        held=70,
        rejected_rows=2,
        by_rule=(RuleCount("voice users", "Office 365 E5", 240), RuleCount("everyone else", "Microsoft 365 E3", 940)),
        holds=(
            HoldReason("no_usage_location", 43, "Set it.", ("ada@contoso.example", "<b>björn</b>@contoso.example")),
            HoldReason("no_seat", 27, "Buy seats."),
        ),
        seats=(SeatNeed("Office 365 E5", 260, 12, 0, 240, 8), SeatNeed("Microsoft 365 E3", 900, 0, 0, 940, -40)),
        waves=(WaveUse("pilot", 50, "stop"), WaveUse("all", 1130, "continue")),
        translation=(
            PlanTranslation("EXCHANGE_S_ENTERPRISE", "Office 365 E5", "EXCHANGE_S_ENTERPRISE", "same"),
            PlanTranslation("ADALLOM_S_O365", "Microsoft 365 E3", "", "none"),
        ),
        warnings=("Seats of Microsoft 365 E3 are 40 short.",),
        settings=(("scope.from", "graph"), ("limits.users_changed_max", "1000")),
        worth=WorthKnowing(
            remarks=(
                Remarked(SENTENCES["office_apps_end"], 1, ("zoe@contoso.example",)),
                Remarked(
                    SENTENCES["lowered"],
                    700,
                    tuple(f"u{n:02}@contoso.example" for n in range(11)),
                    ((_LOST, 690),),
                ),
            ),
            addons=(AddonUse("", "MCOEV", 3, 2, 1000), AddonUse("", "VISIOCLIENT", 0, 0, 4)),
        ),
        names=load_catalog().names,
        changing=(
            Listed(
                "zoe@contoso.example", Message("roster line {line}", line="7"), "Microsoft 365 E3", "pilot", Message("")
            ),
            *(
                Listed(f"u{n:02}@contoso.example", "voice users", "Office 365 E5", "all", Message(""))
                for n in range(11)
            ),
        ),
        holding=(Listed("ada@contoso.example", "inherited", "", "", verbatim("Licensing NL")),),
        rejected=(
            RejectedRow("users.csv", "4", "ada@contoso.example,UK", no_country("UK"), ("ada@contoso.example",)),
            RejectedRow(
                "users.csv", "9", ",leave", Message("The row names no user; enter the UPN or the object ID."), ()
            ),
        ),
    )
