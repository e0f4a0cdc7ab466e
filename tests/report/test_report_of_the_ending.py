"""What the reports say of the end of the subscription, of Microsoft's record and of what changed, in both languages."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import orjson
import pytest
from openpyxl import load_workbook
from report.static_page import StaticPage
from worlds.evidence_world import Night, busy

from jobs.license_reassignment.report.codes import FAMILIES
from jobs.license_reassignment.report.schema import document_type


class Page(HTMLParser):
    """The text of a page by section, as it is read with script and style off."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sections: dict[str, str] = {}
        self._open = ""
        self._skip = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a section, or what nobody reads."""
        self._skip = self._skip or tag in {"script", "style"}
        if tag == "section":
            self._open = str(dict(attrs)["id"])

    def handle_endtag(self, tag: str) -> None:
        """End what nobody reads."""
        self._skip = self._skip and tag not in {"script", "style"}

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        if self._open and not self._skip:
            self.sections[self._open] = f"{self.sections.get(self._open, '')} {data.strip()}".strip()


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The busy tenant in English."""
    return busy(tmp_path_factory.mktemp("busy"))


def page(night: Night) -> dict[str, str]:
    return Page(night.run.read("report.html").decode()).sections


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """A tenant whose old subscription may end."""
    night = Night(tmp_path_factory.mktemp("done")).moved()
    assert night.verify().verdict == "GO"
    return night


def test_the_page_says_how_it_ends(done: Night) -> None:
    """After a GO: the route, what must not be done, and the dates with who says so."""
    said = page(done)["ending"]
    source = next(s for s in done.tenant.subscriptions.values() if s.sku.startswith("1392051d"))

    assert f"{source.id} Office 365 E4 {source.total} Enabled cancel online (25 seats or fewer)" in said
    assert "Cancel it, do not delete it" in said
    assert "2027-06-30 Microsoft changes its status automatically Microsoft Graph" in said
    assert "2026-05-31 last day to reactivate it with its data typical: 90 days after" in said


def test_no_word_of_a_no_go_page_says_to_end_anything(night: Night) -> None:
    """Before a GO the page has no route, no day counted from a cancellation, and no field to approve one."""
    sections = page(night)
    told = " ".join(sections.values()) + night.run.read("summary.md").decode()

    assert "Keep the old subscription for now" in sections["ending"]
    assert "2027-06-30 Microsoft changes its status automatically Microsoft Graph" in sections["ending"]
    assert [] == re.findall(r"(?:^|[ :>*])[Cc]ancel(?:s)?\b(?! gates)[^.?]*", told)
    assert "last day to reactivate" not in told


def test_the_timeline_has_one_row_for_each_subscription(done: Night, night: Night) -> None:
    """Named by its product; before a GO with the dates that Microsoft Graph gives, after it with all of them."""
    for one, dates in ((done, 5), (night, 1)):
        page_of = StaticPage(one.run.read("report.html").decode())
        [timeline] = [table for table in page_of.tables["ending"] if table[0] == ["Subscription", "What happens"]]
        routes = orjson.loads(one.run.read("reconciliation.json"))["ending"]["routes"]

        assert len(timeline) - 1 == len(routes)
        assert timeline[1][0] == f"Office 365 E4 {routes[0]['subscription_id']}"
        assert len(re.findall(r"\d{4}-\d\d-\d\d", timeline[1][1])) == dates


def test_the_page_says_what_was_paid_twice(night: Night) -> None:
    """And whose domains must stay, and which accounts may need no seat."""
    said = page(night)["ending"]

    assert "Do not remove these domains" in said
    assert re.search(r"contoso\.example 9 ", said)
    assert "Office 365 E5" in said.partition("Overlap")[2]
    assert "2026-03-06, still possible" in said
    assert list(night.tenant.living())[2].upn.partition("@")[0] in said.partition("may need no seat")[2]


def test_the_page_says_what_microsoft_recorded(night: Night) -> None:
    said = page(night)["witness"]

    assert "The audit log has records for 7 of 8 changed users; still missing: 1" in said
    assert list(night.tenant.living())[3].upn.partition("@")[0] in said


