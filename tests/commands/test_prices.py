"""`[prices]`, from the settings to the report: what is refused, what a verify records, and what stands in each file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from openpyxl import load_workbook
from worlds.in_process import CommandLine, Place, told
from worlds.rehearsal import read_json
from worlds.small_tenant import APPLY, BETTER, DECLARED, EVERYONE, NEW, OLD, header, person, place, say

PRICES = f"\n[prices]\n{OLD} = 22\n{NEW} = 19.9\n"
SUBSCRIPTIONS = [
    {"id": "00000000-0000-4000-8000-0000000000e4", "sku": OLD, "totalLicenses": 50, "status": "Enabled",
     "createdDateTime": "2019-06-01T00:00:00Z", "nextLifecycleDateTime": "2030-01-01T00:00:00Z"},
    {"id": "00000000-0000-4000-8000-0000000000e3", "sku": NEW, "totalLicenses": 50, "status": "Enabled",
     "createdDateTime": "2019-06-01T00:00:00Z", "nextLifecycleDateTime": "2030-01-01T00:00:00Z"},
]  # fmt: skip


def world(folder: Path, prices: str = PRICES, more: str = "") -> Place:
    """Two users of the old product, and the new one in the tenant since 2019."""
    users = [person("ada"), person("bo")]
    return place(folder, users, EVERYONE + DECLARED + prices + more, subscriptions=SUBSCRIPTIONS)


def verified(reseat: CommandLine, there: Place) -> dict[str, Any]:
    """Plan, apply and verify; return reconciliation.json."""
    assert reseat(there, "plan").code == 0
    header(there)
    assert reseat(there, "apply", there.run, *APPLY).code == 0
    assert reseat(there, "verify", there.run).code == 0
    return document(there)


def document(there: Place) -> dict[str, Any]:
    found: dict[str, Any] = read_json(there.folder / "runs" / there.run / "reconciliation.json")
    return found


@pytest.mark.parametrize("command", ["check", "plan"])
@pytest.mark.parametrize(
    ("line", "fragments"),
    [
        ("ENTERPRISEWITHSCALL = 22", ["[prices] ENTERPRISEWITHSCALL", "Did you mean ENTERPRISEWITHSCAL"]),
        ('"Office 365 F9" = 22', ["[prices] Office 365 F9", "no product is called"]),
        ("00000000-0000-4000-8000-00000000dead = 22", ["no product has the id", "`reseat skus`"]),
        (f'{OLD} = 22\n"Office 365 E4" = 23', ["[prices] Office 365 E4", f"the same product as {OLD}"]),
    ],
)
def test_a_key_that_is_no_product_is_refused_with_its_line(
    command: str, line: str, fragments: list[str], tmp_path: Path, reseat: CommandLine
) -> None:
    """Or a product twice: a mistyped key would leave a product without its price."""
    there = world(tmp_path, f"\n[prices]\n{line}\n")
    number = there.config.read_text(encoding="utf-8").splitlines().index(line.splitlines()[-1]) + 1
    said = reseat(there, command)

    assert (2, []) == (said.code, told(said, [f"reseat.toml line {number}: ", *fragments]))


@pytest.mark.parametrize(
    ("line", "fragment"),
    [
        (f"{OLD} = -1", f"[prices] {OLD} = -1 must be a price from 0 to 1,000,000"),
        (f"{OLD} = nan", f"[prices] {OLD} = NaN must be a number"),
        (f"{OLD} = true", f"[prices] {OLD} = true must be a number"),
        (f'{OLD} = "22"', "must be a number without quotes"),
        (f"{OLD} = 0.1234567", "must have 6 decimals or fewer"),
        ('currency = "Euro"', "must be a currency code of three letters"),
        ("currency = 978", "[prices] currency = 978 must be a string in quotes"),
    ],
)
def test_a_price_that_is_none_is_refused_with_its_line(
    line: str, fragment: str, tmp_path: Path, reseat: CommandLine
) -> None:
    there = world(tmp_path, f"\n[prices]\n{line}\n")
    number = there.config.read_text(encoding="utf-8").splitlines().index(line) + 1
    said = reseat(there, "plan")

    assert (2, []) == (said.code, told(said, [f"reseat.toml line {number}: [prices]", fragment]))


def test_a_variable_sets_a_price_and_check_shows_whose_it_is(
    tmp_path: Path, reseat: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It overrides the price of the file, whatever the letters of its key."""
    monkeypatch.setenv(f"RESEAT_PRICES__{OLD}", "23.5")
    monkeypatch.setenv("RESEAT_PRICES__CURRENCY", "usd")
    said = reseat(world(tmp_path, f"\n[prices]\n{OLD.lower()} = 22\n{BETTER} = 38.40\n"), "check", "--settings")

    assert [] == told(
        said,
        [
            'prices.currency = "USD" (RESEAT_PRICES__CURRENCY)',
            f"prices.{OLD.lower()} = 23.5 (RESEAT_PRICES__{OLD})",
            f"prices.{BETTER} = 38.4 (line ",
        ],
    )


