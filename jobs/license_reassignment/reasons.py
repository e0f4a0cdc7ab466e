"""Every reason code of the job with the sentence that tells a person what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

QUIET = frozenset({"no_source"})
"""Reasons of holds that ask nothing of anybody: counted and shown, and never something to do."""

HOLD_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "roster_row_rejected": "Correct the roster row named in rejected.csv and make a new plan.",
        "protected": "Listed under [scope] protected and never touched; move this account by hand before the cancellation.",
        "no_source": "Holds no source SKU, so there is nothing to swap; reseat gives no license to somebody who had none.",
        "already_on_target": "Nothing to do.",
        "no_rule": "No [[swap]] rule and no roster row names a target; add one and make a new plan.",
        "left_by_choice": "The rule or roster row says `leave`; the old subscription keeps a seat for this user.",
        "disabled_account": 'The account is disabled and [scope] disabled_accounts = "hold"; remove its license or allow the move.',
        "guest": 'The account is a guest and [scope] guests = "hold"; remove its license or allow the move.',
        "restricted_management": "The user is in a restricted management administrative unit; give the app a role scoped to that unit, or move the user by hand.",
        "inherited": "The license comes from a group and can only be changed there; swap it on the group named in the detail, or take the user out of it.",
        "no_usage_location": "Set a usage location (two-letter country, GB not UK) on the user, or give it in the roster and set [usage_location] write_from_roster; then make a new plan.",
        "target_not_assignable": "The target SKU is for the whole company and cannot be assigned to a user; name another target.",
        "target_in_error": "The user already has the target, but Graph reports it in error; repair that assignment first.",
        "source_in_error": "Graph reports the source assignment in an unknown state; look at the user in the admin center first.",
        "duplicate_address": "Another user has the same proxy address, and Graph refuses every license change until it is repaired; then make a new plan.",
        "conflict": "A service plan of the target excludes one the user keeps; remove that license or name another target.",
        "dependency": "A service plan the user keeps, or gets, needs one that would be off after the change; keep it on, or name a target that has it.",
        "lost_service": "A data service would be lost or lowered; back it up and fill in backup_acknowledged_by in the roster, or name a target that has it.",
        "lost_voice": "The user telephones and could not afterwards; add Teams Phone (MCOEV) to the target, and where it would stay off, switch it and Teams on: the roster's `disabled_plans` replaces what is carried over.",
        "unknown_plan_wish": "The roster's disabled_plans names a plan that none of the products has; correct the row and make a new plan.",
        "legal_hold": "The user is on legal hold and would lose or lower a service; name a target that has it.",
        "business_cap": "Business plans are limited to 300 users; name an Enterprise target for this user.",
        "no_seat": "Buy seats of the target, or free some (disabled accounts, shared mailboxes), then make a new plan.",
        "cross_family": "Source and target belong to different families (commercial, government, education); set [limits] allow_cross_family when that is meant.",
        "trial_target": "The target has trial seats only; buy it, or set [limits] allow_trial = true.",
    }
)

REFUSAL_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "no_usage_location": "Set a usage location on the user, then make a new plan.",
        "not_in_location": "The target has a service that Microsoft does not offer in the user's country; name a product without it in the roster, or switch that service off in its `disabled_plans`, then make a new plan. Where the usage location itself is wrong, correct it first.",
        "no_seat": "Buy or free seats of the target, then run the same apply again or make a new plan.",
        "conflict": "Two service plans exclude each other; remove the license that brings the second one, then make a new plan.",
        "dependency": "A service plan needs one that is off or missing; switch it on or add the license that has it, then make a new plan.",
        "inherited": "The license comes from a group; change it on the group.",
        "unknown_sku": "The tenant does not own this SKU; check the subscription and make a new plan.",
        "company_sku": "The SKU is for the whole company; name another target.",
        "unknown_plan": "The SKU's service plans changed since the plan was made; make a new plan.",
        "duplicate_address": "Another object has the same proxy address; repair the address, then make a new plan.",
        "restricted_management": "Give the app a role scoped to the user's restricted management administrative unit, or move the user by hand.",
        "gone": "The user no longer exists.",
        "already_gone": "The source license was gone when the request arrived; look at the user.",
        "review": "Graph refused with a text this version does not know; read the message in the journal and settle it by hand.",
        "target_in_error": "Graph accepted the change but reports the license in error; open the user in the admin center and reprocess it.",
    }
)

OTHER_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "changed_by_others": "Somebody else changed this user's licenses since the plan was made; make a new plan.",
        "move_undone": "The move was made, and somebody else has changed it since; make a new plan.",
        "unproven": "A write was sent and reads cannot yet say what became of it; run the same apply again: it looks before it writes.",
        "not_sent": "Run the same apply again; it continues where it stopped.",
        "no_effect": "The request was sent and proven without effect; run the same apply again.",
        "user_not_found": "The user no longer exists or waits in deleted users; restore it only after removing its old license there.",
        "seats_taken": "Seats were taken by others during the run; buy or free seats, then run the same apply again.",
        "residual_holder": "Still holds the retiring SKU and was not in the plan; add to the scope and make a new plan, or remove the license.",
        "group_carries_source": "Remove the retiring SKU from this group, even when it has no members; the next member would receive it.",
        "soft_deleted_holder": "A restore would bring the old license back; delete the user for good, or wait until the 30 days are over.",
    }
)


def remedy(reason: str, *, refused: bool = False) -> str:
    """Return the sentence for a reason code; a code that holds and refusals share has one for each."""
    code = reason.partition(":")[0].strip()
    first, second = (REFUSAL_REMEDIES, HOLD_REMEDIES) if refused else (HOLD_REMEDIES, REFUSAL_REMEDIES)
    for table in (first, second, OTHER_REMEDIES):
        if code in table:
            return table[code]
    return ""
