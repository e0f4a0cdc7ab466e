"""What every section of the report can say: names of products, links, and the counts that several show."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from connectors.message import Message
from jobs.license_reassignment.model.reasons import QUIET
from jobs.license_reassignment.reconcile.findings import FINE
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.page import links
from jobs.license_reassignment.report.words import Words

LIST_FIRST = 10  # rows of a list in sight
REASON_MAX = 30  # rows of a list for one reason: there are as many lists as reasons
LIST_MAX = 100  # rows of a list in the page, before it names the file with the rest
NAMES_NO_PERSON = Message(
    "Pseudonymised: it names no person. Only with the key, which is not in this folder, can anybody tell who is who."
)


class ReportSection:
    """A finding, and the language that it is told in."""

    fine = FINE
    first = LIST_FIRST
    most = LIST_MAX
    most_of_reason = REASON_MAX
    learn = links.LEARN

    def __init__(self, r: Reconciliation, words: Words) -> None:
        self._r = r
        self._t = words

    def sku(self, sku_id: str, part_number: str) -> str:
        """Return the product's name, or its part number, or its id."""
        return self._t.names.product(sku_id, part_number)

    def sku_list(self, joined: str) -> str:
        """Return the names of part numbers joined by a plus, joined the same way."""
        return " + ".join(self.sku(token, token) for token in joined.split("+"))

    def skus(self, tokens: Sequence[str]) -> str:
        """Return the products' names joined by a comma."""
        return ", ".join(self.sku(token, token) for token in tokens)

    @property
    def admin_center(self) -> str:
        """The Entra admin center of the tenant's cloud; "" where nobody is named."""
        return "" if self._r.pseudonymised else links.admin_center(self._r.domains)

    def page_of(self, object_id: str, how: str = "") -> str:
        """Return the address of a user or a group in the admin center, "" where there is none."""
        if not self.admin_center or how == "soft_deleted":
            return ""
        return links.page_of(self.admin_center, object_id, group=how == "group")

    def link(self, outcome: str, reason: str = "") -> str:
        """Return the fragment that opens the user table on these rows."""
        return "#users?" + urlencode({"outcome": outcome, **({"reason": reason.partition(":")[0]} if reason else {})})

    @property
    def proven(self) -> int:
        """Users whose outcome is fine."""
        return sum(getattr(self._r.totals, outcome) for outcome in FINE)

    @property
    def attention(self) -> int:
        """Users whose outcome is anything else and asks something of somebody."""
        return self._r.totals.in_scope - self.proven - self._quiet

    @property
    def _quiet(self) -> int:
        return sum(self._r.held_by_reason.get(reason, 0) for reason in QUIET)

    @property
    def still(self) -> int:
        """Users who hold a source SKU now, in whichever way."""
        return self._r.residual.users_direct + self._r.residual.users_inherited
