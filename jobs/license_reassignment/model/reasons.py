"""Every reason code of the job with the sentence that tells a person what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connectors.message import Message

QUIET = frozenset({"no_source"})
"""Reasons of holds that ask nothing of anybody: counted and shown, and never something to do."""

# fmt: off
HOLD_REMEDIES: Mapping[str, Message] = MappingProxyType(
    {
        "roster_row_rejected": Message("Correct the roster row listed in rejected.csv and make a new plan."),
        "protected": Message("The account is listed under [scope] protected, so reseat never changes it. Before the old subscription is canceled, assign the target and remove the old license manually in one change, or take the account out of `protected` and make a new plan."),
        "no_source": Message("The user does not have the old product, so there is nothing to swap. reseat assigns no license to users who had none."),
        "already_on_target": Message("Nothing to do."),
        "no_rule": Message("No [[swap]] rule and no roster row gives this user a target. Add one and make a new plan."),
        "left_by_choice": Message("The rule or roster row says `leave`, so the user keeps a seat of the old subscription. To move the user after all, enter a target there and make a new plan."),
        "disabled_account": Message('The account is disabled, and [scope] disabled_accounts = "hold". Set it to "move" and make a new plan. A mailbox that is to stay without a license is converted to a shared mailbox first: the mailbox of an unlicensed user is deleted after 30 days.'),
        "guest": Message('The account is a guest, and [scope] guests = "hold". Set it to "move" and make a new plan.'),
        "restricted_management": Message("The user is in a restricted management administrative unit, where reseat changes nobody. Ask an administrator of that unit to assign the target and remove the old license manually in one change, or remove the user from the unit and make a new plan."),
        "inherited": Message("The license comes from a group and can be changed only there. Name the group under [groups] swap and make a new plan: it adds the target to the group and removes the old product in one change. Where the detail says why a group that is named stays as it is, resolve that first. Or leave the group as it is: assign the target directly to the user, and only when that works have the owner take the user out of the group. A user who has left the group, and whose license has an error, is first assigned the target directly and then reprocessed."),
        "no_usage_location": Message("Set a valid usage location for the user (a two-letter country code: GB, not UK). For users who have none at all, the roster can provide it with [usage_location] write_from_roster. Then make a new plan."),
        "target_not_assignable": Message("The target is licensed for the whole organization and cannot be assigned to a user. Choose a different target and make a new plan."),
        "target_in_error": Message("The user already has the target, but its assignment has an error. Open the user in the admin center, resolve the error, reprocess the license and make a new plan. Until then the user keeps the old license."),
        "source_in_error": Message("Graph does not say what state the old license is in. Check the user in the admin center, reprocess the license and make a new plan. Until then the user keeps the old license."),
        "duplicate_address": Message("Another user has the same proxy address (UniquenessViolation), and Graph refuses every license change until only one of them has it. Remove the address from the other one, then make a new plan."),
        "conflict": Message("A service of the target conflicts with one that the user keeps (MutuallyExclusiveViolation). Disable the target's service in the roster (`disabled_plans`), or choose a different target, and make a new plan."),
        "dependency": Message("A service that the user keeps or gets needs another one that would be disabled after the change (DependencyViolation). Take that one out of `disabled_plans` in the roster, or choose a target that includes it, and make a new plan."),
        "lost_service": Message("The user would lose a service that holds data, or get a lower edition of it. Choose a target that includes it; or back the data up and enter in the roster, under backup_acknowledged_by, who answers for that. Then make a new plan."),
        "lost_voice": Message("The user makes calls and would lose that. Add Teams Phone (MCOEV) to the target. Where it would stay disabled, enable it and Teams: `disabled_plans` in the roster replaces what is carried over. Then make a new plan."),
        "unknown_plan_wish": Message("`disabled_plans` in the roster names a service that none of the products has. Correct the row and make a new plan."),
        "legal_hold": Message("The user is on legal hold and would lose a service or get a lower edition of it. Choose a target that includes it and make a new plan."),
        "business_cap": Message("Business products are limited to 300 users. Choose an Enterprise target for this user and make a new plan."),
        "no_seat": Message("No seat of the target is available for this user (Graph would answer CountViolation). Buy seats, or choose a different target in the roster, and make a new plan. A shared or room mailbox of up to 50 GB needs no license; where one uses a seat, that seat can be freed. Until then the user keeps the old license."),
        "cross_family": Message("The old product and the target belong to different product families (commercial, government, education). Choose a target of the same family; set [limits] allow_cross_family only if Microsoft has agreed to it. Then make a new plan."),
        "trial_target": Message("The target has trial seats only, and its users lose them when the trial ends. Buy the product, or choose a different target, and make a new plan. [limits] allow_trial = true is for rehearsals."),
    }
)

GROUP_REMEDIES: Mapping[str, Message] = MappingProxyType(
    {
        "members_differ": Message("The members of the group are to get different products or services, and a group has one. Have the rules and roster rows agree for all its members and make a new plan. Or leave the group as it is: assign each member's own target directly, and only when that works have the owner take these members out of the group."),
        "outside_scope": Message('The group has members who are not in scope, and a swap would change them too. Extend [scope], or set [groups] outside_scope = "include", and make a new plan. Or leave the group as it is: assign the target directly to each member, and only when that works have the owner take these members out of the group.'),
        "member_held": Message("Some members of the group stay as they are, and the group cannot be changed without them. Resolve what the detail says of them and make a new plan. Or assign the target directly to the members who are to change, and only when that works have the owner take these members out of the group."),
        "members_with_losses": Message('Members of the group would lose a service. Choose a target that includes it; or back the data up and set [groups] members_with_losses = "accept". Then make a new plan. Or leave the group as it is: assign the target directly to each member, and only when that works have the owner take these members out of the group.'),
        "not_security_enabled": Message("The group is not security-enabled, and Entra assigns licenses to members of security-enabled groups only. Assign the target directly to each member; the owner of the group can move its licenses to a security-enabled group afterwards."),
        "shared_members": Message("Members of the group are also in a group that the undo leaves as it is, and they change together or not at all. Do what the plan says at that other group, then run `reseat undo` again."),
        "joined_since": Message("Users joined the group after the plan was made, and an undo changes nobody whom the plan did not change. Leave the group as it is; or assign each of them a license of their own, have the owner of the group take them out, and run `reseat undo` again."),
        "hidden_membership": Message("The members of the group are hidden (HiddenMembership), so that nobody can say whom a swap would change. Grant the app Member.Read.Hidden with admin consent and make a new plan."),
        "group_processing": Message("Entra has not given the group's licenses to all its members yet. Wait until the group is processed, resolve the errors of members in the admin center, and make a new plan. Until then the members keep the old license."),
    }
)
"""Of groups that are named for a swap and stay as they are; a reason that users have too has the remedy for users."""

CHANGED_GROUP_REMEDIES: Mapping[str, Message] = MappingProxyType(
    {
        "group_not_sent": Message("The change of the group has not been sent yet. Run the same apply again: it continues where it stopped."),
        "group_processing": Message("Microsoft Entra is still processing the group. Run the same apply again: it looks again and sends nothing twice. Until then some members may have the old license still."),
        "group_drifted": Message("Somebody else has changed the group, or who is in it, since the plan was made, so nothing was sent to it: the detail says what. Make a new plan."),
        "group_gone": Message("The group no longer exists. Make a new plan: it shows what those who were in it have now. Who has no license is assigned the target manually."),
        "move_undone": Message("The group was changed, and somebody else has changed its licenses since. Make a new plan. A member who has neither the old nor the new product now is assigned the target manually at once: a plan does not do that."),
        "changed_by_run": Message("Another run of reseat has changed the group since: the detail names it. If that was intended, there is nothing to do; `reseat verify` of that run shows how it ended."),
        "member_error": Message("The group was changed, and Microsoft Entra could not give the new license to every member: the rows of these users name the errors. Resolve them, then reprocess the licenses of these users in the admin center. Nothing is to be changed on the group."),
        "protected": Message("A member of the group is listed under [scope] protected now, so nothing was sent to the group. Take the account out of `protected` and make a new plan. Or leave the group as it is: assign the target directly to the other members, and only when that works have the owner take them out of the group."),
        "seats_taken": Message("There are not enough free seats of the target for all members of the group. Buy seats, then run the same apply again. Until then its members keep the old license."),
        "no_seat": Message("Graph refused the change of the group, since there are not enough seats of the target (CountViolation). Buy seats and make a new plan. Until then its members keep the old license."),
        "gone": Message("The group no longer exists. Make a new plan: it shows what those who were in it have now. Who has no license is assigned the target manually."),
        "restricted_management": Message("Graph does not let this app change the group (403). Ask an administrator who may to add the target to the group and remove the old product in one change, then make a new plan."),
        "review": Message("Graph refused the change of the group for a reason that this version of reseat does not know. Read Graph's message in the detail, resolve what it names and make a new plan. Until then its members keep the old license."),
    }
)
"""Of groups that a plan changes and that are not settled; a reason that is not here has the remedy for users."""

REFUSAL_REMEDIES: Mapping[str, Message] = MappingProxyType(
    {
        "no_usage_location": Message("Set a usage location for the user, then make a new plan."),
        "not_in_location": Message("The target includes a service that Microsoft does not offer in the user's country (ProhibitedInUsageLocationViolation). Choose a product without it in the roster, or disable the service there (`disabled_plans`), then make a new plan. If the usage location itself is wrong, correct it first."),
        "no_seat": Message("No seat of the target was available (CountViolation). Buy seats, then run the same apply again or make a new plan. Until then the user keeps the old license."),
        "conflict": Message("Two services conflict (MutuallyExclusiveViolation). Disable the target's service in the roster (`disabled_plans`), or choose a different target, and make a new plan."),
        "dependency": Message("A service needs another one that is disabled or missing (DependencyViolation). Take that one out of `disabled_plans` in the roster, or choose a target that includes it, and make a new plan."),
        "inherited": Message("The license comes from a group. Name that group under [groups] swap and make a new plan: it adds the target to the group and removes the old product in one change. Or leave the group as it is: assign the target directly to the user, and only when that works have the owner take the user out of the group."),
        "unknown_sku": Message("The tenant does not have this product. Check the subscription and make a new plan."),
        "company_sku": Message("The product is licensed for the whole organization. Choose a different target and make a new plan."),
        "unknown_plan": Message("The services of the product have changed since the plan was made. Make a new plan."),
        "duplicate_address": Message("Another object has the same proxy address (UniquenessViolation). Correct the address, then make a new plan."),
        "restricted_management": Message("Graph does not let this app change the user, for example because of a restricted management administrative unit. Ask an administrator who may to assign the target and remove the old license manually in one change, or remove the user from the unit and make a new plan."),
        "role_assignable": Message("Graph does not let this app change the group (403). The group can be assigned to Entra roles, and Microsoft does not say which permission its licenses then take: it may be RoleManagement.ReadWrite.Directory. Grant the app that permission, or have an administrator with the role Privileged Role Administrator add the target to the group and remove the old product in one change; then make a new plan."),
        "gone": Message("The user no longer exists."),
        "already_gone": Message("The old license had already been removed when the request arrived. Make a new plan: it shows what the user has now. A user who has no license is assigned the target manually."),
        "review": Message("Graph refused for a reason that this version of reseat does not know. Read Graph's message in the detail, resolve what it names and make a new plan. Until then the user keeps the old license."),
        "member_error": Message("The group's new license could not be given to this member, who keeps the old one: the detail names the error (CountViolation: no seat; MutuallyExclusiveViolation: a service conflicts; DependencyViolation: a service needs another one; ProhibitedInUsageLocationViolation: not offered in the country; UniquenessViolation: a proxy address is used twice). Resolve it, then reprocess the user's licenses in the admin center."),
        "accepted_then_error": Message("Graph accepted the change, and then the assignment had an error: the detail says what the user lost and since when. Resolve the error in the admin center, or assign the old product there again. `reseat undo` gives it back to everyone whom the plan changed, these users first."),
    }
)

UNDO_NO_SEAT = Message("No seat of the old product is available for this user (Graph would answer CountViolation). Free seats of it, or buy more if it is still sold, and run `reseat undo` again. Until then the user keeps the new license.")

OTHER_REMEDIES: Mapping[str, Message] = MappingProxyType(
    {
        "group_processing": Message("Microsoft Entra is still processing the group that this user is in. Run the same apply again: it looks again and sends nothing twice."),
        "group_not_sent": Message("The change of the group that this user is in was not sent yet. Run the same apply again: it continues where it stopped."),
        "group_drifted": Message("Somebody else has changed the group that this user is in, or who is in it, since the plan was made, so nothing was sent to it. Make a new plan."),
        "group_gone": Message("The group that this user was in no longer exists, so nothing was sent to it. Make a new plan."),
        "turned_direct": Message("Entra turned the license that came from the group into a direct one, because something else of the user depends on it. Make a new plan: it moves the direct license."),
        "left_group": Message("Somebody has taken the user out of the group during the run, so the group gives this user nothing. If the user is to have the target, assign it directly in the admin center."),
        "changed_by_others": Message("Somebody else has changed this user's licenses since the plan was made. Make a new plan. If the user has neither the old nor the new product now, assign the target manually at once: a plan does not."),
        "group_stays": Message("The license comes from a group that the undo leaves as it is; the plan says at the group why, and what to do. Until then the user keeps the new license."),
        "changed_by_run": Message("Another run of reseat has changed this user's licenses since: the detail names it. If that was intended, there is nothing to do; `reseat verify` of that run shows how it ended."),
        "move_undone": Message("The user was moved, and somebody else has changed the licenses since. Make a new plan. If the user has neither the old nor the new product now, assign the target manually at once: a plan does not."),
        "unproven": Message("A change was sent, and its result cannot be seen in the tenant yet. Run the same apply again: it checks before it changes anything."),
        "not_sent": Message("Run the same apply again: it continues where it stopped."),
        "no_effect": Message("The request was sent and had no effect. Run the same apply again."),
        "user_not_found": Message("The user no longer exists or is in Deleted users. If the user is to come back, restore the user there, make a new plan and apply it."),
        "seats_taken": Message("Somebody else used seats of the target during the run (CountViolation). Buy seats, then run the same apply again. Until then the user keeps the old license."),
        "residual_holder": Message("The user still has the old product and was not in the plan. Extend [scope] or the rules so that they include this user, and make a new plan: it assigns the target and removes the old product in one change. Do not remove the old license alone: that would leave the user unlicensed."),
        "group_carries_source": Message("Whoever joins this group gets the old product. Add the target to the group and remove the old product from it in one change; remove it alone only if the group has no members."),
        "soft_deleted_holder": Message("Restoring this user would bring the old license back. If the user is to come back, restore the user, make a new plan and apply it. If not, wait until the 30 days are over, or delete the user permanently."),
        "permission": Message("Graph refuses changes (403). Grant the application permission LicenseAssignment.ReadWrite.All with admin consent, then run the same apply again: it continues where it stopped."),
        "unauthorized": Message("Graph no longer accepted the sign-in. Check the credential, then run the same apply again: it continues where it stopped."),
        "wrong_body": Message("Graph rejected the request as malformed, which is a fault of reseat: please report it. Nothing was changed for this user."),
        "unknown_status": Message("Graph gave a response that this version of reseat does not know. Read it in the journal, then run the same apply again: it checks before it changes anything."),
        "location_replicating": Message("The new usage location has not reached the licensing service yet. Run the same apply again. Until then the user keeps the old license."),
        "throttled": Message("Graph throttled the change. Run the same apply again. Until then the user keeps the old license."),
        "locked": Message("Another operation had locked the user. Run the same apply again. Until then the user keeps the old license."),
        "unavailable": Message("Graph was unavailable. Run the same apply again. Until then the user keeps the old license."),
        "concurrent_write": Message("Another change to this user was in progress (Directory_ConcurrencyViolation). Run the same apply again. Until then the user keeps the old license."),
        "server_error": Message("The response does not say whether the change was made. Run the same apply again: it checks before it changes anything."),
        "conflicting_state": Message("The response does not say whether the change was made. Run the same apply again: it checks before it changes anything."),
        "failed_dependency": Message("The response does not say whether the change was made. Run the same apply again: it checks before it changes anything."),
        "unexpected_success": Message("The response does not say whether the change was made. Run the same apply again: it checks before it changes anything."),
        "missing_answer": Message("The response does not say whether the change was made. Run the same apply again: it checks before it changes anything."),
        "lost_reply": Message("The response does not say whether the change was made. Run the same apply again: it checks before it changes anything."),
        "unreadable": Message("The response does not say whether the change was made. Run the same apply again: it checks before it changes anything."),
        "not_graph": Message("Something between this computer and Graph answered, such as a proxy or a sign-in page, so it is not known whether the change was made. Allow the traffic to Graph, then run the same apply again: it checks before it changes anything."),
    }
)
# fmt: on


def group_remedy(reason: str, *, changed: bool = False) -> Message:
    """Return the sentence for the reason code of a group that a plan leaves as it is, or that it sets out to change."""
    code = reason.partition(":")[0].strip()
    return (CHANGED_GROUP_REMEDIES if changed else GROUP_REMEDIES).get(code) or remedy(code, refused=changed)


def remedy(reason: str, *, refused: bool = False, undo: bool = False) -> Message:
    """Return the sentence for a reason code; a code that holds and refusals share has one for each.

    In an `undo` no roster names another target.
    """
    code = reason.partition(":")[0].strip()
    if undo and code == "no_seat" and not refused:
        return UNDO_NO_SEAT
    first, second = (REFUSAL_REMEDIES, HOLD_REMEDIES) if refused else (HOLD_REMEDIES, REFUSAL_REMEDIES)
    for table in (first, second, OTHER_REMEDIES):
        if code in table:
            return table[code]
    return Message("")
