"""What is said of the run over time, in each language."""

from __future__ import annotations

EN = {
    "progress.title": "Progress over time",
    "progress.intro": "When users were moved, by the journal. Where the line is flat, nobody was.",
    "progress.one": "{n} user was moved, at {last}.",
    "progress.at_once": "{n} users were moved, all at {last}.",
    "progress.many": "{n} users were moved, the first at {first}, the last at {last}.",
    "progress.until": "Until (UTC)",
    "progress.users": "Users",
    "progress.total": "In all",
    "progress.wave": "Wave complete",
}

NL = {
    "progress.title": "Voortgang in de tijd",
    "progress.intro": "Wanneer gebruikers zijn overgezet, volgens het journaal. Waar de lijn vlak is, was dat niemand.",
    "progress.one": "{n} gebruiker is overgezet, op {last}.",
    "progress.at_once": "{n} gebruikers zijn overgezet, alle op {last}.",
    "progress.many": "{n} gebruikers zijn overgezet, de eerste op {first}, de laatste op {last}.",
    "progress.until": "Tot (UTC)",
    "progress.users": "Gebruikers",
    "progress.total": "Samen",
    "progress.wave": "Ronde voltooid",
}
