"""report.html can be read with neither script nor style, and nothing in it can run that we did not write."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from report.static_page import StaticPage
from worlds.plan_cases import plan
from worlds.report_cases import GATE_IDS, finding, go, no_go, user
from worlds.report_nasty import NASTY, nasty

from jobs.license_reassignment.reconcile.findings import Action, BySteps, ResidualHolder
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation
from jobs.license_reassignment.report.page.html import render_html, render_plan_html

ORDER = [
    "verdict", "incidents", "gates", "residual", "holds", "actions", "totals", "seats", "progress",
    "breakdown", "users", "evidence",
    "not-checked", "declared", "subscriptions", "check", "sign",
]  # fmt: skip
WHY = (
    "Not yet. 3 of 16 gates have not passed: it is still assigned directly to users; Microsoft still counts seats in "
    "use; add-ons are not accounted for."
)


def embedded(markup: str) -> dict[str, object]:
    """Return what the page's script unpacks."""
    boot = json.loads(re.search(r'<script type="application/json" id="boot">(.*?)</script>', markup, re.S)[1])
    return boot | {"users": json.loads(gzip.decompress(base64.b64decode(boot["users"])))}


def test_the_sections_stand_in_reading_order() -> None:
    """From the verdict, for the one who decides, down to the sign-off, for those who check."""
    page = StaticPage(render_html(no_go(200)))

    assert page.whole
    assert list(page.sections) == ORDER
    assert page.headings[0] == "NO-GO"


@pytest.mark.parametrize("r", [no_go(200), replace(go(3), undo=True, gates=())], ids=["no-go", "undo"])
@pytest.mark.parametrize("language", ["en", "nl"])
def test_each_entry_of_the_contents_leads_to_the_heading_of_that_name(r: Reconciliation, language: str) -> None:
    """But the first, which leads to the verdict; none leads to a part that the page does not have."""
    markup = render_html(r, language)
    entries = re.findall(r'<li><a href="#([\w-]+)">(.*?)</a></li>', markup.partition("</nav>")[0])
    headings = dict(re.findall(r'<h2 id="([\w-]+)-title">(.*?)</h2>', markup))

    assert len(entries) > 5
    assert [entry for entry in entries[1:] if headings.get(entry[0]) != entry[1]] == []


def test_the_verdict_can_be_read_without_script() -> None:
    """Answer, reason, three numbers, next step and its last day are plain markup."""
    text = StaticPage(render_html(no_go(200))).sections["verdict"]

    assert text.splitlines()[:4] == [
        "Contoso Nederland B.V.",
        "Can the Office 365 E4 subscription be canceled?",
        "NO-GO",
        WHY,
    ]
    assert "still hold the old product\n18\n17 directly, 1 through groups" in text
    assert "need attention\n20\n10 on hold, 2 refused, 8 other" in text
    assert "moved and verified\n180\n160 moved, 0 through a group, 20 already had it" in text
    next_step = "Next step\nMove the remaining users, or keep 18 seats of the old subscription for them\n:\n"
    assert f"{next_step}18 seats of it are in use." in text
    assert "Deadline\n2026-12-31" in text


def test_a_go_says_why() -> None:
    page = StaticPage(render_html(go(3)))

    assert page.headings[0] == "GO"
    assert "Yes. All 16 gates have passed, checked after the last change." in page.sections["verdict"]
    assert "Nobody. No user, no group, no deleted account." in page.sections["residual"]
    assert "holds" not in page.sections


def test_a_no_go_says_cancel_nowhere_in_bold_and_has_nothing_to_approve() -> None:
    """Who leafs through a printed NO-GO meets no word and no field that ends the subscription."""
    markup = render_html(no_go(200))
    bold = re.findall(r"<(?:b|h1|h3)[ >].*?</(?:b|h1|h3)>", markup, re.S)

    assert bold
    assert [text for text in bold if "cancel" in text.casefold()] == []
    assert "Approve" not in StaticPage(markup).sections["sign"]


def test_only_a_go_about_a_cancellation_is_approved_as_one() -> None:
    """An undo, and the removal of add-ons, end no subscription."""

    def boxes(r: Reconciliation) -> str:
        return StaticPage(render_html(r)).sections["sign"]

    assert "Approved to cancel" in boxes(go(3))
    for other in (replace(go(3), undo=True, gates=()), replace(go(3), kind="addons", gates=())):
        assert "Approved\n" in boxes(other)
        assert "Approved to cancel" not in boxes(other)


def test_gates_that_are_not_passed_come_first_with_their_remedy() -> None:
    header, *rows = StaticPage(render_html(no_go(200))).tables["gates"][0]

    assert header == ["Status", "Gate", "What was found"]
    assert [row[1].split()[-1] for row in rows[:3]] == ["no_direct_holders", "consumed_is_zero", "addons_declared"]
    assert rows[0] == [
        "✕ failed",
        "Nobody has the old product assigned directly no_direct_holders",
        "18 users hold Office 365 E4 directly. What to do Settle the rows of actions.csv, then plan again.",
    ]
    assert sorted(row[1].split()[-1] for row in rows) == sorted(GATE_IDS)


