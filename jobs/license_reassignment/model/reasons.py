"""Every reason code of the job with the sentence that tells a person what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from jobs.license_reassignment.model.message import Message

QUIET = frozenset({"no_source"})
"""Reasons of holds that ask nothing of anybody: counted and shown, and never something to do."""

# fmt: off
HOLD_REMEDIES: Mapping[str, Message] = MappingProxyType(
    {
        "roster_row_rejected": Message("Correct the roster row named in rejected.csv and make a new plan."),
        "protected": Message("Listed under [scope] protected and never touched. Before the cancellation, give this account the target and take the source away in one change by hand, or take it out of `protected` and make a new plan."),
        "no_source": Message("Holds no source SKU, so there is nothing to swap; reseat gives no license to somebody who had none."),
        "already_on_target": Message("Nothing to do."),
        "no_rule": Message("No [[swap]] rule and no roster row names a target; add one and make a new plan."),
        "left_by_choice": Message("The rule or roster row says `leave`; the old subscription keeps a seat for this user. To move the user after all, name a target there and make a new plan."),
        "disabled_account": Message('The account is disabled and [scope] disabled_accounts = "hold". Set it to "move" and make a new plan. A mailbox that is to need no license is made a shared one first: one of a user without a license is deleted after 30 days.'),
        "guest": Message('The account is a guest and [scope] guests = "hold". Set it to "move" and make a new plan.'),
        "restricted_management": Message("The user is in a restricted management administrative unit, where reseat changes nobody. Whoever administers that unit gives the user the target and takes the source away in one change by hand; or take the user out of the unit and make a new plan."),
        "inherited": Message("The license comes from a group and can only be changed there: on the group named in the detail, add the target and remove the source in one change, never the source alone, and make a new plan when its members are through. A user who has left the group and keeps its license in error is first given the target directly, then reprocessed."),
        "no_usage_location": Message("Set a valid usage location on the user (two-letter country, GB not UK); where there is none at all, the roster can give it with [usage_location] write_from_roster. Then make a new plan."),
        "target_not_assignable": Message("The target SKU is for the whole company and cannot be assigned to a user; name another target."),
        "target_in_error": Message("The user already has the target, but Graph reports it in error. Open the user in the admin center, settle what the error names, have the license reprocessed, and make a new plan; the old license stays until then."),
        "source_in_error": Message("Graph does not say in what state the source assignment is. Look at the user in the admin center, have the license reprocessed, and make a new plan; the old license stays until then."),
        "duplicate_address": Message("Another user has the same proxy address, and Graph refuses every license change until one of the two gives it up; then make a new plan."),
        "conflict": Message("A service plan of the target excludes one the user keeps. Name the target's plan in the roster's `disabled_plans`, or name another target, and make a new plan."),
        "dependency": Message("A service plan the user keeps, or gets, needs one that would be off after the change. Leave that one out of the roster's `disabled_plans`, or name a target that has it, and make a new plan."),
        "lost_service": Message("A data service would be lost or lowered. Name a target that has it, or back the data up and fill in backup_acknowledged_by in the roster; then make a new plan."),
        "lost_voice": Message("The user telephones and could not afterwards; add Teams Phone (MCOEV) to the target, and where it would stay off, switch it and Teams on: the roster's `disabled_plans` replaces what is carried over."),
        "unknown_plan_wish": Message("The roster's disabled_plans names a plan that none of the products has; correct the row and make a new plan."),
        "legal_hold": Message("The user is on legal hold and would lose or lower a service; name a target that has it."),
        "business_cap": Message("Business plans are limited to 300 users; name an Enterprise target for this user."),
        "no_seat": Message("No seat of the target is left for this user. Buy seats, or name another target in the roster, and make a new plan; a seat also comes free where a shared mailbox or a room up to 50 GB, which needs none, holds one. Until then the user keeps the old license."),
        "cross_family": Message("Source and target belong to different families (commercial, government, education). Name a target of the same family; set [limits] allow_cross_family only where Microsoft has agreed to it. Then make a new plan."),
        "trial_target": Message("The target has trial seats only, and when a trial ends its users are without. Buy it, or name another target, and make a new plan; [limits] allow_trial = true is for rehearsals."),
    }
)

REFUSAL_REMEDIES: Mapping[str, Message] = MappingProxyType(
    {
        "no_usage_location": Message("Set a usage location on the user, then make a new plan."),
        "not_in_location": Message("The target has a service that Microsoft does not offer in the user's country; name a product without it in the roster, or switch that service off in its `disabled_plans`, then make a new plan. Where the usage location itself is wrong, correct it first."),
        "no_seat": Message("No seat of the target was left. Buy seats, then run the same apply again or make a new plan; until then the user keeps the old license."),
        "conflict": Message("Two service plans exclude each other. Name the one of the target in the roster's `disabled_plans`, or name another target, and make a new plan."),
        "dependency": Message("A service plan needs one that is off or missing. Leave that one out of the roster's `disabled_plans`, or name a target that has it, and make a new plan."),
        "inherited": Message("The license comes from a group: add the target and remove the source there in one change, never the source alone, and make a new plan when its members are through."),
        "unknown_sku": Message("The tenant does not own this SKU; check the subscription and make a new plan."),
        "company_sku": Message("The SKU is for the whole company; name another target and make a new plan."),
        "unknown_plan": Message("The SKU's service plans changed since the plan was made; make a new plan."),
        "duplicate_address": Message("Another object has the same proxy address; repair the address, then make a new plan."),
        "restricted_management": Message("Graph does not let this app change the user, as in a restricted management administrative unit. Whoever may gives the user the target and takes the source away in one change by hand; or take the user out of the unit and make a new plan."),
        "gone": Message("The user no longer exists."),
        "already_gone": Message("The source license was gone when the request arrived. Make a new plan: it says what the user holds now; who holds nothing is given the target by hand."),
        "review": Message("Graph refused with a text this version does not know. Read its message in the detail, settle what it names, and make a new plan; until then the user keeps the old license."),
        "accepted_then_error": Message("Graph accepted the change and then reported the license in error: the detail says what the user lost and since when. Repair the license in the admin center, or assign the old product there again; `reseat undo` gives it back to everybody whom the plan changed, these users first."),
    }
)

OTHER_REMEDIES: Mapping[str, Message] = MappingProxyType(
    {
        "changed_by_others": Message("Somebody else changed this user's licenses since the plan was made; make a new plan."),
        "changed_by_run": Message("Another run of reseat has changed this user's licenses since: the detail names it. Nothing to do where that was meant; `reseat verify` of that run says how it ended."),
        "move_undone": Message("The move was made, and somebody else has changed it since; make a new plan."),
        "unproven": Message("A write was sent and reads cannot yet say what became of it; run the same apply again: it looks before it writes."),
        "not_sent": Message("Run the same apply again; it continues where it stopped."),
        "no_effect": Message("The request was sent and proven without effect; run the same apply again."),
        "user_not_found": Message("The user no longer exists or waits in deleted users. Who is to come back is restored there, and moved by a new plan."),
        "seats_taken": Message("Seats were taken by others during the run. Buy seats of the target, then run the same apply again; the user keeps the old license until then."),
        "residual_holder": Message("Still holds the retiring SKU and was not in the plan. Widen [scope] or the rules until they take this user too, and make a new plan: it adds the target and removes the source in one change. Nobody is helped by taking the old license away alone."),
        "group_carries_source": Message("Add the target to this group and remove the retiring SKU from it in one change; remove it alone only where the group has no members. The next member would receive it."),
        "soft_deleted_holder": Message("A restore would bring the old license back. Who is to come back is restored and moved by a new plan; for the others wait until the 30 days are over, or delete them for good."),
        "permission": Message("Graph refuses changes with 403. Grant the application permission LicenseAssignment.ReadWrite.All with admin consent, then run the same apply again: it continues."),
        "unauthorized": Message("Graph no longer accepted the sign-in. Check the credential, then run the same apply again: it continues."),
        "wrong_body": Message("Graph calls our request malformed, which is a fault of reseat: please report it. Nothing was changed for this user."),
        "unknown_status": Message("Graph gave an answer that this version does not know. Read it in the journal, then run the same apply again: it looks before it writes."),
        "location_replicating": Message("Licensing does not know the new usage location yet. Run the same apply again; the user keeps the old license until then."),
        "throttled": Message("Graph asked to send the change later. Run the same apply again; the user keeps the old license until then."),
        "locked": Message("Graph asked to send the change later. Run the same apply again; the user keeps the old license until then."),
        "unavailable": Message("Graph asked to send the change later. Run the same apply again; the user keeps the old license until then."),
        "concurrent_write": Message("Graph asked to send the change later. Run the same apply again; the user keeps the old license until then."),
        "server_error": Message("The answer does not say whether the change was made. Run the same apply again: it looks before it writes."),
        "conflicting_state": Message("The answer does not say whether the change was made. Run the same apply again: it looks before it writes."),
        "failed_dependency": Message("The answer does not say whether the change was made. Run the same apply again: it looks before it writes."),
        "unexpected_success": Message("The answer does not say whether the change was made. Run the same apply again: it looks before it writes."),
        "missing_answer": Message("The answer does not say whether the change was made. Run the same apply again: it looks before it writes."),
        "lost_reply": Message("The answer does not say whether the change was made. Run the same apply again: it looks before it writes."),
        "unreadable": Message("The answer does not say whether the change was made. Run the same apply again: it looks before it writes."),
        "not_graph": Message("Something between here and Graph answered, a proxy or a portal, so nobody knows whether the change was made. Let Graph through, then run the same apply again: it looks before it writes."),
    }
)
# fmt: on


def remedy(reason: str, *, refused: bool = False) -> Message:
    """Return the sentence for a reason code; a code that holds and refusals share has one for each."""
    code = reason.partition(":")[0].strip()
    first, second = (REFUSAL_REMEDIES, HOLD_REMEDIES) if refused else (HOLD_REMEDIES, REFUSAL_REMEDIES)
    for table in (first, second, OTHER_REMEDIES):
        if code in table:
            return table[code]
    return Message("")
