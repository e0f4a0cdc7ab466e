"""What a person does about a gate or a reason, in Dutch."""

from __future__ import annotations

GATE_REMEDIES = {
    "Do for each of them what actions.csv says, then make a new plan and apply it: it adds the target and "
    "removes the source in one change. Taking the old license away alone would leave them without.": (
        "Doe voor elk van hen wat actions.csv zegt, maak een nieuw plan en voer het uit: dat voegt het doel toe "
        "en neemt het oude product weg in één wijziging. Wie alleen de oude licentie wegneemt, laat hen zonder."
    ),
    "On each group that actions.csv names, add the target and remove the source in one change, never the source "
    "alone. A user who has left the group and keeps its license in error is first given the target directly, "
    "then reprocessed. Run `reseat verify` again when the members are through.": (
        "Voeg op elke groep die actions.csv noemt het doel toe en neem het oude product weg in één wijziging, "
        "nooit alleen het oude product. Wie de groep heeft verlaten en haar licentie in fout houdt, krijgt eerst "
        "rechtstreeks het doel en wordt daarna opnieuw verwerkt. Voer opnieuw `reseat verify` uit als de leden "
        "klaar zijn."
    ),
    "On each group with members, add the target and remove the source in one change; remove it alone only from a "
    "group that has none: the next member would receive it.": (
        "Voeg op elke groep met leden het doel toe en neem het oude product weg in één wijziging; neem het "
        "alleen weg van een groep die er geen heeft: het volgende lid zou het krijgen."
    ),
    "Who is to come back is restored and moved by a new plan; for the others wait until their 30 days are over, "
    "or delete them for good.": (
        "Wie terug moet komen, wordt hersteld en met een nieuw plan overgezet; wacht voor de anderen tot hun 30 "
        "dagen voorbij zijn, of verwijder hen definitief."
    ),
    "Add them to [source] skus, make a new plan and apply it: this verdict does not cover them, and an edition "
    "with seats can be handed out again.": (
        "Voeg ze toe aan [source] skus, maak een nieuw plan en voer het uit: dit oordeel gaat er niet over, en "
        "een variant met plaatsen kan weer worden uitgedeeld."
    ),
    "Seats still count as used. Settle what the other gates and actions.csv say, then run `reseat verify` again "
    "later: Graph's count may lag.": (
        "Er tellen nog plaatsen als gebruikt. Doe wat de andere poorten en actions.csv zeggen en voer later "
        "opnieuw `reseat verify` uit: de telling van Graph kan achterlopen."
    ),
    "Run `reseat apply` again: it reads before it writes. Then run `reseat verify` again.": (
        "Voer `reseat apply` opnieuw uit: het leest voordat het schrijft. Voer daarna opnieuw `reseat verify` uit."
    ),
    "Run `reseat apply` again (past a wave that stops with `--wave`), or make a new plan and apply it. Then run "
    "`reseat verify` again.": (
        "Voer `reseat apply` opnieuw uit (voorbij een golf die stopt met `--wave`), of maak een nieuw plan en "
        "voer het uit. Voer daarna opnieuw `reseat verify` uit."
    ),
    "Look again later: Graph's counts may lag. Then search the audit log for changes by others.": (
        "Kijk later opnieuw: de tellingen van Graph kunnen achterlopen. Zoek daarna in het auditlogboek naar "
        "wijzigingen door anderen."
    ),
    "Run `reseat verify` again.": ("Voer `reseat verify` opnieuw uit."),
    "Wait until the target's service plans are set up, or renew its subscription: people work with it. Then run "
    "`reseat verify` again.": (
        "Wacht tot de diensten van het nieuwe product zijn ingericht, of verleng het abonnement erop: er wordt "
        "mee gewerkt. Voer daarna opnieuw `reseat verify` uit."
    ),
    "Assign the target to each of them by hand at once: mailbox data is kept for 30 days only, and a plan gives "
    "no license to somebody who has none. Then run `reseat verify` again.": (
        "Wijs hun direct met de hand het doel toe: de gegevens van een postvak blijven maar 30 dagen bewaard, en "
        "een plan geeft geen licentie aan wie er geen heeft. Voer daarna opnieuw `reseat verify` uit."
    ),
    "Give each of them the service back at once: repair the license that is in error, or assign one that has the "
    "service beside it. Then run `reseat verify` again.": (
        "Geef elk van hen de dienst direct terug: herstel de licentie die in fout staat, of wijs er een toe die "
        "de dienst heeft. Voer daarna opnieuw `reseat verify` uit."
    ),
    'Graph does not say it: declare each under [declare] addons, e.g. { MCOEV = "standalone" }, then run `reseat '
    "verify` again.": (
        "Graph zegt het niet: verklaar ze stuk voor stuk onder [declare] addons, bijvoorbeeld { MCOEV = "
        '"standalone" }, en voer daarna opnieuw `reseat verify` uit.'
    ),
    "Have these add-ons bought as standalone ones, declare them `standalone` under [declare] addons, then run "
    "`reseat verify` again.": (
        "Laat deze add-ons als zelfstandige add-ons kopen, verklaar ze `standalone` onder [declare] addons, en "
        "voer daarna opnieuw `reseat verify` uit."
    ),
    "Keep the old subscription: nothing else carries mailboxes and files. Once a product that does is bought, "
    "and everybody was moved to it by a new plan, run `reseat verify` of that plan.": (
        "Houd het oude abonnement: niets anders draagt postvakken en bestanden. Is er een product gekocht dat "
        "dat wel doet, en is iedereen er met een nieuw plan naartoe overgezet, voer dan `reseat verify` van dat "
        "plan uit."
    ),
    "Declare [declare] purchase_channel = direct, partner or volume, whichever is true, then run `reseat verify` "
    "again.": (
        "Verklaar [declare] purchase_channel = direct, partner of volume, wat waar is, en voer daarna opnieuw "
        "`reseat verify` uit."
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
    "Listed under [scope] protected and never touched. Before the cancellation, give this account the target and "
    "take the source away in one change by hand, or take it out of `protected` and make a new plan.": (
        "Staat onder [scope] protected en wordt nooit aangeraakt. Geef dit account vóór de opzegging met de hand "
        "in één wijziging het doel en neem het oude product weg, of haal het uit `protected` en maak een nieuw "
        "plan."
    ),
    "Holds no source SKU, so there is nothing to swap; reseat gives no license to somebody who had none.": (
        "Heeft het oude product niet, dus valt er niets te vervangen; reseat geeft geen licentie aan wie er geen had."
    ),
    "Nothing to do.": ("Niets te doen."),
    "No [[swap]] rule and no roster row names a target; add one and make a new plan.": (
        "Geen [[swap]]-regel en geen rij van de lijst noemt een doel; voeg er een toe en maak een nieuw plan."
    ),
    "The rule or roster row says `leave`; the old subscription keeps a seat for this user. To move the user "
    "after all, name a target there and make a new plan.": (
        "De regel of de rij van de lijst zegt `leave`; het oude abonnement houdt een plaats voor deze gebruiker. "
        "Noem daar een doel en maak een nieuw plan om de gebruiker toch over te zetten."
    ),
    'The account is disabled and [scope] disabled_accounts = "hold". Set it to "move" and make a new plan. A '
    "mailbox that is to need no license is made a shared one first: one of a user without a license is deleted "
    "after 30 days.": (
        'Het account is geblokkeerd en [scope] disabled_accounts = "hold". Zet dat op "move" en maak een nieuw '
        "plan. Een postvak dat geen licentie nodig moet hebben, wordt eerst een gedeeld postvak: dat van een "
        "gebruiker zonder licentie wordt na 30 dagen verwijderd."
    ),
    'The account is a guest and [scope] guests = "hold". Set it to "move" and make a new plan.': (
        'Het account is een gast en [scope] guests = "hold". Zet dat op "move" en maak een nieuw plan.'
    ),
    "The user is in a restricted management administrative unit, where reseat changes nobody. Whoever "
    "administers that unit gives the user the target and takes the source away in one change by hand; or take "
    "the user out of the unit and make a new plan.": (
        "De gebruiker zit in een beheereenheid met beperkt beheer, en daar wijzigt reseat niemand. Wie die "
        "eenheid beheert, geeft de gebruiker met de hand in één wijziging het doel en neemt het oude product "
        "weg; of haal de gebruiker uit de eenheid en maak een nieuw plan."
    ),
    "The license comes from a group and can only be changed there: on the group named in the detail, add the "
    "target and remove the source in one change, never the source alone, and make a new plan when its members "
    "are through. A user who has left the group and keeps its license in error is first given the target "
    "directly, then reprocessed.": (
        "De licentie komt van een groep en is alleen daar te wijzigen: voeg op de genoemde groep het doel toe en "
        "neem het oude product weg in één wijziging, nooit alleen het oude product, en maak een nieuw plan als "
        "de leden klaar zijn. Wie de groep heeft verlaten en haar licentie in fout houdt, krijgt eerst "
        "rechtstreeks het doel en wordt daarna opnieuw verwerkt."
    ),
    "Set a valid usage location on the user (two-letter country, GB not UK); where there is none at all, the roster "
    "can give it with [usage_location] write_from_roster. Then make a new plan.": (
        "Stel bij de gebruiker een geldige gebruikslocatie in (landcode van twee letters, GB en niet UK); waar er geen "
        "is, kan de lijst haar geven met [usage_location] write_from_roster. Maak daarna een nieuw plan."
    ),
    "The target SKU is for the whole company and cannot be assigned to a user; name another target.": (
        "Het doel geldt voor het hele bedrijf en is niet aan een gebruiker toe te wijzen; noem een ander doel."
    ),
    "The user already has the target, but Graph reports it in error. Open the user in the admin center, settle "
    "what the error names, have the license reprocessed, and make a new plan; the old license stays until then.": (
        "De gebruiker heeft het doel al, maar Graph meldt daar een fout bij. Open de gebruiker in het "
        "beheercentrum, los op wat de fout noemt, laat de licentie opnieuw verwerken en maak een nieuw plan; de "
        "oude licentie blijft tot dan."
    ),
    "Graph does not say in what state the source assignment is. Look at the user in the admin center, have the "
    "license reprocessed, and make a new plan; the old license stays until then.": (
        "Graph zegt niet in welke toestand de oude licentie is. Bekijk de gebruiker in het beheercentrum, laat "
        "de licentie opnieuw verwerken en maak een nieuw plan; de oude licentie blijft tot dan."
    ),
    "Another user has the same proxy address, and Graph refuses every license change until one of the two gives "
    "it up; then make a new plan.": (
        "Een andere gebruiker heeft hetzelfde proxyadres, en Graph weigert elke licentiewijziging tot een van "
        "beide het afstaat; maak daarna een nieuw plan."
    ),
    "A service plan of the target excludes one the user keeps. Name the target's plan in the roster's "
    "`disabled_plans`, or name another target, and make a new plan.": (
        "Een dienst van het doel sluit er een uit die de gebruiker houdt. Noem de dienst van het doel in de "
        "lijst onder `disabled_plans`, of noem een ander doel, en maak een nieuw plan."
    ),
    "A service plan the user keeps, or gets, needs one that would be off after the change. Leave that one out of "
    "the roster's `disabled_plans`, or name a target that has it, and make a new plan.": (
        "Een dienst die de gebruiker houdt of krijgt, heeft er een nodig die na de wijziging uit zou staan. Laat "
        "die in de lijst weg uit `disabled_plans`, of noem een doel dat haar heeft, en maak een nieuw plan."
    ),
    "A data service would be lost or lowered. Name a target that has it, or back the data up and fill in "
    "backup_acknowledged_by in the roster; then make a new plan.": (
        "Een dienst met gegevens zou vervallen of achteruitgaan. Noem een doel dat de dienst heeft, of maak een "
        "back-up en vul in de lijst backup_acknowledged_by in; maak daarna een nieuw plan."
    ),
    "The user telephones and could not afterwards; add Teams Phone (MCOEV) to the target, and where it would "
    "stay off, switch it and Teams on: the roster's `disabled_plans` replaces what is carried over.": (
        "De gebruiker telefoneert en zou dat daarna niet meer kunnen; voeg Teams Phone (MCOEV) aan het doel toe, "
        "en zet het samen met Teams aan waar het uit zou blijven: `disabled_plans` in de lijst vervangt wat "
        "wordt overgenomen."
    ),
    "The roster's disabled_plans names a plan that none of the products has; correct the row and make a new plan.": (
        "disabled_plans in de lijst noemt een dienst die geen van de producten heeft; verbeter de rij en maak "
        "een nieuw plan."
    ),
    "The user is on legal hold and would lose or lower a service; name a target that has it.": (
        "De gebruiker valt onder een bewaarplicht en zou een dienst verliezen of een lagere krijgen; noem een "
        "doel dat de dienst heeft."
    ),
    "Business plans are limited to 300 users; name an Enterprise target for this user.": (
        "Business-abonnementen gaan tot 300 gebruikers; noem voor deze gebruiker een Enterprise-doel."
    ),
    "No seat of the target is left for this user. Buy seats, or name another target in the roster, and make a "
    "new plan; a seat also comes free where a shared mailbox or a room up to 50 GB, which needs none, holds one. "
    "Until then the user keeps the old license.": (
        "Er is geen plaats van het doel meer voor deze gebruiker. Koop plaatsen, of noem in de lijst een ander "
        "doel, en maak een nieuw plan; er komt ook een plaats vrij waar een gedeeld postvak of een ruimte tot 50 "
        "GB, die er geen nodig heeft, er een inneemt. Tot dan houdt de gebruiker de oude licentie."
    ),
    "Source and target belong to different families (commercial, government, education). Name a target of the "
    "same family; set [limits] allow_cross_family only where Microsoft has agreed to it. Then make a new plan.": (
        "Het oude product en het doel horen bij verschillende families (commercieel, overheid, onderwijs). Noem "
        "een doel van dezelfde familie; zet [limits] allow_cross_family alleen aan waar Microsoft ermee heeft "
        "ingestemd. Maak daarna een nieuw plan."
    ),
    "The target has trial seats only, and when a trial ends its users are without. Buy it, or name another "
    "target, and make a new plan; [limits] allow_trial = true is for rehearsals.": (
        "Het doel heeft alleen plaatsen van een proefversie, en als die afloopt hebben haar gebruikers niets. "
        "Koop het, of noem een ander doel, en maak een nieuw plan; [limits] allow_trial = true is voor "
        "oefeningen."
    ),
}

REFUSALS = {
    "Set a usage location on the user, then make a new plan.": (
        "Stel bij de gebruiker een gebruikslocatie in, en maak daarna een nieuw plan."
    ),
    "No seat of the target was left. Buy seats, then run the same apply again or make a new plan; until then the "
    "user keeps the old license.": (
        "Er was geen plaats van het doel meer. Koop plaatsen en voer daarna dezelfde apply opnieuw uit of maak "
        "een nieuw plan; tot dan houdt de gebruiker de oude licentie."
    ),
    "Two service plans exclude each other. Name the one of the target in the roster's `disabled_plans`, or name "
    "another target, and make a new plan.": (
        "Twee diensten sluiten elkaar uit. Noem die van het doel in de lijst onder `disabled_plans`, of noem een "
        "ander doel, en maak een nieuw plan."
    ),
    "A service plan needs one that is off or missing. Leave that one out of the roster's `disabled_plans`, or "
    "name a target that has it, and make a new plan.": (
        "Een dienst heeft er een nodig die uit staat of ontbreekt. Laat die in de lijst weg uit "
        "`disabled_plans`, of noem een doel dat haar heeft, en maak een nieuw plan."
    ),
    "The license comes from a group: add the target and remove the source there in one change, never the source "
    "alone, and make a new plan when its members are through.": (
        "De licentie komt van een groep: voeg daar het doel toe en neem het oude product weg in één wijziging, "
        "nooit alleen het oude product, en maak een nieuw plan als de leden klaar zijn."
    ),
    "The tenant does not own this SKU; check the subscription and make a new plan.": (
        "De tenant heeft dit product niet; controleer het abonnement en maak een nieuw plan."
    ),
    "The SKU is for the whole company; name another target and make a new plan.": (
        "Het product geldt voor het hele bedrijf; noem een ander doel en maak een nieuw plan."
    ),
    "The SKU's service plans changed since the plan was made; make a new plan.": (
        "De diensten van het product zijn veranderd sinds het plan is gemaakt; maak een nieuw plan."
    ),
    "Another object has the same proxy address; repair the address, then make a new plan.": (
        "Een ander object heeft hetzelfde proxyadres; herstel het adres, en maak daarna een nieuw plan."
    ),
    "Graph does not let this app change the user, as in a restricted management administrative unit. Whoever may "
    "gives the user the target and takes the source away in one change by hand; or take the user out of the unit "
    "and make a new plan.": (
        "Graph laat deze app de gebruiker niet wijzigen, zoals in een beheereenheid met beperkt beheer. Wie dat "
        "wel mag, geeft de gebruiker met de hand in één wijziging het doel en neemt het oude product weg; of "
        "haal de gebruiker uit de eenheid en maak een nieuw plan."
    ),
    "The user no longer exists.": ("De gebruiker bestaat niet meer."),
    "The source license was gone when the request arrived. Make a new plan: it says what the user holds now; who "
    "holds nothing is given the target by hand.": (
        "De oude licentie was al weg toen het verzoek aankwam. Maak een nieuw plan: dat zegt wat de gebruiker nu "
        "heeft; wie niets heeft, krijgt met de hand het doel."
    ),
    "Graph refused with a text this version does not know. Read its message in the detail, settle what it names, "
    "and make a new plan; until then the user keeps the old license.": (
        "Graph weigerde met een tekst die deze versie niet kent. Lees de melding bij de bijzonderheden, los op "
        "wat zij noemt en maak een nieuw plan; tot dan houdt de gebruiker de oude licentie."
    ),
    "Graph reports the license in error. Open the user in the admin center, settle what the error names, and "
    "have the license reprocessed; a user who cannot work meanwhile is given another license beside it.": (
        "Graph meldt een fout bij de licentie. Open de gebruiker in het beheercentrum, los op wat de fout noemt "
        "en laat de licentie opnieuw verwerken; wie intussen niet kan werken, krijgt er een andere licentie "
        "naast."
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
        "Er is een wijziging verzonden en uit lezen blijkt nog niet wat ervan is geworden; voer dezelfde apply "
        "opnieuw uit: die kijkt voordat zij schrijft."
    ),
    "Run the same apply again; it continues where it stopped.": (
        "Voer dezelfde apply opnieuw uit; die gaat verder waar zij ophield."
    ),
    "The request was sent and proven without effect; run the same apply again.": (
        "Het verzoek is verzonden en had aantoonbaar geen gevolg; voer dezelfde apply opnieuw uit."
    ),
    "The user no longer exists or waits in deleted users. Who is to come back is restored there, and moved by a "
    "new plan.": (
        "De gebruiker bestaat niet meer of is verwijderd en te herstellen. Wie terug moet komen, wordt daar "
        "hersteld en met een nieuw plan overgezet."
    ),
    "Seats were taken by others during the run. Buy seats of the target, then run the same apply again; the user "
    "keeps the old license until then.": (
        "Anderen namen tijdens de uitvoering plaatsen in. Koop plaatsen van het doel en voer daarna dezelfde "
        "apply opnieuw uit; tot dan houdt de gebruiker de oude licentie."
    ),
    "Still holds the retiring SKU and was not in the plan. Widen [scope] or the rules until they take this user "
    "too, and make a new plan: it adds the target and removes the source in one change. Nobody is helped by "
    "taking the old license away alone.": (
        "Heeft het oude product nog en stond niet in het plan. Verruim [scope] of de regels tot deze gebruiker "
        "erbij hoort, en maak een nieuw plan: dat voegt het doel toe en neemt het oude product weg in één "
        "wijziging. Niemand is geholpen als alleen de oude licentie wordt weggenomen."
    ),
    "Add the target to this group and remove the retiring SKU from it in one change; remove it alone only where "
    "the group has no members. The next member would receive it.": (
        "Voeg op deze groep het doel toe en neem het oude product weg in één wijziging; neem het alleen weg waar "
        "de groep geen leden heeft. Het volgende lid zou het krijgen."
    ),
    "A restore would bring the old license back. Who is to come back is restored and moved by a new plan; for "
    "the others wait until the 30 days are over, or delete them for good.": (
        "Herstel zou de oude licentie terugbrengen. Wie terug moet komen, wordt hersteld en met een nieuw plan "
        "overgezet; wacht voor de anderen tot de 30 dagen voorbij zijn, of verwijder hen definitief."
    ),
    "Graph refuses changes with 403. Grant the application permission LicenseAssignment.ReadWrite.All with admin "
    "consent, then run the same apply again: it continues.": (
        "Graph weigert wijzigingen met 403. Geef de toepassingsmachtiging LicenseAssignment.ReadWrite.All met "
        "beheerderstoestemming, en voer daarna dezelfde apply opnieuw uit: die gaat verder."
    ),
    "Graph no longer accepted the sign-in. Check the credential, then run the same apply again: it continues.": (
        "Graph aanvaardde de aanmelding niet meer. Controleer de aanmeldgegevens en voer daarna dezelfde apply "
        "opnieuw uit: die gaat verder."
    ),
    "Graph calls our request malformed, which is a fault of reseat: please report it. Nothing was changed for "
    "this user.": (
        "Graph noemt ons verzoek onjuist, en dat is een fout van reseat: meld die. Voor deze gebruiker is niets "
        "gewijzigd."
    ),
    "Graph gave an answer that this version does not know. Read it in the journal, then run the same apply "
    "again: it looks before it writes.": (
        "Graph gaf een antwoord dat deze versie niet kent. Lees het in het journaal en voer daarna dezelfde "
        "apply opnieuw uit: die kijkt voordat hij schrijft."
    ),
    "Licensing does not know the new usage location yet. Run the same apply again; the user keeps the old "
    "license until then.": (
        "De licentiedienst kent de nieuwe gebruikslocatie nog niet. Voer dezelfde apply opnieuw uit; tot dan "
        "houdt de gebruiker de oude licentie."
    ),
    "Graph asked to send the change later. Run the same apply again; the user keeps the old license until then.": (
        "Graph vroeg de wijziging later te sturen. Voer dezelfde apply opnieuw uit; tot dan houdt de gebruiker "
        "de oude licentie."
    ),
    "The answer does not say whether the change was made. Run the same apply again: it looks before it writes.": (
        "Het antwoord zegt niet of de wijziging is gemaakt. Voer dezelfde apply opnieuw uit: die kijkt voordat "
        "hij schrijft."
    ),
}
