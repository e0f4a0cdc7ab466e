"""What a person does about a gate or a reason, in Dutch."""

from __future__ import annotations

GATE_REMEDIES = {
    "Move or unlicense them; residual users are named in actions.csv.": (
        "Zet hen over of neem hun licentie weg; wie het nog heeft, staat in actions.csv."
    ),
    "Swap the license on the group, or take the users out of it.": (
        "Vervang de licentie op de groep, of haal de gebruikers uit de groep."
    ),
    "Remove the source SKU from every group, empty ones too: the next member would receive it.": (
        "Verwijder het oude product van elke groep, ook van lege: het volgende lid zou het krijgen."
    ),
    "Delete them for good, or wait until their 30 days are over.": (
        "Verwijder hen definitief, of wacht tot hun 30 dagen voorbij zijn."
    ),
    "Add them to [source] skus, or settle them apart: they are not covered by this verdict.": (
        "Voeg ze toe aan [source] skus, of handel ze apart af: dit oordeel gaat niet over deze varianten."
    ),
    "Seats still count as used; move the rest, then `reseat verify` again later: Graph's count may lag.": (
        "Er tellen nog plaatsen als gebruikt. Zet de rest over en voer later opnieuw `reseat verify` uit: de telling "
        "van Graph kan achterlopen."
    ),
    "Run `reseat apply` again: it reads before it writes.": (
        "Voer `reseat apply` opnieuw uit: het leest voordat het schrijft."
    ),
    "Run `reseat apply` again, or make a new plan.": "Voer `reseat apply` opnieuw uit, of maak een nieuw plan.",
    "Look again later: Graph's counts may lag. Then search the audit log for changes by others.": (
        "Kijk later opnieuw: de tellingen van Graph kunnen achterlopen. Zoek daarna in het auditlogboek naar "
        "wijzigingen door anderen."
    ),
    "Run `reseat verify` again.": "Voer `reseat verify` opnieuw uit.",
    "Wait until the target's service plans are provisioned, or settle its subscription.": (
        "Wacht tot de diensten van het nieuwe product zijn ingericht, of breng het abonnement erop in orde."
    ),
    "Assign a license at once: mailbox data is kept for 30 days only.": (
        "Wijs direct een licentie toe: de gegevens van een postvak blijven maar 30 dagen bewaard."
    ),
    "Give the service back, or have the loss accepted in the roster (backup_acknowledged_by).": (
        "Geef de dienst terug, of laat het verlies in de lijst accepteren (backup_acknowledged_by)."
    ),
    'Graph does not say it: declare each under [declare] addons, e.g. { MCOEV = "standalone" }.': (
        'Graph zegt het niet: verklaar ze stuk voor stuk onder [declare] addons, bijvoorbeeld { MCOEV = "standalone" }.'
    ),
    "Have these add-ons bought as standalone ones before the cancellation.": (
        "Laat deze add-ons vóór de opzegging als zelfstandige add-ons kopen."
    ),
    "Do not cancel: it is the last subscription with data services.": (
        "Zeg niet op: dit is het laatste abonnement met diensten die gegevens bewaren."
    ),
    "Declare [declare] purchase_channel = direct, partner or volume: the cancel route depends on it.": (
        "Verklaar [declare] purchase_channel = direct, partner of volume: daar hangt de manier van opzeggen van af."
    ),
    "It is not cancelled yet, or only its renewal is switched off: look again after the date that Graph names.": (
        "Het is nog niet opgezegd, of alleen de verlenging staat uit: kijk opnieuw na de datum die Graph noemt."
    ),
    "Settle the target's subscription at once: people work with it.": (
        "Breng het abonnement op het nieuwe product direct in orde: er wordt mee gewerkt."
    ),
    "Give them the target license back; data of an unlicensed mailbox is kept for 30 days only.": (
        "Geef hun de nieuwe licentie terug; de gegevens van een postvak zonder licentie blijven maar 30 dagen bewaard."
    ),
}

