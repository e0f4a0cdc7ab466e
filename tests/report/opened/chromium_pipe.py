"""Headless Chromium, spoken to over its own debugging pipe: no driver, no socket, no further dependency."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ANSWER_SECONDS_MAX = 60
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-pipe",
)


def executable() -> str | None:
    """Return where Chromium is, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page:
    """One tab: sends commands of the DevTools protocol, keeps the events that come meanwhile."""

    def __init__(self, reader: int, writer: int) -> None:
        self._reader, self._writer = reader, writer
        self._buffer, self._number, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and return its result; an error answer is an AssertionError."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": params}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._writer, json.dumps(command).encode() + b"\0")
        while True:
            message = self._receive()
            if message.get("id") == self._number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self.events.append(message)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._reader], [], [], ANSWER_SECONDS_MAX)
            assert ready, f"Chromium said nothing for {ANSWER_SECONDS_MAX} s"
            self._buffer += os.read(self._reader, 1 << 20)
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def open(self, url: str) -> None:
        """Go to the address and wait until the page has loaded and its script has had its say."""
        # By way of an empty page: from one fragment to another of the same file nothing would be loaded.
        for address in ("about:blank", url):
            self.events.clear()
            self.send("Page.navigate", url=address)
            while not any(event["method"] == "Page.loadEventFired" for event in self.events):
                self.events.append(self._receive())

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression; a promise is awaited."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Return as soon as the JavaScript condition holds; the page itself watches, frame by frame."""
        watch = f"const look = () => ({condition}) ? done(1) : requestAnimationFrame(look); look()"
        self.run(f"new Promise(done => {{ {watch} }})")

    def requests(self) -> list[str]:
        """Return every address asked for since the last `open`, other than the page's own file and its inline data."""
        urls = [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return [url for url in urls[1:] if not url.startswith("data:")]

    def complaints(self) -> list[str]:
        """Return what the console, the log and uncaught errors said since the last `open`."""
        kinds = {"Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"}
        return [json.dumps(event["params"]) for event in self.events if event["method"] in kinds]

    def screenshot(self, path: Path, width: int, height: int, **options: Any) -> None:
        """Write a picture of the page at this size."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        picture = self.send("Page.captureScreenshot", format="png", **options)["data"]
        path.write_bytes(base64.b64decode(picture))

    def pdf(self) -> bytes:
        """Return the page as printed on the paper that its own style names."""
        answer = self.send("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(answer["data"])


@contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """Start Chromium with an empty profile, hand over one tab, and end it."""
    binary = executable()
    assert binary, "chromium is not installed: apt-get install chromium"
    to_child, from_us = os.pipe()
    from_child, to_us = os.pipe()
    # Chromium reads commands from descriptor 3 and answers on 4; the shell puts ours there.
    shell = f'exec "$0" "$@" 3<&{to_child} 4>&{to_us}'
    with (profile / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            ["/bin/bash", "-c", shell, binary, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(to_child, to_us),
            stdout=log,
            stderr=log,
        )
    os.close(to_child)
    os.close(to_us)
    try:
        yield Page(from_child, from_us)
    finally:
        os.close(from_us)
        os.close(from_child)
        process.terminate()
        process.wait(ANSWER_SECONDS_MAX)
