"""What a person does about each gate that is not passed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connectors.message import Message

UNREAD = Message("Grant the app the permission to read this (docs/permissions.md), then run `reseat verify` again.")
BOUND_ADDONS = Message(
    "Buy these add-ons as standalone subscriptions, declare them as `standalone` under [declare] addons, then"
    " run `reseat verify` again."
)
OWNED_BY_PARTNER = Message(
    'Set [declare] purchase_channel = "partner", or find out why another tenant owns the subscription; then '
    "run `reseat verify` again."
)

GROUPS_AT_WORK = Message("Run `reseat apply` again first: it finishes the groups that the plan is still changing.")

LEFT_BY_CHOICE = Message(
    "They keep it by choice (`leave`): instead of canceling the old subscription, reduce it to as many seats as it has "
    "users, and keep it for them. To move one after all, enter a target in the rule or roster row, then make a new "
    "plan and apply it."
)

GATE_REMEDIES: Mapping[str, Message] = MappingProxyType(
    {
        "no_direct_holders": Message(
            "For each of them, do what actions.csv says, then make a new plan and apply it: it assigns the "
            "target and removes the old product in one change. Do not remove the old license alone: that "
            "would leave them unlicensed."
        ),
        "no_inherited_holders": Message(
            "On each group that actions.csv names, add the target and remove the old product in one change, "
            "never the old product alone. A user who has left the group, and whose license has an error, is "
            "first assigned the target directly and then reprocessed. Run `reseat verify` again when the "
            "members have been processed."
        ),
        "no_group_carries_source": Message(
            "On each group with members, add the target and remove the old product in one change. Remove it "
            "alone only from a group that has no members: the next member would get it. Then run `reseat "
            "verify` again."
        ),
        "no_soft_deleted_holders": Message(
            "Restore the users who are to come back, make a new plan and apply it. For the others, wait until"
            " their 30 days are over, or delete them permanently. Then run `reseat verify` again."
        ),
        "source_family_clear": Message(
            "Add them to [source] skus, make a new plan and apply it. This verdict does not cover them, and "
            "an edition with seats can be assigned again."
        ),
        "consumed_is_zero": Message(
            "Microsoft still counts seats in use. Do what the other failed gates and actions.csv say, then "
            "run `reseat verify` again later: Graph's count may lag behind."
        ),
        "no_in_doubt": Message(
            "Run `reseat apply` again: it checks before it changes anything. Then run `reseat verify` again."
        ),
        "nothing_pending": Message(
            "Run `reseat apply` again (with `--wave` after a wave that stops), or make a new plan and apply "
            "it. Then run `reseat verify` again."
        ),
        "targets_ready": Message(
            "Wait until the services of the new product are provisioned, or renew its subscription: users "
            "work with it. Then run `reseat verify` again."
        ),
        "nobody_bare": Message(
            "Assign the target to each of them manually at once: mailbox data is kept for only 30 days, and a"
            " plan assigns nothing to a user who has no license. Then run `reseat verify` again."
        ),
        "nothing_lost_unaccepted": Message(
            "Give each of them the service back at once: resolve the error of the assignment, or also assign "
            "a product that includes the service. Then run `reseat verify` again."
        ),
        "books_balance": Message(
            "Run `reseat verify` again later: Graph's counts may lag behind. If they still differ, search the"
            " audit log for changes by somebody else."
        ),
        "addons_declared": Message(
            "Graph does not show this. Declare each add-on under [declare] addons, for example { MCOEV = "
            '"standalone" }, then run `reseat verify` again.'
        ),
        "not_last_data_subscription": Message(
            "Keep the old subscription: no other product includes mailboxes or files. After you have bought "
            "one that does, and moved everyone to it with a new plan, run `reseat verify` for that plan."
        ),
        "purchase_channel_declared": Message(
            'Set [declare] purchase_channel to "direct", "partner" or "volume", whichever is true, then run '
            "`reseat verify` again."
        ),
        "verified_after_last_write": Message("Run `reseat verify` again."),
    }
)
