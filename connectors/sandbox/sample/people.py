"""Names, departments and countries that invented tenants are peopled with; each name with its spelling in addresses."""

from __future__ import annotations

import random

GIVEN = (
    ("Adele", "adele"), ("Alex", "alex"), ("Aisha", "aisha"), ("Bram", "bram"), ("Çağla", "cagla"), ("Chloé", "chloe"),
    ("Daan", "daan"), ("Debra", "debra"), ("Élodie", "elodie"), ("Femke", "femke"), ("François", "francois"),
    ("Grady", "grady"), ("Grażyna", "grazyna"), ("Henrietta", "henrietta"), ("Isaiah", "isaiah"), ("İsmail", "ismail"),
    ("Jürgen", "jurgen"), ("Johanna", "johanna"), ("Joost", "joost"), ("Łukasz", "lukasz"), ("Lee", "lee"),
    ("Lynne", "lynne"), ("Maëlle", "maelle"), ("Małgorzata", "malgorzata"), ("Megan", "megan"), ("Miriam", "miriam"),
    ("Nestor", "nestor"), ("Øyvind", "oyvind"), ("Patti", "patti"), ("Pradeep", "pradeep"), ("Renée", "renee"),
    ("Şule", "sule"), ("Seán", "sean"), ("Sanne", "sanne"), ("Wim", "wim"), ("Zoë", "zoe"),
    ("ليلى", "layla"), ("يوسف", "yusuf"), ("נועה", "noa"),
)  # fmt: skip
SURNAME = (
    ("Vance", "vance"), ("Wilber", "wilber"), ("van den Berg", "van.den.berg"), ("de Vries", "de.vries"),
    ("O'Brien", "o'brien"), ("D'Angelo", "d'angelo"), ("'t Hart", "t.hart"), ("Kowalczyk", "kowalczyk"),
    ("Wiśniewska", "wisniewska"), ("Żółć", "zolc"), ("Yıldırım", "yildirim"), ("Öztürk", "ozturk"),
    ("Lefèvre", "lefevre"), ("Noël", "noel"), ("Müller", "muller"), ("Weiß", "weiss"), ("Sørensen", "sorensen"),
    ("Smith-Jones", "smith-jones"), ("Nakamura", "nakamura"), ("Sherman", "sherman"), ("Bouwman", "bouwman"),
    ("Jansen", "jansen"), ("Peeters", "peeters"), ("Núñez", "nunez"), ("الفارسي", "alfarsi"), ("כהן", "cohen"),
)  # fmt: skip

DEPARTMENTS = (
    "Sales", "Engineering", "Finance", "Legal", "Human Resources", "Operations", "Marketing", "Telefonie",
    "Klantenservice", "Research & Development",
)  # fmt: skip
COUNTRY_OF_USER = ("NL", "NL", "NL", "NL", "BE", "BE", "DE", "FR", "PL", "TR", "GB", "US")
EMOJI = (" 🚀", " ☕", " 🏳️‍🌈")


def invent(rng: random.Random, number: int, domain: str) -> tuple[str, str, str, str]:
    """(principal name, display name, given name, surname); the number makes the principal name the only one."""
    given, plain_given = GIVEN[int(rng.random() * len(GIVEN))]
    surname, plain_surname = SURNAME[int(rng.random() * len(SURNAME))]
    tail = EMOJI[number % len(EMOJI)] if rng.random() < 0.005 else ""
    return f"{plain_given}.{plain_surname}{number}@{domain}", f"{given} {surname}{tail}", given, surname
