"""What the evidence says in sentences, in Dutch: gates, incidents, the look after a cancellation, and advice."""

from __future__ import annotations

GATES = {
    "{n} user holds a source SKU directly": "{n} gebruiker heeft het oude product rechtstreeks",
    "{n} users hold a source SKU directly": "{n} gebruikers hebben het oude product rechtstreeks",
    "{n} user holds a source SKU through a group only": "{n} gebruiker heeft het oude product alleen via een groep",
    "{n} users hold a source SKU through a group only": "{n} gebruikers hebben het oude product alleen via een groep",
    "groups could not be read": "de groepen konden niet worden gelezen",
    "no group carries a source SKU": "geen groep deelt het oude product uit",
    "{n} group carries a source SKU: {names}": "{n} groep deelt het oude product uit: {names}",
    "{n} groups carry a source SKU: {names}": "{n} groepen delen het oude product uit: {names}",
    "deleted users could not be read": "de verwijderde gebruikers konden niet worden gelezen",
    "no deleted user names a source SKU": "geen verwijderde gebruiker heeft nog het oude product",
    "{n} deleted user would bring a source SKU back: {names}": (
        "{n} verwijderde gebruiker zou bij herstel het oude product terugbrengen: {names}"
    ),
    "{n} deleted users would bring a source SKU back: {names}": (
        "{n} verwijderde gebruikers zouden bij herstel het oude product terugbrengen: {names}"
    ),
    "other editions of the source in this tenant: {names}": (
        "andere varianten van het oude product in deze tenant: {names}"
    ),
    "no other edition of the source product has holders or seats": (
        "geen andere variant van het oude product heeft houders of plaatsen"
    ),
    "{sku}: consumedUnits {n}": "{sku}: consumedUnits {n} (gebruikte plaatsen)",
    "the scans did not agree with each other or with consumedUnits": (
        "de metingen klopten niet met elkaar of niet met consumedUnits"
    ),
    "{n} change in doubt": "{n} onzekere wijziging",
    "{n} changes in doubt": "{n} onzekere wijzigingen",
    "{n} planned change not made": "{n} geplande wijziging niet uitgevoerd",
    "{n} planned changes not made": "{n} geplande wijzigingen niet uitgevoerd",
    "{sku}: {n} unexplained": "{sku}: {n} onverklaard",
    "every seat is explained for each source and target SKU": (
        "elke plaats is verklaard, voor elk oud en elk nieuw product"
    ),
    "last write none, this read began {time}": "geen wijziging verzonden; deze lezing begon op {time}",
    "last write {at}, this read began {time}": "laatste wijziging op {at}; deze lezing begon op {time}",
    "every target SKU is enabled and provisioned": "elk nieuw product is actief en volledig ingericht",
    "{n} user holds neither source nor target: {names}": (
        "{n} gebruiker heeft noch het oude, noch het nieuwe product: {names}"
    ),
    "{n} users hold neither source nor target: {names}": (
        "{n} gebruikers hebben noch het oude, noch het nieuwe product: {names}"
    ),
    "every user in scope holds the source or the target": (
        "elke gebruiker binnen het bereik heeft het oude of het nieuwe product"
    ),
    "{n} user lost a service nobody accepted: {names}": (
        "{n} gebruiker verloor een dienst zonder dat iemand daarmee instemde: {names}"
    ),
    "{n} users lost a service nobody accepted: {names}": (
        "{n} gebruikers verloren een dienst zonder dat iemand daarmee instemde: {names}"
    ),
    "no data service was lost or lowered without acceptance": (
        "geen dienst met gegevens ging zonder instemming verloren of achteruit"
    ),
    "not declared standalone or traditional: {names}": "niet verklaard, zelfstandig of gebonden: {names}",
    "bound to a base subscription and cancelled with it: {names}": (
        "gebonden aan een basisabonnement en daarmee opgezegd: {names}"
    ),
    "no add-on goes with the source": "geen add-on verdwijnt met het oude product",
    "data services are also carried by {names}": "diensten met gegevens zitten ook in {names}",
    "no other enabled SKU carries Exchange or SharePoint": ("geen ander actief product bevat Exchange of SharePoint"),
    "not declared: Graph does not show volume licensing": ("niet verklaard: Graph laat volumelicenties niet zien"),
    "declared: {word}": "verklaard: {word}",
    "declared: {word}, but a partner's tenant owns the subscription": (
        "verklaard: {word}, maar het abonnement is van de tenant van een partner"
    ),
}

TARGETS = {
    "{sku}: not in the tenant": "{sku}: niet in de tenant",
    "{sku}: capabilityStatus {word}, {n} enabled seat": "{sku}: capabilityStatus {word}, {n} actieve plaats",
    "{sku}: capabilityStatus {word}, {n} enabled seats": "{sku}: capabilityStatus {word}, {n} actieve plaatsen",
    "{sku}: subscription {words}": "{sku}: abonnement {words}",
    "{sku}: not provisioned: {names}": "{sku}: niet ingericht: {names}",
}

