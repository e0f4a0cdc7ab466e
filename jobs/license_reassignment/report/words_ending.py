"""What is said of the end of a subscription, of Microsoft's own record and of what changed since, in each language."""

from __future__ import annotations

EN = {
    "verdict.after.question": "Is everything well after the end of {sources}?",
    "verdict.after.go": "Yes. It is over, everybody who was fine still is, and all gates are passed.",
    "advice.after": "Nothing more to do; keep this report",
    "page.no_names": "Pseudonymised: no names",
    "page.no_names.classification": (
        "Pseudonymised: it names no person. Whoever has the key, which is not in this folder, can tell who is who."
    ),
    "fact.operator.value": "{who} on {host}",
    "fact.identities": "Apps",
    "ending.title": "How the old subscription ends",
    "ending.intro": "Counted from {day}, the day of this verification. reseat itself cancels nothing.",
    "ending.not_yet": (
        "Nothing is to be ended now: the answer is not yet GO. With a GO this section says by which route, and what "
        "follows when."
    ),
    "ending.dates.not_yet": "What Microsoft Graph itself names, whatever anybody does.",
    "ending.route": "Route",
    "ending.otherwise": "Or else",
    "ending.cancel": (
        "Cancel it, do not delete it: deleting skips every period of grace and takes the content of SharePoint and "
        "OneDrive at once."
    ),
    "ending.dates": "What lapses when",
    "ending.dates.why": (
        "Microsoft's own date comes first. Typical dates count from a cancellation on the day of this verification, or "
        "from the day on which it ends by itself."
    ),
    "ending.date": "Date",
    "ending.what": "What happens",
    "ending.by": "Who says so",
    "ending.typical": "typical: {days} days after",
    "ending.at_once": "typical: at once",
    "ending.no_date": (
        "Microsoft Graph names no date for this subscription, so none can follow from it: look it up under "
        "Billing, Your products."
    ),
    "ending.domains": "Do not remove these domains",
    "ending.domains.why": (
        "Another subscription goes on serving them. Whoever removes a domain throws its users back to their "
        ".onmicrosoft.com address."
    ),
    "ending.domain": "Domain",
    "ending.domain.users": "Users read here",
    "ending.overlap": "Paid twice",
    "ending.overlap.why": "Seats times days since both were there. No money: prices are not in Microsoft Graph.",
    "ending.since": "Since",
    "ending.days": "Days",
    "ending.both": "Seats in both",
    "ending.seat_days": "Seat-days",
    "ending.back": "New seats that nobody uses",
    "ending.unused": "Unused",
    "ending.bought": "Bought",
    "ending.until": "To be returned until",
    "ending.until.open": "{day}, still open",
    "ending.until.over": "{day}, over; at the next renewal",
    "ending.idle": "Accounts that may need no seat",
    "ending.idle.why": (
        "Their sign-in is blocked. A shared mailbox or a room up to 50 GB needs no license; decide before you buy "
        "or renew."
    ),
    "ending.over_assigned": (
        "{sku} has more holders than seats. That often follows a reduction of seats; there are 90 days to settle it."
    ),
    "route.online": "cancel online: it has 25 seats or fewer",
    "route.reduce_first": "reduce it to 25 seats or fewer, then cancel online",
    "route.recurring_off": "switch recurring billing off; it ends on its date",
    "route.within_window": "cancel it within 7 days of its purchase",
    "route.partner": "the partner who sold it cancels it",
    "route.volume": "leave it out of the next order of the volume agreement",
    "route.support": "ask Microsoft's support",
    "route.undeclared": "not known: declare how it was bought",
    "route.ended": "nothing: it is over already",
    "due.next_state": "Microsoft changes its state by itself",
    "due.deleted": "it is deleted",
    "due.disabled": "users lose what only it gives",
    "due.data_at_risk": "data left behind may go from here on",
    "due.last_reactivation": "last day to reactivate it with its data",
    "due.data_gone": "its data is gone at the latest",
    "basis.graph": "Microsoft Graph",
    "witness.title": "Microsoft's own record",
    "witness.intro": (
        "Entra writes its own audit log, which neither we nor an administrator can change. Records appear some "
        "minutes late and are kept for 7 or 30 days."
    ),
    "witness.missing": "Changes without a record",
    "witness.foreign": "Records that are no change of ours",
    "witness.at": "Time",
    "witness.record": "Record",
    "testimony.exported": (
        "{matched} of {writes} changed users have their record in the audit log, and {missing} have none yet. The "
        "{records} records in audit-log.jsonl are these {matched}, {further} of further attempts (refused, or sent "
        "again), and {foreign} under our app id that are no change of ours."
    ),
    "testimony.runs": " Not counted here: {other_runs} more of other runs of ours.",
    "testimony.not_permitted": (
        "Not exported: the permission AuditLog.Read.All is not granted, or this cloud has no such log. {writes} "
        "changed users stand on our own reads alone."
    ),
    "testimony.nothing_written": "Nothing was written, so there is nothing to match.",
    "testimony.not_asked": "It was not asked for.",
    "since.title": "Since the last verification",
    "since.intro": "Compared with {when}: {verdict}.",
    "since.same": "Nothing is different: no gate, no user and no holder of the old product.",
    "since.gates": "Gates that turned",
    "since.users": "Users whose outcome changed",
    "since.before": "Then",
    "since.now": "Now",
    "since.appeared.one": "{n} holder of the old product appeared.",
    "since.appeared.many": "{n} holders of the old product appeared.",
    "since.vanished.one": "{n} holder of the old product vanished.",
    "since.vanished.many": "{n} holders of the old product vanished.",
    "after.title": "After the cancellation",
    "after.intro": "Looked at again after the end of the old subscription.",
    "after.check": "Question",
    "check.source_ended": "The old subscription is over",
    "check.targets_fine": "The new products are active and complete",
    "check.nobody_lost": "Nobody who was fine has lost anything",
    "check_not.source_ended": "the old subscription is not over",
    "check_not.targets_fine": "a new product is not active and complete",
    "check_not.nobody_lost": "somebody who was fine is not any more",
}

