"""What a plan says beside its decisions, in Dutch: warnings, remarks, and what is worth knowing."""

from __future__ import annotations

_REMARKS = {
    "enterprise voice (Skype for Business Plan 3) ends and no Teams Phone comes; Graph does not say who telephones: a "
    "roster column `voice` does, and MCOEV beside the target keeps them on the phone": (
        "enterprise voice (Skype for Business Plan 3) vervalt en er komt geen Teams Phone; Graph zegt niet wie "
        "telefoneert: een kolom `voice` in de lijst wel, en met MCOEV naast het doel kunnen zij blijven bellen"
    ),
    "a data service ends or comes in a lower edition, as the policy or the roster accepted ({service}: {before} -> "
    "none)": (
        "een dienst met gegevens vervalt of komt in een lagere versie, zoals het beleid of de lijst accepteerde "
        "({service}: {before} -> geen)"
    ),
    "a data service ends or comes in a lower edition, as the policy or the roster accepted ({service}: {before} -> "
    "{after})": (
        "een dienst met gegevens vervalt of komt in een lagere versie, zoals het beleid of de lijst accepteerde "
        "({service}: {before} -> {after})"
    ),
    "the desktop Office apps end or become a lower edition; they will show an unlicensed notice": (
        "de Office-apps voor het bureaublad vervallen of worden een lagere versie; ze melden dan dat de licentie "
        "ontbreekt"
    ),
    "Microsoft lists these plans as excluding each other, and Graph usually takes them together ({sku} and {sku2})": (
        "volgens Microsoft sluiten deze diensten elkaar uit, en Graph aanvaardt ze meestal samen ({sku} en {sku2})"
    ),
    "a plan may lack what it works with; Graph does not refuse that ({sku} needs {pair})": (
        "een dienst mist misschien waarmee hij werkt; Graph weigert dat niet ({sku} heeft {pair} nodig)"
    ),
    "a calling plan, and a usage location in which Microsoft does not list them": (
        "een belplan, en een gebruikslocatie waarvoor Microsoft geen belplannen noemt"
    ),
    "Audio Conferencing comes, and Microsoft does not offer it in the usage location": (
        "Audio Conferencing komt erbij, en Microsoft biedt het in de gebruikslocatie niet aan"
    ),
    "a resource account of a call queue or auto attendant that holds the source SKU: it needs its own free license and "
    "no suite": (
        "een resourceaccount van een wachtrij of telefonische receptionist met het oude product: dat heeft zijn eigen "
        "gratis licentie nodig en geen suite"
    ),
    "no usage location: the roster's is set before any license is sent, one write more that needs the permission "
    "User.ReadWrite.All; a synchronized directory may set it back": (
        "geen gebruikslocatie: die uit de lijst wordt ingesteld voordat een licentie wordt verzonden, een extra "
        "wijziging waarvoor de machtiging User.ReadWrite.All nodig is; een gesynchroniseerde directory kan haar "
        "terugzetten"
    ),
    "a disabled account takes a target seat; a shared, room or equipment mailbox up to 50 GB needs none. [scope] "
    'disabled_accounts = "hold" keeps them out': (
        "een geblokkeerd account neemt een plaats van het doel in; een gedeeld postvak of dat van een ruimte of "
        "apparaat "
        'tot 50 GB heeft er geen nodig. [scope] disabled_accounts = "hold" laat ze erbuiten'
    ),
}
_USERS = (("user", "gebruiker"), ("users", "gebruikers"))

TOLD = {
    f"{{n}} {users}: {remark}; for example {{names}}.": f"{{n}} {gebruikers}: {opmerking}; bijvoorbeeld {{names}}."
    for users, gebruikers in _USERS
    for remark, opmerking in _REMARKS.items()
} | {
    **{
        f"{{sku}} stays with everybody who has it; the targets cover it for {{n}} {users}, partly for {{n2}}, not for "
        "{n3}.": (
            f"{{sku}} blijft bij iedereen die het heeft; de nieuwe producten dekken het voor {{n}} {gebruikers}, deels "
            "voor {n2}, niet voor {n3}."
        )
        for users, gebruikers in _USERS
    },
    "For the whole company, never assigned or removed: {names}.": (
        "Voor het hele bedrijf, nooit toegewezen of weggenomen: {names}."
    ),
    "Their members follow from service plans, which this plan changes: {names}.": (
        "Hun leden volgen uit diensten, en die wijzigt dit plan: {names}."
    ),
    "Covered add-ons go in a second plan, once `reseat verify` has proved this one: `plan --addons-of`.": (
        "Gedekte add-ons gaan in een tweede plan, zodra `reseat verify` dit plan heeft bewezen: `plan --addons-of`."
    ),
    "{sku} is held by {n} user without a source license who is not in this plan, for example {names}. The plan "
    "leaves that as it is.": (
        "{sku} is in gebruik bij {n} gebruiker zonder oude licentie die niet in dit plan staat, bijvoorbeeld {names}. "
        "Het plan laat dat zoals het is."
    ),
    "{sku} is held by {n} users without a source license who are not in this plan, for example {names}. The "
    "plan leaves that as it is.": (
        "{sku} is in gebruik bij {n} gebruikers zonder oude licentie die niet in dit plan staan, bijvoorbeeld {names}. "
        "Het plan laat dat zoals het is."
    ),
}

WARNINGS = {
    "Seat counts moved during every scan: somebody else is changing licenses now.": (
        "Tijdens elke meting veranderden de aantallen plaatsen: iemand anders wijzigt nu licenties."
    ),
    "The plan changes nobody.": "Het plan wijzigt niemand.",
    **{
        f"{{sku}}: {{n}} {seats} short; buy more, or name another target in the roster. Exactly the users that do not "
        "fit are held (no_seat).": (
            f"{{sku}}: {{n}} {plaatsen} te weinig; koop er bij, of noem in de lijst een ander doel. Precies de "
            "gebruikers die er niet in passen, worden aangehouden (no_seat)."
        )
        for seats, plaatsen in (("seat", "plaats"), ("seats", "plaatsen"))
    },
    "Applying it takes about {n} min of writing, at {n2} users a minute.": (
        "De uitvoering kost ongeveer {n} min schrijven, met {n2} gebruikers per minuut."
    ),
    "Limit: the plan changes {n} users, [limits] users_changed_max is {n2}; raise it if that is meant, `apply` refuses "
    "until then.": (
        "Grens: het plan wijzigt {n} gebruikers, [limits] users_changed_max is {n2}; verhoog die als dat de bedoeling "
        "is, tot dan weigert `apply`."
    ),
    "Limit: the plan changes {n} % of the users in scope, [limits] users_changed_percent_max is {n2}; raise it if that "
    "is meant, `apply` refuses until then.": (
        "Grens: het plan wijzigt {n} % van de gebruikers binnen het bereik, [limits] users_changed_percent_max is "
        "{n2}; verhoog die als dat de bedoeling is, tot dan weigert `apply`."
    ),
}

RULES = {"no rule": "geen regel", "roster rows": "rijen in de lijst"}