INCIDENTS = {
    "a request was sent that the plan does not hold": "er is een verzoek verzonden dat niet in het plan staat",
    "holds the target in error only and no source": "heeft het nieuwe product alleen met een fout, en het oude niet",
    "holds neither the source nor a target": "heeft noch het oude, noch een nieuw product",
    "holds the target in error only and no source, and was found moved before: somebody else took the license since": (
        "heeft het nieuwe product alleen met een fout, en het oude niet; was eerder aantoonbaar overgezet: iemand "
        "anders heeft de licentie daarna weggenomen"
    ),
    "holds neither the source nor a target, and was found moved before: somebody else took the license since": (
        "heeft noch het oude, noch een nieuw product; was eerder aantoonbaar overgezet: iemand anders heeft de "
        "licentie daarna weggenomen"
    ),
    "mailbox data is kept for {n} days": "de gegevens van het postvak blijven {n} dagen bewaard",
    "no request of ours was sent for this user": "voor deze gebruiker is door ons geen verzoek verzonden",
    "mailbox data is kept for {n} days: until {day} if our change took the license": (
        "de gegevens van het postvak blijven {n} dagen bewaard: tot {day}, als onze wijziging de licentie wegnam"
    ),
    "our change did not ask for it": "onze wijziging vroeg daar niet om",
    "{service}: {before} -> none": "{service}: {before} -> geen",
    "lost {sku}, not by us": "{sku} kwijt, niet door ons",
    "got {sku}, not by us": "{sku} gekregen, niet door ons",
    "lost {sku}, not by us (drifted)": "{sku} kwijt, niet door ons (door anderen gewijzigd)",
    "got {sku}, not by us (drifted)": "{sku} gekregen, niet door ons (door anderen gewijzigd)",
    "plans changed in {sku}, not by us": "diensten gewijzigd in {sku}, niet door ons",
    "lost {sku}, got {sku2}, not by us": "{sku} kwijt, {sku2} gekregen, niet door ons",
    "lost {sku}, plans changed in {sku2}, not by us": "{sku} kwijt, diensten gewijzigd in {sku2}, niet door ons",
    "got {sku}, plans changed in {sku2}, not by us": "{sku} gekregen, diensten gewijzigd in {sku2}, niet door ons",
    "lost {sku}, got {sku2}, plans changed in {sku3}, not by us": (
        "{sku} kwijt, {sku2} gekregen, diensten gewijzigd in {sku3}, niet door ons"
    ),
    "mail none → {now}": "e-mailadres geen → {now}",
    "mail {was} → none": "e-mailadres {was} → geen",
    "mail {was} → {now}": "e-mailadres {was} → {now}",
    "proxy addresses compared too": "ook de proxyadressen zijn vergeleken",
    "usage location none → {now}, not by us": "gebruikslocatie geen → {now}, niet door ons",
    "usage location {was} → none, not by us": "gebruikslocatie {was} → geen, niet door ons",
    "usage location {was} → {now}, not by us": "gebruikslocatie {was} → {now}, niet door ons",
}

AFTER_CANCEL = {
    "{sku} {id}: {word}, next date unknown": "{sku} {id}: {word}, volgende datum onbekend",
    "{sku} {id}: {word}, next date {day}": "{sku} {id}: {word}, volgende datum {day}",
    "no subscription of the source is left": "er is geen abonnement op het oude product meer",
    "{n} user who was fine is not any more: {who}": "{n} gebruiker die in orde was, is dat niet meer: {who}",
    "{n} users who were fine are not any more: {who}": "{n} gebruikers die in orde waren, zijn dat niet meer: {who}",
    "everybody who was fine still is": "iedereen die in orde was, is dat nog steeds",
}

ADVICE = {
    "every gate is open": "alle poorten zijn open",
    "it is cancelled, and everybody is fine": "het is opgezegd, en iedereen is in orde",
    "not every gate is open; the failed ones say what to do": (
        "niet alle poorten zijn open; bij de dichte staat wat te doen is"
    ),
    "{n} user still holds the source SKU, and nothing planned is open": (
        "{n} gebruiker heeft het oude product nog, en van het plan staat niets meer open"
    ),
    "{n} users still hold the source SKU, and nothing planned is open": (
        "{n} gebruikers hebben het oude product nog, en van het plan staat niets meer open"
    ),
    **{
        f"an undo plan asks no cancel gates: {{n}} of {{n2}} {users} {are} restored": (
            f"een terugdraaiplan vraagt niet naar de poorten: {{n}} van {{n2}} {gebruikers} {zijn} hersteld"
        )
        for users, gebruikers in (("user", "gebruiker"), ("users", "gebruikers"))
        for are, zijn in (("is", "is"), ("are", "zijn"))
    },
    **{
        f"an add-ons plan asks no cancel gates: {{n}} of {{n2}} {users} lost covered add-ons, their base untouched": (
            f"een add-onplan vraagt niet naar de poorten: bij {{n}} van {{n2}} {gebruikers} zijn gedekte add-ons "
            "verwijderd, zonder de basis aan te raken"
        )
        for users, gebruikers in (("user", "gebruiker"), ("users", "gebruikers"))
    },
}

