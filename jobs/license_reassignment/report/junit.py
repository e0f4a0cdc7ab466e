"""gates.junit.xml: the gates as test cases, so that a pipeline shows them where it shows its tests."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from jobs.license_reassignment.reconcile.findings import Gate
from jobs.license_reassignment.reconcile.reconciliation import Reconciliation

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(r: Reconciliation) -> bytes:
    """Return one test case per gate: a failed gate is a failure, one that could not be checked an error.

    An error rather than `skipped`: a pipeline must not turn green over a gate that nobody could look at.
    """
    suite = ET.Element(
        "testsuite",
        name="reseat gates",
        tests=str(len(r.gates)),
        failures=str(sum(gate.status == "failed" for gate in r.gates)),
        errors=str(sum(gate.status == "not_checkable" for gate in r.gates)),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("plan_id", r.plan_id), ("tenant_id", r.tenant_id), ("verdict", r.verdict)):
        ET.SubElement(properties, "property", name=name, value=_xml_text(value))
    for gate in r.gates:
        _test_case(suite, gate)
    ET.indent(suite)
    document: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _test_case(suite: ET.Element, gate: Gate) -> None:
    case = ET.SubElement(suite, "testcase", classname="reseat.gates", name=_xml_text(gate.id))
    if gate.passed:
        ET.SubElement(case, "system-out").text = _xml_text(gate.detail)
    else:
        kind = "failure" if gate.status == "failed" else "error"
        problem = ET.SubElement(case, kind, type=gate.status, message=_xml_text(gate.detail))
        problem.text = _xml_text(gate.remedy)


def _xml_text(text: str) -> str:
    """Replace what XML 1.0 cannot carry, however it is escaped."""
    return _NOT_XML.sub("\ufffd", text)