def test_the_page_says_what_changed_since(night: Night) -> None:
    said = page(night)["since"]

    assert "3 new holders of the old product:" in said
    assert "Nobody has the old product assigned directly passed failed" in said
    assert "moved changed outside this run" in said


def test_the_first_screen_says_who_ran_and_who_verified(night: Night) -> None:
    said = page(night)["verdict"]

    assert "a.jansen on ops-07 (planned, applied, verified)" in said
    assert "(planned, applied, verified)" in said.partition("Apps")[2]


def test_the_same_is_said_in_dutch(tmp_path: Path) -> None:
    """Not one sentence of the sections that people read is left in English, nor of the summary."""
    night = busy(tmp_path, "nl")
    said = page(night)
    read = ("verdict", "incidents", "gates", "residual", "actions", "ending", "since", "witness", "not-checked")
    words = " ".join([*(said[name] for name in read), night.run.read("summary.md").decode()])

    assert "Behoud het oude abonnement voorlopig" in words
    assert "records voor 7 van 8 gewijzigde gebruikers" in words
    assert "1 groep wijst het oude product toe" in said["gates"]
    assert "in één wijziging" in said["gates"]
    assert [] == re.findall(r"\b(?:the|cancel|holds?|holders|seats|users(?!\.csv)|not|and|lost|got)\b", words)


def test_gates_and_incidents_of_the_evidence_stay_english(tmp_path: Path) -> None:
    """Scripts read them, whatever the language of the page is; the page's table of users is Dutch."""
    night = busy(tmp_path, "nl")
    document = orjson.loads(night.run.read("reconciliation.json"))
    gates = {gate["id"]: gate["detail"] for gate in document["gates"]}

    assert gates["no_group_carries_source"].startswith("1 group assigns the old product: ")
    assert b"ake a new plan" in night.run.read("users.csv")
    boot = re.search(
        r'<script type="application/json" id="boot">(.*?)</script>', night.run.read("report.html").decode()
    )
    assert boot is not None
    users = gzip.decompress(base64.b64decode(orjson.loads(boot[1])["users"])).decode()
    assert "aak een nieuw plan" in users
    assert "ake a new plan" not in users


def test_the_documents_fit_their_schema(night: Night) -> None:
    """Strictly, with every part filled."""
    document_type().validate_json(night.run.read("reconciliation.json"), strict=True)


def test_json_and_workbook_hold_the_same_routes_and_dates(night: Night) -> None:
    ending = orjson.loads(night.run.read("reconciliation.json"))["ending"]
    book = load_workbook(io.BytesIO(night.run.read("report.xlsx")))
    rows = list(book["Ending"].iter_rows(min_row=2, values_only=True))
    record = dict(list(book["Microsoft's own record"].iter_rows(min_row=3, values_only=True))[:3])

    for route in ending["routes"]:
        mine = {(row[2], row[3]) for row in rows if row[0] == route["subscription_id"]}
        said = {(FAMILIES["due"][due["what"]], due["day"]) for due in route["dates"]}
        assert {("How", FAMILIES["route"][route["route"]]), *said} <= mine
    assert {"Records in all": 7, "Changed users": 8, "Changed users with a record": 7} == record


def test_the_summary_of_a_go_names_the_route(done: Night) -> None:
    lines = done.run.read("summary.md").decode().splitlines()

    assert any("cancel online" in line and "last day to reactivate" in line for line in lines)


def test_the_summary_stays_short_and_names_the_record(night: Night) -> None:
    lines = night.run.read("summary.md").decode().splitlines()

    assert len(lines) <= 60
    assert any(line.startswith("- Microsoft's own record: The audit log has records for 7 of 8") for line in lines)
    (since,) = [line for line in lines if line.startswith("- Since the last verification: ")]
    assert re.search(r"\d+ gates? ha\w+ a different result; \d+ users? ha\w+ a different outcome\.$", since)


def test_every_file_is_for_its_owner_alone(night: Night) -> None:
    """0600, in history as well."""
    assert {0o600} == {p.stat().st_mode & 0o777 for p in night.run.files()}


def test_the_tables_have_only_their_columns(night: Night) -> None:
    """New facts stand in documents of their own; a script that reads users.csv is not surprised."""
    header = next(csv.reader(io.StringIO(night.run.read("users.csv").decode())))

    assert not {"ending", "witness", "route"} & set(header)
