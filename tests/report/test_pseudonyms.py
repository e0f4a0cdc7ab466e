"""The second set of reports names nobody, is the same for the same key, and the key is never in the folder."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import re
import stat
from pathlib import Path

import orjson
import pytest
from worlds.evidence_world import CATALOG, Night, give_source_back, licensed_group, newcomer

from jobs.license_reassignment.commands.audit import audit
from jobs.license_reassignment.commands.report import report
from jobs.license_reassignment.errors import InputError
from jobs.license_reassignment.report.pseudonyms import FILES, Pseudonyms
from jobs.license_reassignment.run_folder.pseudonym_key import key_path, load_key

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """A NO-GO in which every part of the report names somebody."""
    night = Night(tmp_path, run={"pseudonymise": True}).moved()
    night.verify()
    users = list(night.tenant.living())
    licensed_group(night, users[0])
    give_source_back(night, newcomer(night, "somebody.outside"))
    night.tenant.set_assignments(users[1], (), night.now)
    users[2].enabled, users[3].mail = False, "other.name@contoso.example"
    deleted = newcomer(night, "deleted.person")
    give_source_back(night, deleted)
    night.tenant.delete_user(deleted, night.now)
    night.verify()
    return night


def texts(night: Night) -> dict[str, str]:
    """The reports, with the rows that the page carries unpacked."""
    return {name: night.run.read(f"pseudonymised/{name}").decode() for name in FILES}


def rows(night: Night, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(night.run.read(name).decode("utf-8-sig"), newline="")))


def test_no_name_address_or_id_of_anybody_is_in_any_file(night: Night) -> None:
    """Names, addresses, object ids, request ids, the operator and his machine."""
    named = {text for u in night.tenant.users for text in (u.upn, u.name, u.id, u.mail) if text}
    named |= {row["request_id"] for row in rows(night, "users.csv")} - {""}
    named |= {"LIC-E4-late", "a.jansen", "ops-07", "CHG-1042", "other.name"}

    assert [] == [(file, n) for file, text in texts(night).items() for n in named if n.casefold() in text.casefold()]


def test_the_rows_in_the_page_are_those_without_names(night: Night) -> None:
    """The page carries its table packed; unpacked it names nobody either."""
    page = night.run.read("pseudonymised/report.html").decode()
    boot = orjson.loads(page.split('id="boot">')[1].split("</script>")[0])
    packed = gzip.decompress(base64.b64decode(boot["users"])).decode()

    assert not any(u.upn in packed or u.id in packed or u.name in packed for u in night.tenant.users)
    assert "person-" in packed


def test_the_figures_are_the_same(night: Night) -> None:
    """Verdict, totals, gates and ledger are those of the full report."""
    full, without = (orjson.loads(night.run.read(f"{p}reconciliation.json")) for p in ("", "pseudonymised/"))

    assert (False, True) == (full["pseudonymised"], without["pseudonymised"])
    for key in ("verdict", "exit_code", "totals", "ledger", "residual", "subscriptions", "timing", "requests"):
        assert full[key] == without[key]
    assert [(g["id"], g["status"]) for g in full["gates"]] == [(g["id"], g["status"]) for g in without["gates"]]
    assert [r["outcome"] for r in rows(night, "users.csv")] == [
        r["outcome"] for r in rows(night, "pseudonymised/users.csv")
    ]


def test_one_person_has_one_pseudonym_in_every_file(night: Night) -> None:
    """Whoever is named in an incident is found in the table."""
    listed = {r["user_principal_name"] for r in rows(night, "pseudonymised/users.csv")}
    said = orjson.loads(night.run.read("pseudonymised/reconciliation.json"))
    bare = next(i["subject"] for i in said["incidents"] if i["kind"] == "bare_user")

    assert bare in listed
    assert bare in {r["user_principal_name"] for r in rows(night, "pseudonymised/actions.csv")}
    assert 8 == len(listed)


def test_each_page_says_that_it_names_nobody(night: Night) -> None:
    """The full page says on each sheet of paper that it holds personal data, the other one that it holds no names."""
    full = night.run.read("report.html").decode()

    assert "Contains personal data" in full
    assert "Pseudonymised: no names" in texts(night)["report.html"]
    assert "Contains personal data" not in texts(night)["report.html"]
    assert "Pseudonymised: it names no person." in texts(night)["summary.md"]


def test_the_key_lies_beside_the_runs_for_its_owner_alone(night: Night) -> None:
    key = key_path(night.run)

    assert night.run.path.parent.parent == key.parent
    assert (0o600, 32) == (stat.S_IMODE(key.stat().st_mode), key.stat().st_size)
    assert not any(key.read_bytes() in p.read_bytes() for p in night.run.files())


def test_rendering_again_gives_the_same_pseudonyms(night: Night) -> None:
    before = texts(night)
    report(night.run, CATALOG)

    assert before == texts(night)


def test_an_audit_covers_the_second_set(night: Night) -> None:
    """It needs no key: the digests say whether a byte was changed."""
    before = audit(night.run, CATALOG)
    night.run.write("pseudonymised/summary.md", b"GO")
    after = audit(night.run, CATALOG)

    assert (3, 5) == (before.code, after.code)
    assert "pseudonymised/summary.md was altered" in after.differences[0]
    assert [note for note in before.notes if "without names was not derived again" in note]


def test_another_key_gives_other_pseudonyms() -> None:
    """And the same key the same ones, however the name is written."""
    one, other = Pseudonyms(b"1" * 32, {}), Pseudonyms(b"2" * 32, {})

    assert one.person("Ada@contoso.example") == one.person("ada@CONTOSO.example")
    assert one.person("ada@contoso.example") != other.person("ada@contoso.example")
    assert "" == one.person("")
    assert not GUID.search(one.person("1392051d-0cb9-4b7a-88d5-621fee5e8711"))


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"short")

    with pytest.raises(InputError, match="is not a key of 32 bytes"):
        load_key(tmp_path / "key")
    with pytest.raises(InputError, match="Cannot keep the key"):
        load_key(tmp_path / "absent" / "key")


def test_without_the_wish_there_is_no_second_set(tmp_path: Path) -> None:
    night = Night(tmp_path).moved()
    night.verify()

    assert not (night.run.path / "pseudonymised").exists()
    assert not key_path(night.run).exists()
