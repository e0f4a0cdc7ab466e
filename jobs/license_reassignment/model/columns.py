"""The columns of users.csv and actions.csv: no column of a roster may have such a name. Pure."""

USERS_COLUMNS = (
    "id",
    "user_principal_name",
    "outcome",
    "reason",
    "rule",
    "before_skus",
    "target_skus",
    "after_skus",
    "plans_kept_off",
    "plans_new_on",
    "plans_lost",
    "sigil",
    "applied_at",
    "request_id",
    "wave",
    "display_name",
    "remedy",
    "detail",
    "usage_location_set",
    "acknowledged_by",
    "entra_department",
    "entra_usage_location",
)


ACTION_COLUMNS = (
    "user_principal_name",
    "id",
    "kind",
    "reason",
    "subject",
    "remedy",
    "owner",
    "due",
    "justification",
    "backup_acknowledged_by",
    "target",
    "voice",
    "legal_hold",
    "detail",
)