def test_a_long_list_names_the_file_with_the_rest() -> None:
    """Ten rows are in sight, the next ninety in a fold, and for the others the page says where they are."""
    r = no_go(5000)
    page = StaticPage(render_html(r))

    assert [len(table) - 1 for table in page.tables["residual"]] == [10, 90]
    assert f"And {len(r.residual_holders) - 100} more: reconciliation.json" in page.sections["residual"]


def test_what_is_left_to_do_is_listed_by_reason_and_name_with_its_detail() -> None:
    """One list for each reason, what to do once above it, and no gate among the people."""
    group = partial(user, outcome="held", reason="inherited", detail="Licensing NL", remedy="Swap it on the group.")
    seat = user(3, "held", reason="no_seat", user_principal_name="zoe@contoso.example")
    r = finding(
        [group(2, user_principal_name="Bo@contoso.example"), seat, group(1, user_principal_name="al@c.example")]
    )
    gate = Action("gate", "no_direct_holders", "no_direct_holders", "Look.")
    page = StaticPage(render_html(replace(r, actions=(*r.actions, gate))))

    assert page.tables["actions"] == [
        [["Who or what", "Detail"], ["al@c.example", "Licensing NL"], ["Bo@contoso.example", "Licensing NL"]],
        [["Who or what"], ["zoe@contoso.example"]],
    ]
    assert page.sections["actions"].count("Swap it on the group.") == 1
    assert "no_direct_holders" not in page.sections["actions"]


@pytest.mark.parametrize(
    ("domain", "center"),
    [
        ("contoso.onmicrosoft.com", "https://entra.microsoft.com/"),
        ("contoso.onmicrosoft.us", "https://entra.microsoft.us/"),
        ("contoso.partner.onmschina.cn", "https://entra.microsoftonline.cn/"),
    ],
)
def test_people_and_groups_lead_to_the_admin_center_of_their_cloud(domain: str, center: str) -> None:
    """A deleted user has no page there, and nobody has one in a report that names no person."""
    ada = user(1, "held", reason="no_seat")
    group, gone = (str(UUID(int=n)) for n in (1, 2))
    left = (
        ResidualHolder(group, "LIC-E4", "group", "E4", False),
        ResidualHolder(gone, "x", "soft_deleted", "E4", False),
    )
    r = replace(finding([ada]), domains=("contoso.example", domain), residual_holders=left)
    led_to = [a for a in StaticPage(render_html(r)).attribute("a", "href") if a.startswith("https://")]

    assert led_to == [
        f"{center}#view/Microsoft_AAD_IAM/GroupDetailsMenuBlade/~/Overview/groupId/{group}",
        "https://learn.microsoft.com/entra/fundamentals/licensing-groups-resolve-problems",
        f"{center}#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/overview/userId/{ada['id']}",
    ]
    assert center not in render_html(replace(r, pseudonymised=True))


def test_gates_alone_leave_nothing_to_do_for_users() -> None:
    gate = Action("gate", "no_direct_holders", "no_direct_holders", "Look.")

    assert "The gates say what is left." in StaticPage(render_html(replace(go(1), actions=(gate,)))).sections["actions"]


def test_the_completeness_box_answers_the_auditor() -> None:
    """Source, queries, times, rows, who, with what, and what was left out."""
    r = no_go(200)
    page = StaticPage(render_html(r))
    text = page.sections["evidence"]

    for answer in (
        r.tenant_id,
        *("p.devries on laptop-3, 0c0c0c0c-1111-4222-8333-444444444444", "j.smit on ops-07, 0d0d0d0d"),
        *(r.run.planned_by, r.run.applied_by, r.run.verified_by),
    ):
        assert answer in text
    for digest in (r.run.config_sha256, r.run.roster_sha256, r.journal_head[1]):
        assert digest in text
    assert "2 rejected roster rows (rejected.csv); 0 holders outside the plan" in text
    assert page.tables["evidence"][1][1:] == [
        [r.reads[0].query, "18", "2026-11-22 06:00:00", "2026-11-22 06:00:31"],
        ["GET /subscribedSkus", "3", "2026-11-22 06:00:31", "2026-11-22 06:00:32"],
    ]
    assert "\n".join(r.not_checked) in page.sections["not-checked"]
    assert ["purchase_channel", "direct", "CHG-1042"] in page.tables["declared"][0]


@pytest.mark.parametrize("users", [0, 1, 2])
def test_small_worlds_are_whole_pages(users) -> None:
    """Nobody, one user and two users give every section; lists of one element are lists."""
    page = StaticPage(render_html(go(users)))
    counted = "The only user of this run is" if users == 1 else f"All {users} users of this run are"

    assert page.whole
    absent = {"incidents", "holds", *(() if users else ("progress",)), *(() if users > 1 else ("breakdown",))}
    assert [name for name in ORDER if name not in absent] == list(page.sections)
    assert counted in page.sections["users"]
    assert embedded(render_html(go(users)))["users"]["rows"] == users


