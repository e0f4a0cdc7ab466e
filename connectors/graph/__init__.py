"""Microsoft Graph through msgraph-sdk and azure-identity.

`client` has the verbs; `reads` and `writes` carry them out over the one `channel`, which signs in (`sign_in`), waits
its turn (`turns`), asks again (`retry`) and sends (`transport`). The rest is pure: how long to wait (`pace`), what
travels (`wire`, `batch`), and what an answer means (`answer`, `verdicts`, `stranger`, `redact`).
"""