HOLDS = {
    "Correct the roster row named in rejected.csv and make a new plan.": (
        "Verbeter de rij van de lijst die rejected.csv noemt, en maak een nieuw plan."
    ),
    "Listed under [scope] protected and never touched; move this account by hand before the cancellation.": (
        "Staat onder [scope] protected en wordt nooit aangeraakt; zet dit account vóór de opzegging met de hand over."
    ),
    "Holds no source SKU, so there is nothing to swap; reseat gives no license to somebody who had none.": (
        "Heeft het oude product niet, dus valt er niets te vervangen; reseat geeft geen licentie aan wie er geen had."
    ),
    "Nothing to do.": "Niets te doen.",
    "No [[swap]] rule and no roster row names a target; add one and make a new plan.": (
        "Geen [[swap]]-regel en geen rij van de lijst noemt een doel; voeg er een toe en maak een nieuw plan."
    ),
    "The rule or roster row says `leave`; the old subscription keeps a seat for this user.": (
        "De regel of de rij van de lijst zegt `leave`; het oude abonnement houdt een plaats voor deze gebruiker."
    ),
    'The account is disabled and [scope] disabled_accounts = "hold"; remove its license or allow the move.': (
        'Het account is geblokkeerd en [scope] disabled_accounts = "hold"; neem de licentie weg of sta de overzetting '
        "toe."
    ),
    'The account is a guest and [scope] guests = "hold"; remove its license or allow the move.': (
        'Het account is een gast en [scope] guests = "hold"; neem de licentie weg of sta de overzetting toe.'
    ),
    "The user is in a restricted management administrative unit; give the app a role scoped to that unit, or move the "
    "user by hand.": (
        "De gebruiker zit in een beheereenheid met beperkt beheer; geef de app een rol binnen die eenheid, of zet de "
        "gebruiker met de hand over."
    ),
    "The license comes from a group and can only be changed there; swap it on the group named in the detail, or take "
    "the user out of it.": (
        "De licentie komt van een groep en is alleen daar te wijzigen; vervang haar op de genoemde groep, of haal de "
        "gebruiker uit die groep."
    ),
    "Set a usage location (two-letter country, GB not UK) on the user, or give it in the roster and set "
    "[usage_location] write_from_roster; then make a new plan.": (
        "Stel bij de gebruiker een gebruikslocatie in (landcode van twee letters, GB en niet UK), of geef haar in de "
        "lijst op en zet [usage_location] write_from_roster aan; maak daarna een nieuw plan."
    ),
    "The target SKU is for the whole company and cannot be assigned to a user; name another target.": (
        "Het doel geldt voor het hele bedrijf en is niet aan een gebruiker toe te wijzen; noem een ander doel."
    ),
    "The user already has the target, but Graph reports it in error; repair that assignment first.": (
        "De gebruiker heeft het doel al, maar Graph meldt daar een fout bij; herstel eerst die toewijzing."
    ),
    "Graph reports the source assignment in an unknown state; look at the user in the admin center first.": (
        "Graph meldt een onbekende toestand van de oude licentie; bekijk de gebruiker eerst in het beheercentrum."
    ),
    "Another user has the same proxy address, and Graph refuses every license change until it is repaired; then make a "
    "new plan.": (
        "Een andere gebruiker heeft hetzelfde proxyadres, en Graph weigert elke licentiewijziging tot dat is hersteld; "
        "maak daarna een nieuw plan."
    ),
    "A service plan of the target excludes one the user keeps; remove that license or name another target.": (
        "Een dienst van het doel sluit er een uit die de gebruiker houdt; neem die licentie weg of noem een ander doel."
    ),
    "A service plan the user keeps, or gets, needs one that would be off after the change; keep it on, or name a "
    "target that has it.": (
        "Een dienst die de gebruiker houdt of krijgt, heeft er een nodig die na de wijziging uit zou staan; laat die "
        "aan, of noem een doel dat haar heeft."
    ),
    "A data service would be lost or lowered; back it up and fill in backup_acknowledged_by in the roster, or name a "
    "target that has it.": (
        "Een dienst met gegevens zou vervallen of achteruitgaan; maak een back-up en vul in de lijst "
        "backup_acknowledged_by in, of noem een doel dat de dienst heeft."
    ),
    "The user telephones and could not afterwards; add Teams Phone (MCOEV) to the target, and where it would stay off, "
    "switch it and Teams on: the roster's `disabled_plans` replaces what is carried over.": (
        "De gebruiker telefoneert en zou dat daarna niet meer kunnen; voeg Teams Phone (MCOEV) aan het doel toe, en "
        "zet het samen met Teams aan waar het uit zou blijven: `disabled_plans` in de lijst vervangt wat wordt "
        "overgenomen."
    ),
    "The roster's disabled_plans names a plan that none of the products has; correct the row and make a new plan.": (
        "disabled_plans in de lijst noemt een dienst die geen van de producten heeft; verbeter de rij en maak een "
        "nieuw plan."
    ),
    "The user is on legal hold and would lose or lower a service; name a target that has it.": (
        "De gebruiker valt onder een bewaarplicht en zou een dienst verliezen of een lagere krijgen; noem een doel dat "
        "de dienst heeft."
    ),
    "Business plans are limited to 300 users; name an Enterprise target for this user.": (
        "Business-abonnementen gaan tot 300 gebruikers; noem voor deze gebruiker een Enterprise-doel."
    ),
    "Buy seats of the target, or free some (disabled accounts, shared mailboxes), then make a new plan.": (
        "Koop plaatsen van het doel, of maak er vrij (geblokkeerde accounts, gedeelde postvakken), en maak daarna een "
        "nieuw plan."
    ),
    "Source and target belong to different families (commercial, government, education); set [limits] "
    "allow_cross_family when that is meant.": (
        "Het oude product en het doel horen bij verschillende families (commercieel, overheid, onderwijs); zet "
        "[limits] allow_cross_family aan als dat de bedoeling is."
    ),
    "The target has trial seats only; buy it, or set [limits] allow_trial = true.": (
        "Het doel heeft alleen plaatsen van een proefversie; koop het, of zet [limits] allow_trial = true."
    ),
}