NOT_CHECKED = {
    "Whether each service is provisioned behind the license (mailboxes, sites): the license level is verified.": (
        "Of elke dienst achter de licentie is ingericht (postvakken, sites): gecontroleerd is tot en met de licentie."
    ),
    "Billing: prices, credits, unpaid balance and terms are not in Microsoft Graph.": (
        "Facturering: prijzen, tegoeden, openstaand saldo en voorwaarden staan niet in Microsoft Graph."
    ),
    "Whether somebody really used voice: only licenses and the roster's declaration are known.": (
        "Of iemand werkelijk telefoneerde: bekend zijn alleen licenties en wat de lijst verklaart."
    ),
    "Provisioning sources outside Graph (Entra Connect, HR, Okta) that could assign the old SKU again.": (
        "Bronnen buiten Graph (Entra Connect, HR, Okta) die het oude product opnieuw kunnen toewijzen."
    ),
    "Which disabled accounts are shared mailboxes, rooms or people on leave: licenses do not say it.": (
        "Welke geblokkeerde accounts gedeelde postvakken, ruimten of mensen met verlof zijn: licenties zeggen dat niet."
    ),
    "Microsoft's own audit log is not part of this evidence: the permission AuditLog.Read.All is not granted.": (
        "Microsofts eigen auditlogboek hoort niet bij dit bewijs: de machtiging AuditLog.Read.All is niet verleend."
    ),
    "Microsoft's own audit log is not part of this evidence: not asked.": (
        "Microsofts eigen auditlogboek hoort niet bij dit bewijs: er is niet naar gevraagd."
    ),
    **{
        f"{{n}} of {{n2}} {changes} {have} no record in Microsoft's audit log: records appear some {{n3}} minutes late "
        "and are kept for {n4} or {n5} days.": (
            f"{{n}} van {{n2}} {wijzigingen} {hebben} geen regel in Microsofts auditlogboek: regels verschijnen zo'n "
            "{n3} minuten later en blijven {n4} of {n5} dagen bewaard."
        )
        for changes, wijzigingen in (("change", "wijziging"), ("changes", "wijzigingen"))
        for have, hebben in (("has", "heeft"), ("have", "hebben"))
    },
    "Service health: the permission ServiceHealth.Read.All is not granted.": (
        "Status van de diensten: de machtiging ServiceHealth.Read.All is niet verleend."
    ),
    "deleted_users: could not be read.": "deleted_users: de verwijderde gebruikers konden niet worden gelezen.",
    "{sku}: could not be read.": "{sku}: kon niet worden gelezen.",
}

DETAILS = {
    "an Exchange plan": "een Exchange-plan",
    "Exchange Plan 1 or 2": "Exchange Plan 1 of 2",
    "a SharePoint plan": "een SharePoint-plan",
    "a Teams or Skype plan": "een Teams- of Skype-plan",
    "Teams Phone, or enterprise voice of Office 365 E4": "Teams Phone, of enterprise voice van Office 365 E4",
    "Graph does not say whether the license is direct or inherited": (
        "Graph zegt niet of de licentie rechtstreeks of via een groep komt"
    ),
    "{sku} needs {pair}": "{sku} heeft {pair} nodig",
    "{sku} excludes {sku2}": "{sku} sluit {sku2} uit",
    **{
        f"{evidence}, and {why}": f"{bewijs}, en {waarom}"
        for evidence, bewijs in (
            ("has the calling plan {sku}", "heeft het belplan {sku}"),
            ("voice = yes in the roster", "in de lijst staat voice = yes"),
            ("has Teams Phone", "heeft Teams Phone"),
        )
        for why, waarom in (
            ("no Teams Phone (MCOEV) afterwards", "daarna is er geen Teams Phone (MCOEV)"),
            (
                "the Teams Phone (MCOEV) of the target would stay off",
                "de Teams Phone (MCOEV) van het nieuwe product zou uit blijven",
            ),
            (
                "the Teams Phone (MCOEV) of the target would stay off, since it needs {pair}, which is off",
                "de Teams Phone (MCOEV) van het nieuwe product zou uit blijven, want {pair} staat uit",
            ),
        )
    },
}
