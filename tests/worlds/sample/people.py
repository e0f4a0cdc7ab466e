"""The people of the sample tenant who are there for a reason, each with the reason; everybody else is invented."""

from __future__ import annotations

from connectors.sandbox.tenant.model import Json

E4 = "ENTERPRISEWITHSCAL"
LICENSED_GROUP = "11ce0000-e4e4-4000-8000-000000000001"
COMMERCIAL_GROUP = "11ce0000-e4e4-4000-8000-000000000004"
EMPTY_GROUP = "11ce0000-e4e4-4000-8000-000000000002"
VISIO_GROUP = "11ce0000-0150-4000-8000-000000000003"


def _e4(*off: str) -> Json | str:
    return {"sku": E4, "off": list(off)} if off else E4


def _from_group(group: str = LICENSED_GROUP, **more: str) -> Json:
    return {"sku": E4, "group": group, **more}


def _person(upn: str, name: str, department: str, note: str, *licenses: Json | str, **more: object) -> Json:
    domain = "" if "@" in upn else "@contoso.example"
    entry: Json = {"upn": upn + domain, "name": name, "department": department, "location": "NL", "licenses": licenses}
    return {**entry, **more, "note": note}


SPECIAL: tuple[Json, ...] = (
    _person("breakglass", "Break Glass", "IT", "emergency account, to be protected by name", _e4()),
    # What is switched off, and must stay off in the successor of each service.
    _person("adele.vance", "Adele Vance", "Sales", "nothing special: the plain case", _e4()),
    _person("megan.bowen", "Megan Bowen", "Telefonie", "two services off, one renamed in E5",
            _e4("SHAREPOINTENTERPRISE", "FORMS_PLAN_E3")),
    _person("alex.wilber", "Alex Wilber", "Telefonie", "five services off that E5 has under other names",
            _e4("BPOS_S_TODO_2", "FLOW_O365_P2", "FORMS_PLAN_E3", "POWERAPPS_O365_P2", "STREAM_O365_E3")),
    _person("lynne.robbins", "Lynne Robbins", "Operations", "voice off, the only service with no successor",
            _e4("MCOVOICECONF")),
    _person("grady.archie", "Grady Archie", "Telefonie", "mailbox off: E5's Defender plan needs one",
            _e4("EXCHANGE_S_ENTERPRISE")),
    _person("johanna.lorenz", "Johanna Lorenz", "Telefonie", "Teams off: E5's Phone System needs it", _e4("TEAMS1")),
    # Already there, or halfway.
    _person("pradeep.gupta", "Pradeep Gupta", "Telefonie", "holds E4 and E5 side by side", _e4(), "ENTERPRISEPREMIUM"),
    _person("miriam.graham", "Miriam Graham", "Finance", "holds E4 and the target with services off",
            _e4(), {"sku": "SPE_E3", "off": ["YAMMER_ENTERPRISE", "SWAY"]}),
    _person("nestor.wilke", "Nestor Wilke", "Executive", "moved long ago", "ENTERPRISEPREMIUM"),
    _person("lidia.holloway", "Lidia Holloway", "Sales", "took a target seat without ever having E4", "SPE_E3"),
    _person("diego.siciliani", "Diego Siciliani", "Sales", "took a target seat without ever having E4", "SPE_E3"),
    _person("isaiah.langer", "Isaiah Langer", "Operations", "took a target seat without ever having E4",
            "ENTERPRISEPACK"),
    # Add-ons: covered by some targets, needed by others, dependent on a base.
    _person("irvin.sayers", "Irvin Sayers", "Telefonie", "Audio Conferencing, covered by E5", _e4(), "MCOMEETADV"),
    _person("henrietta.mueller", "Henrietta Mueller", "Finance", "Audio Conferencing, not covered by E3", _e4(),
            "MCOMEETADV"),
    _person("patti.fernandez", "Patti Fernandez", "Engineering", "Visio, never covered", _e4(), "VISIOCLIENT"),
    _person("christie.cline", "Christie Cline", "Telefonie", "Power BI Pro, covered by E5 but for a filler plan",
            _e4(), "POWER_BI_PRO"),
    _person("debra.berger", "Debra Berger", "Engineering", "Project needs a SharePoint plan", _e4(),
            "PROJECTPROFESSIONAL"),
    _person("lee.gu", "Lee Gu", "Telefonie", "Defender, covered everywhere", _e4(), "ATP_ENTERPRISE"),
    _person("joni.sherman", "Joni Sherman", "Legal", "EMS, mostly covered by Microsoft 365 E3", _e4(), "EMS"),
    _person("allan.deyoung", "Allan Deyoung", "Telefonie", "Teams Phone, covered by E5", _e4(), "MCOEV"),
    _person("ben.walters", "Ben Walters", "Marketing", "Workplace Analytics needs a mailbox", _e4(),
            "WORKPLACE_ANALYTICS"),
    _person("brian.johnson", "Brian Johnson", "Operations", "a calling plan: lost voice unless the target has Phone",
            _e4(), "MCOPSTN1"),
    _person("cameron.white", "Cameron White", "Telefonie", "a calling plan and E5's Phone System", _e4(), "MCOPSTN1"),
    _person("delia.dennis", "Delia Dennis", "Finance", "an Intune plan that Microsoft 365 E3 excludes", _e4(),
            "INTUNE_A_VL"),
    _person("emily.braun", "Emily Braun", "Operations", "mailbox off in E4, Exchange Plan 1 beside it",
            _e4("EXCHANGE_S_ENTERPRISE"), "EXCHANGESTANDARD"),
    _person("enrico.cattaneo", "Enrico Cattaneo", "Operations", "SharePoint off in E4, Plan 1 beside it",
            _e4("SHAREPOINTENTERPRISE"), "SHAREPOINTSTANDARD"),
    # Inherited licenses.
    _person("raul.razo", "Raul Razo", "Sales", "E4 through a group only", _from_group(COMMERCIAL_GROUP)),
    _person("tiara.hidayah", "Tiara Hidayah", "Sales", "E4 through a group that changes, and directly: that goes last",
            _e4(), _from_group(COMMERCIAL_GROUP)),
    _person("veronica.quek", "Veronica Quek", "Sales", "E4 through a group only, no location of her own",
            _from_group(COMMERCIAL_GROUP), location=None),
    _person("sonia.rees", "Sonia Rees", "Finance", "E4 directly and through a group: one seat", _e4(), _from_group()),
    _person("omar.bennett", "Omar Bennett", "Legal", "E4 directly, with services off, and through a group",
            _e4("SWAY", "YAMMER_ENTERPRISE"), _from_group()),
    _person("rebecca.laurent", "Rebecca Laurent", "Marketing", "E4 from a group that she left, kept in error",
            _from_group(state="ActiveWithError", error="DependencyViolation"), "MCOPSTN1"),
    _person("quinn.campbell", "Quinn Campbell", "Marketing", "in the group, but no seat was left",
            _from_group(state="Error", error="CountViolation")),
    _person("vance.deleon", "Vance DeLeon", "Marketing", "Visio through a group: to be kept", _e4(),
            {"sku": "VISIOCLIENT", "group": VISIO_GROUP}),
    # Data that stands in the way.
    _person("kai.carter", "Kai Carter", "Sales", "no usage location", _e4(), location=None, synced=True),
    _person("mario.rogers", "Mario Rogers", "Engineering", "no usage location", _e4(), location=None, synced=True),
    _person("robin.kline", "Robin Kline", "Operations", "no usage location", _e4(), location=None),
    _person("wilda.patel", "Wilda Patel", "Telefonie", "a country code that does not exist (GB is right)", _e4(),
            location="UK", synced=True),
    _person("gerhart.moller", "Gerhart Møller", "Finance", "claims the address of another user", _e4(),
            proxies=["SMTP:gerhart.moller@contoso.example", "smtp:reception@contoso.example"]),
    _person("hadar.caspit", "Hadar Caspit", "Operations", "claims the address of another user", _e4(),
            proxies=["SMTP:hadar.caspit@contoso.example", "smtp:reception@contoso.example"]),
    _person("stephen.rose", "Stephen Rose", "Telefonie", "gets another mail address when licensed", _e4(),
            mailOnAssign="stephen.rose.1@contoso.example"),
    _person("managed.kiosk", "Managed Kiosk", "IT", "restricted management: nobody else may change it", _e4(),
            restricted=True),
    _person("thomas.hardy", "Thomas Hardy", "Telefonie", "nothing special: the plain case", _e4()),
    _person("li.wei", "李伟 Li Wei", "Telefonie", "Audio Conferencing is not allowed in this country", _e4(),
            location="CN"),
    _person("ayse.demir", "Ayşe Demir", "Telefonie", "a country without calling plans", _e4(), location="TR"),
    _person("hannah.jarvis", "Hannah Jarvis", "Operations", "a service reports an error", _e4(),
            serviceErrors=[{"createdDateTime": "2026-01-05T09:00:00Z", "isResolved": False,
                            "serviceInstance": "exchange/eu", "errorDetail": "The mailbox could not be provisioned."}]),
    # Accounts that are no people, or no longer.
    _person("invoices", "Facturen (gedeeld postvak)", "Finance", "shared mailbox: needs no seat up to 50 GB", _e4(),
            enabled=False),
    _person("boardroom", "Boardroom 1e verdieping", "Operations", "room mailbox", _e4(), enabled=False),
    _person("former.employee", "Former Employee", "Sales", "disabled account that kept its license", _e4(),
            enabled=False),
    _person("autoattendant", "Auto Attendant", "Telefonie", "resource account", "PHONESYSTEM_VIRTUALUSER"),
    _person("maria_fabrikam.example#EXT#@contoso.onmicrosoft.com", "Maria Anders (Fabrikam)", "Legal",
            "guest with a license", _e4(), kind="Guest"),
    _person("o.neil_fabrikam.example#EXT#@contoso.onmicrosoft.com", "Seán O'Neil (Fabrikam)", "Legal",
            "guest with a license", _e4(), kind="Guest"),
    _person("deleted.person", "Deleted Person", "Sales", "soft-deleted, still shows E4", _e4(),
            deleted="2026-02-20T10:00:00Z"),
    _person("deleted.twice", "Deleted Twice", "Finance", "soft-deleted, still shows E4", _e4(),
            deleted="2026-02-27T16:30:00Z"),
    # Names that break files, addresses and spreadsheets.
    _person("siobhan.o'brien", "Siobhán O'Brien", "Operations", "apostrophe in the address", _e4()),
    _person("t.hart", "Geert 't Hart", "Operations", "name with a leading apostrophe in its surname", _e4()),
    _person("elodie.lefevre", "Élodie Lefèvre-Noël", "Legal", "accents", _e4(), location="FR"),
    _person("grazyna.zolc", "Grażyna Żółć", "Engineering", "Polish letters", _e4(), location="PL"),
    _person("ismail.yildirim", "İsmail Yıldırım", "Engineering", "dotted and dotless i", _e4(), location="TR"),
    _person("layla.alfarsi", "ليلى الفارسي", "Legal", "right-to-left name", _e4(), location="NL"),
    _person("noa.cohen", "נועה כהן", "Legal", "right-to-left name", _e4(), location="NL"),
    _person("sanne.jansen", "Sanne Jansen 🚀", "Marketing", "emoji in the name", _e4()),
    _person("hyper.link", "=HYPERLINK(\"http://x.example\";\"click\")", "Marketing",
            "a name that a spreadsheet would run", _e4()),
    _person("semi.colon", "Colon; \"Semi\", jr.", "Finance", "separators and quotes in the name", _e4()),
)  # fmt: skip