def test_an_undo_asks_no_gates() -> None:
    page = StaticPage(render_html(replace(go(3), undo=True, gates=())))

    assert "gates" not in page.sections
    assert "Yes. Every user whom the run changed has the same licenses as before." in page.sections["verdict"]


def test_the_page_speaks_dutch() -> None:
    markup = render_html(no_go(1250), "nl")
    page = StaticPage(markup)

    assert page.attribute("html", "lang") == ["nl"]
    assert "moved and verified" not in markup
    assert (
        "overgezet en gecontroleerd\n1.125\n1.000 overgezet, 0 via een groep, 125 had het al"
        in page.sections["verdict"]
    )


def test_the_policy_allows_exactly_our_script_and_styles() -> None:
    """Each hash is of one element of the page; nothing is fetched, framed, sent or run besides."""
    markup = render_html(no_go(20))
    policy = StaticPage(markup).attribute("meta", "content")[0]
    texts = re.findall(r"<style>(.*?)</style>|<script>(.*?)</script>", markup, re.S)
    hashes = [
        "'sha256-" + base64.b64encode(hashlib.sha256((style or script).encode()).digest()).decode() + "'"
        for style, script in texts
    ]

    assert (
        f"default-src 'none'; style-src {' '.join(hashes[:3])}; script-src {hashes[3]}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    ) == policy


@pytest.mark.parametrize("markup", [render_html(no_go(20)), render_plan_html(plan())], ids=["report", "plan"])
def test_nothing_is_asked_of_any_network(markup) -> None:
    """Only links that somebody may follow leave the page; what a browser loads is in it, no handler or style is."""
    page = StaticPage(markup)
    addresses = [value for name in ("href", "src", "action", "xlink:href") for tag in ("a", "link", "img", "script",
                 "form", "use", "iframe") for value in page.attribute(tag, name)]  # fmt: skip
    names = {name for _, attributes in page.tags for name in attributes}

    outside = {address for address in addresses if not address.startswith(("data:image/svg+xml,", "#"))}

    assert {urlsplit(address).netloc for address in outside} <= {"entra.microsoft.com", "learn.microsoft.com"}
    assert outside <= set(page.attribute("a", "href"))
    assert [name for name in names if name.startswith("on") or name == "style"] == []


def test_the_script_makes_no_markup_from_text() -> None:
    """The ways in which text could become markup or code are not used."""
    script = re.search(r"<script>(.*?)</script>", render_html(go(1)), re.S)[1]

    assert [
        word
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch(")
        if word in script
    ] == []


def test_no_text_of_the_tenant_becomes_an_element() -> None:
    """The nasty page has exactly the elements that the same page has with harmless texts."""

    def elements(r: Reconciliation) -> list[str]:
        return [tag for tag, _ in StaticPage(render_html(r)).tags if tag != "wbr"]

    def harmless(r: Reconciliation) -> Reconciliation:
        rows = [
            user(n, "held", rule=f"rule {n}", wave=f"wave {n}", entra_department=f"part {n}") for n in range(len(NASTY))
        ]
        calm = finding(rows)
        by_reason = sorted(r.actions, key=lambda a: (a.reason.partition(":")[0], a.kind, a.subject.casefold()))
        return replace(
            r,
            tenant_name="Contoso",
            advice_reason="x",
            gates=tuple(replace(gate, detail="x", remedy="x") for gate in r.gates),
            held_by_reason={f"reason_{number}": 1 for number in range(len(NASTY))},
            remedies={},
            residual_holders=tuple(replace(h, id=f"{n}", name=f"{n}") for n, h in enumerate(r.residual_holders)),
            incidents=tuple(replace(incident, subject="x", detail="x") for incident in r.incidents),
            notes=tuple("n" for _ in NASTY),
            not_checked=tuple("n" for _ in NASTY),
            run=replace(r.run, operator=BySteps(*"ooo"), host=BySteps(*"hhh"), declared=(("f", "v", "a"),)),
            users=calm.users,
            actions=tuple(replace(a, subject="x", reason=f"reason {n:02}") for n, a in enumerate(by_reason)),
        )

    nasty_tags = elements(nasty())

    assert nasty_tags == elements(harmless(nasty()))


@pytest.mark.parametrize("markup", [render_html(no_go(20)), render_plan_html(plan())], ids=["report", "plan"])
def test_code_is_an_element_and_no_backtick_is_left(markup: str) -> None:
    """Nor is one of the signs between which the template finds it."""
    texts = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", markup, flags=re.DOTALL)

    assert not re.findall(".{0,40}[`\x0e].{0,40}", texts)
    assert re.search("<code>(reseat|apply|disabled_plans)", texts)


def test_the_users_travel_with_the_page() -> None:
    """What the script unpacks is users.csv, column by column."""
    r = no_go(200)
    payload = embedded(render_html(r))["users"]
    columns = {
        column["name"]: [column["values"][code] for code in column["codes"]] if "codes" in column else column["values"]
        for column in payload["columns"]
    }

    assert columns == {name: r.users[name].tolist() for name in r.users.columns}
    assert payload["products"]["ENTERPRISEWITHSCAL"] == "Office 365 E4"
    assert payload["fine"] == ["already_on_target", "moved", "moved_by_group"]
