"""Whatever Graph, a proxy or a portal answers: one paragraph, a code that says what to do, and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from graph.between import (
    HTML,
    LOGIN,
    Answer,
    Between,
    Change,
    Concerns,
    at,
    everything,
    page_of_html,
    redirect,
    saying,
    writes,
)
from worlds.in_process import CommandLine, Place, Said
from worlds.sets import few
from worlds.small_tenant import APPLY, EVERYONE, group, group_id, header, person, place, written

GROUP = group_id(1)
MEMBERS = f"/groups/{GROUP}/transitiveMembers"
SETTINGS = f'\n[scope]\nprotected = ["{GROUP}", "max@contoso.example"]\n{EVERYONE}\n[pace]\nwait_minutes_max = 1\n'
FINE, PATIENT = {0, 3, 4, 6}, {4}

ENDPOINTS: dict[str, Concerns] = {
    "/organization": at("/organization"),
    "/subscribedSkus": at("/subscribedSkus"),
    "/directory/subscriptions": at("/directory/subscriptions"),
    "/users": at("/users"),
    "/directory/deletedItems/microsoft.graph.user": at("/directory/deletedItems/microsoft.graph.user"),
    "/groups": at("/groups"),
    MEMBERS: at(MEMBERS),
    "/admin/serviceAnnouncement/healthOverviews": at("/admin/serviceAnnouncement/healthOverviews"),
    "/auditLogs/directoryAudits": at("/auditLogs/directoryAudits"),
    "/users by name or address": lambda _method, path, body: path == "/$batch" and b"$filter" in body,
    "/users/{id}": lambda _method, path, body: path == "/$batch" and b"licenseAssignmentStates" in body,
}
BATCHES = {"/users by name or address", "/users/{id}"}
OPTIONAL = {"/admin/serviceAnnouncement/healthOverviews", "/auditLogs/directoryAudits"}
"""What can be missing is told as not checked: a strange answer there ends nothing."""

COMMANDS = {
    "/admin/serviceAnnouncement/healthOverviews": "check",
    "/auditLogs/directoryAudits": "verify",
    "/users/{id}": "apply",
}


def company(folder: Path) -> Place:
    """Three holders of the old product, one protected by a group; whoever is protected by name holds nothing."""
    users = [person("ada"), person("bob"), person("eve"), person("max", "")]
    return place(folder, users, SETTINGS, groups=[group(1, "Break glass", "eve")])


def ask(reseat: CommandLine, where: Place, command: str, between: Between) -> Said:
    """Call the command with this in between; what comes before it is done in peace."""
    if command in {"apply", "verify"}:
        assert reseat(where, "plan").code in {0, 3}
        header(where)
    if command == "verify":
        assert 0 == reseat(where, "apply", where.run, *APPLY).code
    reseat.between = between
    argv = {"apply": (where.run, *APPLY), "verify": (where.run,)}.get(command, ())
    return reseat(where, command, *argv)


def well_told(said: Said, codes: set[int]) -> None:
    """The code is one of these; no trace, no word of a bug, and one paragraph for a command that ends early."""
    assert said.code in codes, f"{said.code}\n{said.out}\n{said.err}"
    assert "Traceback" not in said.err
    assert "error in reseat itself" not in said.err
    if said.code == 4:
        assert "continues" in said.words
        assert "\n\n" not in said.err.rpartition("reseat: ")[2].strip()


STRANGERS: dict[str, tuple[Change, str]] = {
    "a page with 200": (page_of_html(), "a web page (status 200)"),
    "a page that calls itself JSON": (lambda _: Answer(200, body=b"\xef\xbb\xbf\n <html>"), "a web page (status 200)"),
    "an empty page": (lambda _: Answer(200, HTML), "a web page (status 200)"),
    "a text": (lambda _: Answer(200, {"content-type": "text/plain"}, b"Blocked."), "a text that is not JSON"),
    "301": (redirect(301), "a redirect (301) to login.portal.example"),
    "302": (redirect(), "a redirect (302) to login.portal.example"),
    "303": (redirect(303), "a redirect (303)"),
    "307": (redirect(307), "a redirect (307)"),
    "308 to nowhere": (redirect(308, "http://[::1"), "a redirect (308)"),
    "302 without an address": (lambda _: Answer(302), "a redirect (302)"),
    "401 of a proxy": (page_of_html(401), "a web page (status 401)"),
    "403 of a proxy": (page_of_html(403), "a web page (status 403)"),
    "403 without a word": (lambda _: Answer(403), "status 403 without"),
    "404 of a proxy": (page_of_html(404), "a web page (status 404)"),
    "404 of a gateway": (lambda _: Answer(404, body=b'{"message": "no route"}'), "status 404 without"),
    "410 of a proxy": (page_of_html(410), "a web page (status 410)"),
    "407": (page_of_html(407), "a proxy that requires a sign-in (407)"),
    "407 in JSON": (lambda _: Answer(407, body=b'{"error": {"code": "a"}}'), "a proxy that requires a sign-in"),
    "451": (page_of_html(451), "a web page (status 451)"),
    "511": (page_of_html(511), "a network that requires a sign-in (511)"),
}
EACH_KIND = ("a page with 200", "a text", "302", "403 without a word", "407")


@pytest.mark.table
@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("endpoint", sorted(set(ENDPOINTS) - OPTIONAL))
def test_a_proxy_or_a_portal_is_named_at_once(
    reseat: CommandLine, tmp_path: Path, endpoint: str, stranger: str
) -> None:
    """4, what came and to which address, in the first second; nobody is taken for missing, and nothing is written."""
    where, (change, words) = company(tmp_path), STRANGERS[stranger]
    between = Between(ENDPOINTS[endpoint], change)

    began = where.seconds
    said = ask(reseat, where, COMMANDS.get(endpoint, "plan"), between)

    well_told(said, PATIENT)
    assert 1 == between.changed
    assert where.seconds - began < 5
    assert words in said.words
    assert endpoint in said.words
    for word in ("ermission", "does not exist", "secret", "$filter"):
        assert word not in said.words
    assert [] == written(where)
    if COMMANDS.get(endpoint) is None:
        assert not list(where.folder.glob("runs/p*"))


@pytest.mark.table
@pytest.mark.parametrize("stranger", few(STRANGERS, *EACH_KIND))
@pytest.mark.parametrize("endpoint", sorted(OPTIONAL))
def test_what_is_optional_stays_so(reseat: CommandLine, tmp_path: Path, endpoint: str, stranger: str) -> None:
    """The health of the services and the directory's own log are "not checked" where a stranger answers for them."""
    where = company(tmp_path)
    between = Between(ENDPOINTS[endpoint], STRANGERS[stranger][0])

    well_told(ask(reseat, where, COMMANDS[endpoint], between), {0, 3})

    assert between.changed