NL = {
    "verdict.after.question": "Is na het einde van {sources} alles in orde?",
    "verdict.after.go": "Ja. Het is voorbij, iedereen die in orde was is dat nog, en alle poorten staan open.",
    "advice.after": "Niets meer te doen; bewaar dit rapport",
    "page.no_names": "Gepseudonimiseerd: zonder namen",
    "page.no_names.classification": (
        "Gepseudonimiseerd: er staat geen naam in. Wie de sleutel heeft, die niet in deze map ligt, weet wie wie is."
    ),
    "fact.operator.value": "{who} op {host}",
    "fact.identities": "Apps",
    "ending.title": "Hoe het oude abonnement eindigt",
    "ending.intro": "Geteld vanaf {day}, de dag van deze controle. reseat zegt zelf niets op.",
    "ending.not_yet": (
        "Nu is niets te beëindigen: het antwoord is nog geen GO. Bij een GO zegt dit deel langs welke weg, en wat "
        "daarna wanneer volgt."
    ),
    "ending.dates.not_yet": "Wat Microsoft Graph zelf noemt, wat iemand ook doet.",
    "ending.route": "Route",
    "ending.otherwise": "Of anders",
    "ending.cancel": (
        "Zeg het op, verwijder het niet: verwijderen slaat elke respijttijd over en neemt de inhoud van SharePoint "
        "en OneDrive meteen weg."
    ),
    "ending.dates": "Wat wanneer vervalt",
    "ending.dates.why": (
        "De datum van Microsoft zelf gaat voor. Gebruikelijke datums tellen vanaf een opzegging op de dag van deze "
        "controle, of vanaf de dag waarop het vanzelf eindigt."
    ),
    "ending.date": "Datum",
    "ending.what": "Wat er gebeurt",
    "ending.by": "Wie dat zegt",
    "ending.typical": "gebruikelijk: {days} dagen later",
    "ending.at_once": "gebruikelijk: meteen",
    "ending.no_date": (
        "Microsoft Graph noemt geen datum voor dit abonnement, dus volgt er hier geen: zoek hem op bij Facturering, "
        "Uw producten."
    ),
    "ending.domains": "Verwijder deze domeinen niet",
    "ending.domains.why": (
        "Een ander abonnement blijft ze bedienen. Wie een domein verwijdert, zet zijn gebruikers terug op hun "
        ".onmicrosoft.com-adres."
    ),
    "ending.domain": "Domein",
    "ending.domain.users": "Hier gelezen gebruikers",
    "ending.overlap": "Dubbel betaald",
    "ending.overlap.why": "Plaatsen maal dagen sinds beide er zijn. Geen geld: prijzen staan niet in Microsoft Graph.",
    "ending.since": "Sinds",
    "ending.days": "Dagen",
    "ending.both": "Plaatsen in beide",
    "ending.seat_days": "Plaatsdagen",
    "ending.back": "Nieuwe plaatsen die niemand gebruikt",
    "ending.unused": "Ongebruikt",
    "ending.bought": "Gekocht",
    "ending.until": "Terug te geven tot",
    "ending.until.open": "{day}, kan nog",
    "ending.until.over": "{day}, voorbij; bij de volgende verlenging",
    "ending.idle": "Accounts die misschien geen plaats nodig hebben",
    "ending.idle.why": (
        "Hun aanmelding is geblokkeerd. Een gedeeld postvak of een ruimte tot 50 GB heeft geen licentie nodig; "
        "beslis voordat u koopt of verlengt."
    ),
    "ending.over_assigned": (
        "{sku} heeft meer houders dan plaatsen. Dat volgt vaak op een vermindering van plaatsen; er zijn 90 dagen "
        "om het op te lossen."
    ),
    "route.online": "online opzeggen: het heeft 25 plaatsen of minder",
    "route.reduce_first": "verminderen tot 25 plaatsen of minder, dan online opzeggen",
    "route.recurring_off": "terugkerende facturering uitzetten; het eindigt op zijn datum",
    "route.within_window": "opzeggen binnen 7 dagen na de aankoop",
    "route.partner": "de partner die het verkocht zegt het op",
    "route.volume": "weglaten uit de volgende bestelling van de volumeovereenkomst",
    "route.support": "vraag het de ondersteuning van Microsoft",
    "route.undeclared": "niet bekend: verklaar hoe het gekocht is",
    "route.ended": "niets: het is al voorbij",
    "due.next_state": "Microsoft wijzigt de status vanzelf",
    "due.deleted": "het wordt verwijderd",
    "due.disabled": "gebruikers verliezen wat alleen dit abonnement geeft",
    "due.data_at_risk": "achtergebleven gegevens kunnen vanaf hier verdwijnen",
    "due.last_reactivation": "laatste dag om het met zijn gegevens te reactiveren",
    "due.data_gone": "zijn gegevens zijn uiterlijk dan weg",
    "basis.graph": "Microsoft Graph",
    "witness.title": "Wat Microsoft zelf heeft vastgelegd",
    "witness.intro": (
        "Entra houdt een eigen auditlogboek bij, dat noch wij noch een beheerder kunnen wijzigen. Regels verschijnen "
        "enkele minuten later en blijven 7 of 30 dagen bewaard."
    ),
    "witness.missing": "Wijzigingen zonder regel",
    "witness.foreign": "Regels die geen wijziging van ons zijn",
    "witness.at": "Tijd",
    "witness.record": "Regel",
    "testimony.exported": (
        "{matched} van {writes} gewijzigde gebruikers hebben hun regel in het auditlogboek, en {missing} hebben er nog "
        "geen. De {records} regels in audit-log.jsonl zijn deze {matched}, {further} van verdere pogingen (geweigerd, "
        "of opnieuw verstuurd), en {foreign} onder onze app-id die geen wijziging van ons zijn."
    ),
    "testimony.runs": " Hier niet meegeteld: nog {other_runs} van andere runs van ons.",
    "testimony.not_permitted": (
        "Niet opgehaald: de machtiging AuditLog.Read.All ontbreekt, of deze cloud heeft dit logboek niet. {writes} "
        "gewijzigde gebruikers rusten alleen op wat wij zelf lazen."
    ),
    "testimony.nothing_written": "Er is niets geschreven, dus is er niets te vergelijken.",
    "testimony.not_asked": "Er is niet naar gevraagd.",
    "since.title": "Sinds de vorige controle",
    "since.intro": "Vergeleken met {when}: {verdict}.",
    "since.same": "Er is niets veranderd: geen poort, geen gebruiker en geen houder van het oude product.",
    "since.gates": "Poorten die veranderden",
    "since.users": "Gebruikers met een andere uitkomst",
    "since.before": "Toen",
    "since.now": "Nu",
    "since.appeared.one": "{n} houder van het oude product kwam erbij.",
    "since.appeared.many": "{n} houders van het oude product kwamen erbij.",
    "since.vanished.one": "{n} houder van het oude product verdween.",
    "since.vanished.many": "{n} houders van het oude product verdwenen.",
    "after.title": "Na de opzegging",
    "after.intro": "Opnieuw bekeken na het einde van het oude abonnement.",
    "after.check": "Vraag",
    "check.source_ended": "Het oude abonnement is voorbij",
    "check.targets_fine": "De nieuwe producten zijn actief en volledig",
    "check.nobody_lost": "Niemand die in orde was heeft iets verloren",
    "check_not.source_ended": "het oude abonnement is niet voorbij",
    "check_not.targets_fine": "een nieuw product is niet actief en volledig",
    "check_not.nobody_lost": "iemand die in orde was is dat niet meer",
}
