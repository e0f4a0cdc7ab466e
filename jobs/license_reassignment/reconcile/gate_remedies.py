"""What a person does about each gate that is not passed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from jobs.license_reassignment.model.message import Message

UNREAD = Message("Grant the app the permission to read them (docs/permissions.md), then run `reseat verify` again.")
BOUND_ADDONS = Message(
    "Have these add-ons bought as standalone ones, declare them `standalone` under [declare] addons, then run `reseat "
    "verify` again."
)
OWNED_BY_PARTNER = Message(
    "Declare [declare] purchase_channel = partner, or have it explained why another tenant owns it; then run `reseat "
    "verify` again."
)

GATE_REMEDIES: Mapping[str, Message] = MappingProxyType(
    {
        "no_direct_holders": Message(
            "Do for each of them what actions.csv says, then make a new plan and apply it: it adds the target and "
            "removes the source in one change. Taking the old license away alone would leave them without."
        ),
        "no_inherited_holders": Message(
            "On each group that actions.csv names, add the target and remove the source in one change, never the source"
            " alone. A user who has left the group and keeps its license in error is first given the target directly, "
            "then reprocessed. Run `reseat verify` again when the members are through."
        ),
        "no_group_carries_source": Message(
            "On each group with members, add the target and remove the source in one change; remove it alone only from "
            "a group that has none: the next member would receive it."
        ),
        "no_soft_deleted_holders": Message(
            "Who is to come back is restored and moved by a new plan; for the others wait until their 30 days are over,"
            " or delete them for good."
        ),
        "source_family_clear": Message(
            "Add them to [source] skus, make a new plan and apply it: this verdict does not cover them, and an edition "
            "with seats can be handed out again."
        ),
        "consumed_is_zero": Message(
            "Seats still count as used. Settle what the other gates and actions.csv say, then run `reseat verify` again"
            " later: Graph's count may lag."
        ),
        "no_in_doubt": Message("Run `reseat apply` again: it reads before it writes. Then run `reseat verify` again."),
        "nothing_pending": Message(
            "Run `reseat apply` again (past a wave that stops with `--wave`), or make a new plan and apply it. Then run"
            " `reseat verify` again."
        ),
        "targets_ready": Message(
            "Wait until the target's service plans are set up, or renew its subscription: people work with it. Then run"
            " `reseat verify` again."
        ),
        "nobody_bare": Message(
            "Assign the target to each of them by hand at once: mailbox data is kept for 30 days only, and a plan gives"
            " no license to somebody who has none. Then run `reseat verify` again."
        ),
        "nothing_lost_unaccepted": Message(
            "Give each of them the service back at once: repair the license that is in error, or assign one that has "
            "the service beside it. Then run `reseat verify` again."
        ),
        "books_balance": Message(
            "Look again later: Graph's counts may lag. Then search the audit log for changes by others."
        ),
        "addons_declared": Message(
            'Graph does not say it: declare each under [declare] addons, e.g. { MCOEV = "standalone" }, then run '
            "`reseat verify` again."
        ),
        "not_last_data_subscription": Message(
            "Keep the old subscription: nothing else carries mailboxes and files. Once a product that does is bought, "
            "and everybody was moved to it by a new plan, run `reseat verify` of that plan."
        ),
        "purchase_channel_declared": Message(
            "Declare [declare] purchase_channel = direct, partner or volume, whichever is true, then run `reseat "
            "verify` again."
        ),
        "verified_after_last_write": Message("Run `reseat verify` again."),
    }
)