GATEWAYS = [500, 502, 503, 504, 429]


@pytest.mark.parametrize("status", GATEWAYS)
def test_a_gateway_in_trouble_is_waited_for(reseat: CommandLine, tmp_path: Path, status: int) -> None:
    """Graph's own gateways speak HTML when they are in trouble: such an answer is asked for again."""
    where, left = company(tmp_path), [2]

    def twice(answer: Answer) -> Answer:
        left[0] -= 1
        return Answer(status, HTML, LOGIN) if left[0] >= 0 else answer

    well_told(ask(reseat, where, "plan", Between(at("/subscribedSkus"), twice)), {0, 3})


UNKNOWN = [400, 402, 405, 406, 410, 412, 413, 414, 415, 418, 422, 431, 451, 501, 505]


@pytest.mark.parametrize("status", UNKNOWN)
def test_a_status_that_nobody_knows_is_told_in_the_words_of_graph(
    reseat: CommandLine, tmp_path: Path, status: int
) -> None:
    """4, with code and message, addresses of people left out."""
    body = {"error": {"code": "NoTea", "message": "I am a teapot of ada@contoso.example."}}
    change: Change = lambda _: Answer(status, body=orjson.dumps(body))  # noqa: E731 - one of many

    said = ask(reseat, company(tmp_path), "plan", Between(at("/subscribedSkus"), change))

    well_told(said, PATIENT)
    if status != 410:
        assert f"Graph answered {status} to /subscribedSkus: NoTea: I am a teapot of <address>." in said.err