def test_a_verify_records_the_prices_and_what_follows_from_them(tmp_path: Path, reseat: CommandLine) -> None:
    """50 old seats at EUR 22; of the new product, which was there before, the two seats of those who moved."""
    there = world(tmp_path)
    cost = verified(reseat, there)["cost"]
    noted = read_json(there.folder / "runs" / there.run / "after-tenant.json")["verification"]["prices"]

    assert ("EUR", ["19.9", "22"]) == (noted["currency"], sorted(noted["seat_month"].values()))
    assert ({"amount": "1100.00", "left_out": []}, {"amount": "39.80", "left_out": []}) == (
        cost["old_per_month"],
        cost["new_per_month"],
    )
    assert {"amount": "1100.00", "left_out": []} == cost["saved_per_month"]


def test_without_prices_there_is_no_key_and_no_section(tmp_path: Path, reseat: CommandLine) -> None:
    there = world(tmp_path, "")
    found = verified(reseat, there)
    run = there.folder / "runs" / there.run

    assert "cost" not in found
    assert 'id="cost"' not in (run / "report.html").read_text(encoding="utf-8")
    assert "Cost" not in load_workbook(run / "report.xlsx").sheetnames
    assert "prices" not in read_json(run / "after-tenant.json")["verification"]


def test_report_and_audit_need_no_settings(tmp_path: Path, reseat: CommandLine) -> None:
    """The prices of the verification count, whatever the settings say later."""
    there = world(tmp_path)
    first = verified(reseat, there)["cost"]
    say(there, EVERYONE + DECLARED + PRICES.replace("22", "99"))
    assert reseat(there, "report", there.run).code == 0

    assert (document(there)["cost"], reseat(there, "audit", there.run).code) == (first, 0)


def test_an_amount_that_somebody_altered_is_found_by_audit(tmp_path: Path, reseat: CommandLine) -> None:
    """Also where every digest was made to fit: it does not follow from prices and seats."""
    there = world(tmp_path)
    verified(reseat, there)
    path = there.folder / "runs" / there.run / "reconciliation.json"
    path.write_bytes(path.read_bytes().replace(b'"1100.00"', b'"100.00"', 1))
    said = reseat(there, "audit", there.run)

    assert (5, []) == (said.code, told(said, ["cost.", "the evidence gives '1100.00'"]))


@pytest.mark.parametrize("price", ["a lot", "-1", "NaN"])
def test_a_price_that_somebody_altered_beyond_reading_is_no_crash(
    price: str, tmp_path: Path, reseat: CommandLine
) -> None:
    there = world(tmp_path)
    verified(reseat, there)
    path = there.folder / "runs" / there.run / "after-tenant.json"
    path.write_bytes(path.read_bytes().replace(b'"22"', orjson.dumps(price), 1))

    assert reseat(there, "audit", there.run).code == 5


