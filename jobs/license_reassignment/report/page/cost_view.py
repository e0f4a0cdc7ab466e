"""What a page, the summary and the terminal say of money: the finding's own amounts, written as a language does."""

from __future__ import annotations

from connectors.message import Message
from jobs.license_reassignment.model.cost import Cost, Sum
from jobs.license_reassignment.report.words import Words


class CostView:
    """The cost, ready for a template: amounts with their currency, and in words what is not known and why."""

    convention = Message(
        "List prices from [prices] in the settings, not from Microsoft Graph, which has no prices. A month is the "
        "price times the seats; a day is 12/365 of a month."
    )

    def __init__(self, cost: Cost, words: Words) -> None:
        self._cost, self._t = cost, words

    def money(self, amount: str) -> str:
        """Write an amount with its currency; one that is not known for want of a price says so."""
        return self._t.money(amount, self._cost.currency) if amount else self._t("no price")

    @property
    def figures(self) -> tuple[tuple[str, str], ...]:
        """Label and amount of what somebody who decides asks first."""
        c, t = self._cost, self._t
        seats = t("{n} seat", "{n} seats", n=sum(line.seats for line in c.saved))
        saved = f"{self._told(c.saved_per_month)} ({seats})" if c.saved else t("nothing yet")
        return (
            (t("Old products per month"), self._told(c.old_per_month)),
            (t("New products per month"), self._told(c.new_per_month)),
            (t("Old products until they end"), self._until_end()),
            (t("Paid twice"), self._told(c.paid_twice_in_all)),
            (t("Saved per month by returning seats"), saved),
        )

    @property
    def sentence(self) -> str:
        """The same in one line."""
        return "; ".join(f"{label}: {amount}" for label, amount in self.figures)

    @property
    def no_end(self) -> str:
        """Say of how many subscriptions nobody knows the end; "" where all are known."""
        if not self._cost.no_end:
            return ""
        return self._t(
            "Microsoft Graph gives no date for {n} old subscription: its cost until the end is not known, and what is "
            "paid twice is counted until the day of this verification.",
            "Microsoft Graph gives no date for {n} old subscriptions: their cost until the end is not known, and what "
            "is paid twice is counted until the day of this verification.",
            n=len(self._cost.no_end),
        )

    def _until_end(self) -> str:
        told, n = self._cost.old_until_end, len(self._cost.no_end)
        if not n:
            return self._told(told)
        if not told.amount and not told.left_out:
            return self._t("not known: Microsoft Graph gives no date")
        return self._t(
            "{amount}, without {n} subscription whose end is not known",
            "{amount}, without {n} subscriptions whose end is not known",
            amount=self._told(told),
            n=n,
        )

    def _told(self, told: Sum) -> str:
        if not told.left_out:
            return self.money(told.amount) if told.amount else self._t("not known")
        names = ", ".join(map(self._t.names.product, told.left_out))
        if not told.amount:
            return self._t("no price for {skus}", skus=names)
        return self._t("{amount}, without {skus} (no price)", amount=self.money(told.amount), skus=names)