def rows(change: Callable[[dict[str, object]], object]) -> Change:
    """Change each row of a collection, or the body of each item of a batch."""

    def changed(answer: Answer) -> Answer:
        body = answer.json
        if "responses" in body:
            for item in body["responses"]:
                item["body"] = change(item["body"])
        else:
            body["value"] = [change(row) for row in body["value"]]
        return answer.saying(body)

    return changed


def every(value: object) -> Change:
    """Put this value in the place of every value of each row but its type."""
    return rows(lambda row: {key: old if key.startswith("@") else value for key, old in row.items()})


def without(*keys: str) -> Change:
    """Leave these keys out of each row."""
    return rows(lambda row: {key: value for key, value in row.items() if key not in keys})


def replaced(answer: Answer, old: bytes, new: bytes) -> Answer:
    """The same with some bytes of its body exchanged."""
    return Answer(answer.status, answer.headers, answer.body.replace(old, new))


def linked(link: object) -> Change:
    """Name this as the next page."""
    return lambda answer: answer.saying({**answer.json, "@odata.nextLink": link})


SHAPES: dict[str, Change] = {
    "null": saying(None),
    "a list": saying([]),
    "a text": saying("value"),
    "a number": saying(7),
    "an empty object": saying({}),
    "value null": saying({"value": None, "responses": None}),
    "value an object": saying({"value": {}, "responses": {}}),
    "value a text": saying({"value": "abc", "responses": "abc"}),
    "value a number": saying({"value": 1, "responses": 1}),
    "rows null": saying({"value": [None], "responses": [None]}),
    "rows numbers": saying({"value": [7], "responses": [7]}),
    "rows texts": saying({"value": ["abc"], "responses": ["abc"]}),
    "rows lists": saying({"value": [[]], "responses": [[]]}),
    "empty rows": saying({"value": [{}], "responses": [{}]}),
    "every value null": every(None),
    "every value a number": every(7),
    "every value a text": every("seven"),
    "every value an empty text": every(""),
    "every value a list": every([None]),
    "every value an object": every({"a": 1}),
    "every value a huge number": every(10**18),
    "every value infinite": lambda answer: replaced(every("@INF")(answer), b'"@INF"', b"1e999"),
    "no ids": without("id", "skuId"),
    "nothing but ids": rows(lambda row: {key: row[key] for key in ("id", "skuId", "@odata.type") if key in row}),
    "200 without a body": lambda a: Answer(200, a.headers),
    "204": lambda _: Answer(204, {}),
    "half a body": lambda a: Answer(200, a.headers, a.body[: len(a.body) // 2]),
    "a body of nothing but braces": lambda a: Answer(200, a.headers, b"{" * 5000),
    "bytes that are no text": lambda a: Answer(200, a.headers, b'{"value": ["\xff\xfe"]}'),
}

LINKS: dict[str, Change] = {
    "a next page that is a number": linked(5),
    "a next page that is an object": linked({"href": "x"}),
    "a next page without a name": linked(""),
    "a next page that is no address": linked("https://graph.microsoft.com:port/"),
    "a next page of letters": linked("page two"),
    "a next page elsewhere": linked("https://evil.example/v1.0/users"),
    "a next page on another port": linked("http://127.0.0.1:8081/v1.0/users"),
    "a next page without encryption": linked("ftp://127.0.0.1:8080/v1.0/users"),
    "a next page with a user": linked("http://me:you@127.0.0.1:8080/v1.0/users"),
    "a next page that leads in a circle": linked("http://127.0.0.1:8080/v1.0@"),
}


@pytest.mark.table
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("endpoint", sorted(ENDPOINTS))
def test_no_shape_of_an_answer_ends_in_a_trace(reseat: CommandLine, tmp_path: Path, endpoint: str, shape: str) -> None:
    """0, 3, 4 or 6 and a sentence, whichever part of whichever answer is not what Microsoft documents."""
    where = company(tmp_path)
    between = Between(ENDPOINTS[endpoint], SHAPES[shape])

    said = ask(reseat, where, COMMANDS.get(endpoint, "plan"), between)

    well_told(said, FINE)
    assert between.changed
    if endpoint == "/users/{id}":
        assert [] == written(where)


@pytest.mark.table
@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("endpoint", sorted(set(ENDPOINTS) - BATCHES))
def test_no_next_page_leads_astray(reseat: CommandLine, tmp_path: Path, endpoint: str, link: str) -> None:
    """An address that is none, leads elsewhere or in a circle is never followed out of Graph; 4, or not checked."""
    where = company(tmp_path)
    change, own = LINKS[link], f"v1.0{endpoint}".encode()
    between = Between(ENDPOINTS[endpoint], lambda answer: replaced(change(answer), b"v1.0@", own))

    said = ask(reseat, where, COMMANDS.get(endpoint, "plan"), between)

    well_told(said, {0, 3} if endpoint in OPTIONAL else PATIENT)
    if endpoint not in OPTIONAL:
        assert any(word in said.words for word in ("next page", "nextLink", "in a circle")), said.words


@pytest.mark.table
@pytest.mark.parametrize("reached", [True, False], ids=["done behind it", "stopped by it"])
@pytest.mark.parametrize("stranger", few(STRANGERS, *EACH_KIND))
def test_a_write_that_a_stranger_answered_is_in_doubt_until_it_was_read(
    reseat: CommandLine, tmp_path: Path, stranger: str, reached: bool
) -> None:
    """4 at once, with what came; the same apply then reads, and nobody is sent a change twice."""
    where, (change, words) = company(tmp_path), STRANGERS[stranger]
    between = Between(writes, change, reached=reached)

    said = ask(reseat, where, "apply", between)

    well_told(said, PATIENT)
    assert 1 == between.changed
    assert words in said.words
    assert "ermission" not in said.words
    assert (["ada", "bob"] if reached else []) == written(where)
    reseat.between = lambda app: app
    assert 0 == reseat(where, "apply", where.run, *APPLY).code
    assert ["ada", "bob"] == written(where)
    assert 3 == reseat(where, "verify", where.run).code  # the protected account is left
    assert '"moved": 2' in reseat(where, "report", where.run, "--json").out.replace('":2', '": 2')


ENVELOPES = {
    "400": (400, "BadRequest", "Invalid batch payload format."),
    "404": (404, "ResourceNotFound", "No segment $batch."),
    "413": (413, "RequestEntityTooLarge", "Too large."),
    "418": (418, "Teapot", "Short and stout."),
    "451": (451, "Unavailable", "For legal reasons."),
}


@pytest.mark.parametrize("case", ENVELOPES)
def test_a_batch_that_graph_takes_for_none_stops_the_run_with_4(reseat: CommandLine, tmp_path: Path, case: str) -> None:
    """The words of Graph are told; nothing more is sent."""
    status, code, message = ENVELOPES[case]
    answer = Answer(status, body=orjson.dumps({"error": {"code": code, "message": message}}))
    where = company(tmp_path)
    between = Between(writes, lambda _: answer, reached=False)

    said = ask(reseat, where, "apply", between)

    well_told(said, PATIENT)
    assert (1, []) == (between.changed, written(where))
    assert f"{status} {code}" in said.words


def test_an_item_of_a_read_that_failed_with_another_is_asked_for_again(reseat: CommandLine, tmp_path: Path) -> None:
    """424 says that the item was not tried: it is no end of the run."""
    where, left = company(tmp_path), [1]

    def failed(answer: Answer) -> Answer:
        left[0] -= 1
        if left[0] < 0:
            return answer
        items = answer.json["responses"]
        error = {"error": {"code": "FailedDependency", "message": "Another item failed."}}
        return answer.saying({"responses": [{**item, "status": 424, "body": error} for item in items]})

    assert 0 == ask(reseat, where, "apply", Between(at("/$batch", "POST"), failed)).code
    assert ["ada", "bob"] == written(where)


def once_with(status: int, **headers: str) -> Change:
    """Refuse once with these headers."""
    left = [1]

    def change(answer: Answer) -> Answer:
        left[0] -= 1
        said = Answer(status, body=b'{"error": {"code": "TooManyRequests", "message": "Slow down."}}')
        return said.with_headers(**headers) if left[0] >= 0 else answer

    return change


HEADERS: dict[str, dict[str, str]] = {
    "a fruit": {"Retry_After": "banana"},
    "less than nothing": {"Retry_After": "-5"},
    "nothing": {"Retry_After": "0"},
    "not a number": {"Retry_After": "NaN"},
    "without end": {"Retry_After": "inf"},
    "a date that is none": {"Retry_After": "Mon, 99 Jan 99999 99:99:99 GMT"},
    "a date of the past": {"Retry_After": "Thu, 01 Jan 1970 00:00:00 GMT"},
    "no date of its own": {"Retry_After": "2", "Date": "yesterday"},
    "a date without a zone": {"Retry_After": "2", "Date": "Mon, 02 Mar 2026 08:00:40"},
    "no scope": {"Retry_After": "2", "x_ms_throttle_scope": "///"},
    "a long scope": {"Retry_After": "2", "x_ms_throttle_scope": "Tenant/" + "a" * 5000},
}


@pytest.mark.table
@pytest.mark.parametrize("case", HEADERS)
@pytest.mark.parametrize("endpoint", ["/subscribedSkus", "/users/{id}"])
def test_no_header_of_a_refusal_does_harm(reseat: CommandLine, tmp_path: Path, endpoint: str, case: str) -> None:
    """What cannot be read is no wish; the question is asked again, and answered."""
    where = company(tmp_path)
    between = Between(ENDPOINTS[endpoint], once_with(429, **HEADERS[case]))

    well_told(ask(reseat, where, COMMANDS.get(endpoint, "plan"), between), {0, 3})

    assert between.changed > 1


AGES = ["1e9", "1e12", "1e300", "Fri, 31 Dec 9999 23:59:59 GMT"]


@pytest.mark.table
@pytest.mark.parametrize("seconds", AGES)
@pytest.mark.parametrize("endpoint", ["/subscribedSkus", "/users/{id}"])
def test_a_wait_of_ages_is_not_waited_for(reseat: CommandLine, tmp_path: Path, endpoint: str, seconds: str) -> None:
    """4 at once: the budget is a minute, and no calendar goes so far."""
    where = company(tmp_path)
    began = where.seconds
    between = Between(ENDPOINTS[endpoint], once_with(429, Retry_After=seconds))

    said = ask(reseat, where, COMMANDS.get(endpoint, "plan"), between)

    well_told(said, PATIENT)
    assert where.seconds - began < 5


@pytest.mark.parametrize("load", ["NaN", "inf", "-inf", "1e9", "-1", "0", "banana", "1.8", "1,2"])
def test_no_word_about_our_load_stops_us(reseat: CommandLine, tmp_path: Path, load: str) -> None:
    """Nonsense is no reason to be slow, and the most that Microsoft documents is the most that counts."""
    where = company(tmp_path)
    began = where.seconds

    def loaded(answer: Answer) -> Answer:
        more = answer.with_headers(x_ms_throttle_limit_percentage=load)
        if b"responses" not in answer.body:
            return more
        items = answer.json["responses"]
        for item in items:
            item["headers"]["x-ms-throttle-limit-percentage"] = load
        return more.saying({"responses": items})

    assert 0 == ask(reseat, where, "apply", Between(everything, loaded)).code

    assert ["ada", "bob"] == written(where)
    assert where.seconds - began < 60


def texts(**values: object) -> Change:
    """Give each user these values."""
    return rows(lambda row: {**row, **values})


def twice(answer: Answer) -> Answer:
    """List everybody twice, once in capitals."""
    found = answer.json["value"]
    return answer.saying({"value": [*found, *({**row, "id": row["id"].upper()} for row in found)]})


def plans_as_text(row: dict[str, Any]) -> object:
    """Put a text in the place of a list of ids."""
    states = [{**state, "disabledPlans": "abc"} for state in row["licenseAssignmentStates"]]
    return {**row, "licenseAssignmentStates": states}


PEOPLE: dict[str, tuple[Change, set[int]]] = {
    "a name of ten megabytes": (texts(displayName="x" * 10_000_000), {4}),
    "a principal name of ten megabytes": (texts(userPrincipalName="x" * 10_000_000), {4}),
    "a name with NUL": (texts(displayName="Ada\0Lovelace\0"), {3}),
    "a name of control characters": (texts(displayName="\r\n\t\x1b[31m\x7f\u2028"), {3}),
    "a name that turns the line": (texts(displayName="Ada \u202eecalevoL"), {3}),
    "a name of five hundred letters": (texts(displayName="é" * 500), {3}),
    "no principal name": (texts(userPrincipalName=None), {3}),
    "no names at all": (texts(userPrincipalName=None, displayName=None, mail=None, proxyAddresses=None), {3}),
    "flags that are null": (texts(accountEnabled=None, onPremisesSyncEnabled=None), {3}),
    "a flag in words": (texts(accountEnabled="false"), {4}),
    "everybody twice": (twice, {3}),
    "addresses that are numbers": (texts(proxyAddresses=[1, 2]), {4}),
    "addresses that are a number": (texts(proxyAddresses=7), {4}),
    "plans that are a text": (rows(plans_as_text), {4}),
}


@pytest.mark.parametrize("case", PEOPLE)
def test_no_property_of_a_person_ends_in_a_trace(reseat: CommandLine, tmp_path: Path, case: str) -> None:
    """What can be kept goes through plan, apply, verify, report and audit; what cannot ends the plan with 4."""
    where, (change, codes) = company(tmp_path), PEOPLE[case]
    reseat.between = Between(at("/users"), change)

    said = reseat(where, "plan")

    well_told(said, codes)
    if 4 in codes:
        assert not list(where.folder.glob("runs/p*"))
        return
    header(where)
    assert 0 == reseat(where, "apply", where.run, *APPLY).code
    assert 3 == reseat(where, "verify", where.run).code
    assert 3 == reseat(where, "audit", str(where.folder / "runs" / where.run), config=False).code
    assert reseat(where, "report", where.run).code in {0, 3}


COUNTS: dict[str, bytes] = {
    "less than nothing": b"-1",
    "less than Int32 has": b"-2147483649",
    "more than Int32 has": b"2147483648",
    "more than any": b"1e999",
    "half a license": b"0.5",
    "a text": b'"3"',
    "yes": b"true",
    "a list": b"[]",
    "an object": b"{}",
}


@pytest.mark.table
@pytest.mark.parametrize("value", COUNTS)
@pytest.mark.parametrize("key", ["consumedUnits", "enabled"])
def test_no_number_of_licenses_ends_in_a_trace(reseat: CommandLine, tmp_path: Path, key: str, value: str) -> None:
    """A number that Int32 has none of, or what is no number, is told as that; nothing is decided on it."""
    where = company(tmp_path)

    def change(row: dict[str, Any]) -> object:
        units = {**row["prepaidUnits"], **({key: "@"} if key == "enabled" else {})}
        return {**row, "prepaidUnits": units, **({key: "@"} if key == "consumedUnits" else {})}

    between = Between(at("/subscribedSkus"), lambda answer: replaced(rows(change)(answer), b'"@"', COUNTS[value]))

    well_told(ask(reseat, where, "plan", between), FINE if value == "less than nothing" else PATIENT)