def test_a_key_that_is_no_product_stops_a_verify_before_it_reads_and_moves_anything(
    tmp_path: Path, reseat: CommandLine
) -> None:
    there = world(tmp_path)
    before = verified(reseat, there)
    say(there, EVERYONE + DECLARED + "\n[prices]\nENTERPRISEPACC = 19.90\n")
    said = reseat(there, "verify", there.run)

    assert (2, []) == (said.code, told(said, ["[prices] ENTERPRISEPACC", "Did you mean ENTERPRISEPACK"]))
    assert (before, False) == (document(there), (there.folder / "runs" / there.run / "history").exists())


def test_prices_are_read_live_and_noted_by_apply(tmp_path: Path, reseat: CommandLine) -> None:
    """Another price makes no other plan."""
    there = world(tmp_path, "")
    assert reseat(there, "plan").code == 0
    header(there)
    say(there, EVERYONE + DECLARED + PRICES)
    assert reseat(there, "apply", there.run, *APPLY).code == 0
    assert reseat(there, "verify", there.run).code == 0
    journal = (there.folder / "runs" / there.run / "journal.jsonl").read_text(encoding="utf-8")
    start = next(line for line in map(orjson.loads, journal.splitlines()) if line["kind"] == "start")

    assert {"currency": "EUR", OLD: "22", NEW: "19.9"} == start["settings"]["prices"]
    assert "1100.00" == document(there)["cost"]["old_per_month"]["amount"]


def test_an_undo_has_no_cost(tmp_path: Path, reseat: CommandLine) -> None:
    """Nothing is canceled by it."""
    there = world(tmp_path)
    verified(reseat, there)
    undone = {path.name for path in (there.folder / "runs").iterdir()}
    assert reseat(there, "undo", there.run).code == 0
    [undo] = {path.name for path in (there.folder / "runs").glob("p*")} - undone
    there.run = undo
    assert reseat(there, "apply", undo, *APPLY).code == 0
    assert reseat(there, "verify", undo).code == 0

    assert "cost" not in document(there)


def test_each_file_says_it_in_its_own_way(tmp_path: Path, reseat: CommandLine) -> None:
    """The page on its first screen and in a section, the summary, the terminal, and numbers in the workbook."""
    there = world(tmp_path)
    verified(reseat, there)
    run = there.folder / "runs" / there.run
    said = reseat(there, "verify", there.run).words
    page = (run / "report.html").read_text(encoding="utf-8")
    rows = list(load_workbook(io.BytesIO((run / "report.xlsx").read_bytes()))["Cost"].iter_rows(values_only=True))

    assert "Cost: Old products per month: EUR 1,100.00; New products per month: EUR 39.80;" in said
    assert "EUR\xa01,100.00" in page.partition('id="gates"')[0]
    assert "EUR\xa019.90" in page.partition('<section id="cost"')[2].partition("</section>")[0]
    assert '<a href="#cost">Cost</a>' in page
    assert "Old products per month: EUR 1,100.00" in (run / "summary.md").read_text(encoding="utf-8")
    assert ("Old products per month", 1100, "EUR") == (rows[1][0], rows[1][8], rows[1][9])


def test_dutch_reports_write_money_the_dutch_way(tmp_path: Path, reseat: CommandLine) -> None:
    there = world(tmp_path, f"\n[prices]\n{OLD} = 1234.5\n", '\n[run]\nlanguage = "nl"\n')
    verified(reseat, there)
    run = there.folder / "runs" / there.run
    summary = (run / "summary.md").read_text(encoding="utf-8")

    assert "Oude producten per maand: EUR 61.725,00" in summary
    assert "geen prijs voor Office 365 E3" in summary


def test_prices_of_products_that_the_tenant_does_not_have_are_fine(tmp_path: Path, reseat: CommandLine) -> None:
    """A list of prices may serve several tenants."""
    there = world(tmp_path, PRICES + "SPE_E3 = 36.90\n")

    assert "cost" in verified(reseat, there)
