"""The outside world; it never imports `jobs`, and of it the job knows the nouns, the roster and the catalog alone.

`graph` speaks to Microsoft Graph, `sandbox` is a tenant of our own behind the same HTTP, `notify` tells a web address
that a command has ended. `roster` reads what people wish, `catalog` knows what Microsoft sells. Everything else is
nouns: what a tenant holds (`tenant`, `audit_log`), what is asked of it (`changes`), what may go wrong (`errors`), and
facts that more than one room needs (`limits`, `countries`, `ids`, `utc`, `clock`, `proxy`).
"""