REFUSALS = {
    "Set a usage location on the user, then make a new plan.": (
        "Stel bij de gebruiker een gebruikslocatie in, en maak daarna een nieuw plan."
    ),
    "Buy or free seats of the target, then run the same apply again or make a new plan.": (
        "Koop plaatsen van het doel of maak er vrij, en voer daarna dezelfde apply opnieuw uit of maak een nieuw plan."
    ),
    "Two service plans exclude each other; remove the license that brings the second one, then make a new plan.": (
        "Twee diensten sluiten elkaar uit; neem de licentie weg die de tweede meebrengt, en maak daarna een nieuw plan."
    ),
    "A service plan needs one that is off or missing; switch it on or add the license that has it, then make a new "
    "plan.": (
        "Een dienst heeft er een nodig die uit staat of ontbreekt; zet die aan of voeg de licentie toe die haar heeft, "
        "en maak daarna een nieuw plan."
    ),
    "The license comes from a group; change it on the group.": (
        "De licentie komt van een groep; wijzig haar op de groep."
    ),
    "The tenant does not own this SKU; check the subscription and make a new plan.": (
        "De tenant heeft dit product niet; controleer het abonnement en maak een nieuw plan."
    ),
    "The SKU is for the whole company; name another target.": (
        "Het product geldt voor het hele bedrijf; noem een ander doel."
    ),
    "The SKU's service plans changed since the plan was made; make a new plan.": (
        "De diensten van het product zijn veranderd sinds het plan is gemaakt; maak een nieuw plan."
    ),
    "Another object has the same proxy address; repair the address, then make a new plan.": (
        "Een ander object heeft hetzelfde proxyadres; herstel het adres, en maak daarna een nieuw plan."
    ),
    "Give the app a role scoped to the user's restricted management administrative unit, or move the user by hand.": (
        "Geef de app een rol binnen de beheereenheid met beperkt beheer van de gebruiker, of zet de gebruiker met de "
        "hand over."
    ),
    "The user no longer exists.": "De gebruiker bestaat niet meer.",
    "The source license was gone when the request arrived; look at the user.": (
        "De oude licentie was al weg toen het verzoek aankwam; bekijk de gebruiker."
    ),
    "Graph refused with a text this version does not know; read the message in the journal and settle it by hand.": (
        "Graph weigerde met een tekst die deze versie niet kent; lees de melding in het journaal en los het met de "
        "hand op."
    ),
    "Graph accepted the change but reports the license in error; open the user in the admin center and reprocess it.": (
        "Graph nam de wijziging aan maar meldt een fout bij de licentie; open de gebruiker in het beheercentrum en "
        "laat de licentie opnieuw verwerken."
    ),
}

OTHERS = {
    "Somebody else changed this user's licenses since the plan was made; make a new plan.": (
        "Iemand anders heeft de licenties van deze gebruiker gewijzigd sinds het plan is gemaakt; maak een nieuw plan."
    ),
    "The move was made, and somebody else has changed it since; make a new plan.": (
        "De gebruiker is overgezet, en iemand anders heeft dat daarna gewijzigd; maak een nieuw plan."
    ),
    "A write was sent and reads cannot yet say what became of it; run the same apply again: it looks before it "
    "writes.": (
        "Er is een wijziging verzonden en uit lezen blijkt nog niet wat ervan is geworden; voer dezelfde apply opnieuw "
        "uit: die kijkt voordat zij schrijft."
    ),
    "Run the same apply again; it continues where it stopped.": (
        "Voer dezelfde apply opnieuw uit; die gaat verder waar zij ophield."
    ),
    "The request was sent and proven without effect; run the same apply again.": (
        "Het verzoek is verzonden en had aantoonbaar geen gevolg; voer dezelfde apply opnieuw uit."
    ),
    "The user no longer exists or waits in deleted users; restore it only after removing its old license there.": (
        "De gebruiker bestaat niet meer of is verwijderd en te herstellen; herstel pas nadat de oude licentie daar is "
        "weggenomen."
    ),
    "Seats were taken by others during the run; buy or free seats, then run the same apply again.": (
        "Anderen namen tijdens de uitvoering plaatsen in; koop plaatsen of maak er vrij, en voer daarna dezelfde apply "
        "opnieuw uit."
    ),
    "Still holds the retiring SKU and was not in the plan; add to the scope and make a new plan, or remove the "
    "license.": (
        "Heeft het oude product nog en stond niet in het plan; breng de gebruiker binnen het bereik en maak een nieuw "
        "plan, of neem de licentie weg."
    ),
    "Remove the retiring SKU from this group, even when it has no members; the next member would receive it.": (
        "Verwijder het oude product van deze groep, ook als zij geen leden heeft; het volgende lid zou het krijgen."
    ),
    "A restore would bring the old license back; delete the user for good, or wait until the 30 days are over.": (
        "Herstel zou de oude licentie terugbrengen; verwijder de gebruiker definitief, of wacht tot de 30 dagen "
        "voorbij zijn."
    ),
}
