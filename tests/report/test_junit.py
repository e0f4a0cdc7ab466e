"""gates.junit.xml shows the gates where a pipeline shows its tests."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from worlds.report_cases import GATE_IDS, finding, go, no_go, user
from worlds.report_nasty import nasty

from jobs.license_reassignment.reconcile.findings import Gate
from jobs.license_reassignment.report.junit import render_junit

GATES = (
    Gate("consumed_is_zero", "failed", "Graph counts 2 used seats.", "Look again later."),
    Gate("addons_declared", "not_checkable", "Not declared.", "Declare it."),
    Gate("nobody_bare", "passed", "Nobody was."),
)


def parsed(r) -> ET.Element:
    return ET.fromstring(render_junit(r))  # noqa: S314 (our own document)


def test_three_gates_are_written_letter_by_letter() -> None:
    """A failed gate is a failure, one that could not be checked an error, and neither is green."""
    assert render_junit(finding([user(0, "held")], gates=GATES)) == (
        b"""<?xml version='1.0' encoding='utf-8'?>
<testsuite name="reseat gates" tests="3" failures="1" errors="1">
  <properties>
    <property name="plan_id" value="p1f2e3d4c5b6a" />
    <property name="tenant_id" value="11111111-2222-4333-8444-555555555555" />
    <property name="verdict" value="NO-GO" />
  </properties>
  <testcase classname="reseat.gates" name="consumed_is_zero">
    <failure type="failed" message="Graph counts 2 used seats.">Look again later.</failure>
  </testcase>
  <testcase classname="reseat.gates" name="addons_declared">
    <error type="not_checkable" message="Not declared.">Declare it.</error>
  </testcase>
  <testcase classname="reseat.gates" name="nobody_bare">
    <system-out>Nobody was.</system-out>
  </testcase>
</testsuite>
"""
    )


def test_every_gate_is_a_test_case() -> None:
    suite = parsed(go(3))

    assert list(GATE_IDS) == [case.get("name") for case in suite.iter("testcase")]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("16", "0", "0")


def test_the_counts_agree_with_the_cases() -> None:
    suite = parsed(no_go(200))

    assert suite.get("failures") == str(len(list(suite.iter("failure"))))
    assert suite.get("errors") == str(len(list(suite.iter("error"))))


def test_texts_that_xml_cannot_carry_still_make_a_document() -> None:
    """Control characters are replaced, markup is escaped: any reader can open the file."""
    suite = parsed(nasty())
    message = suite.find("testcase/failure").get("message")

    assert "bell\ufffd and \ufffd[31mred" in message
    assert "</script><script>alert(1)</script>" in message
