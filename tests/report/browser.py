# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian's Chromium without a window, driven by its DevTools protocol over a pair of pipes: no port, no library.

Messages are JSON, each ended by a NUL; the browser reads them from its file descriptor 3 and answers on 4.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MISSING = f"no Chromium on this machine ({', '.join(NAMES)}): apt-get install --no-install-recommends chromium"
_PATIENCE = 60.0  # seconds for one answer; a bound, not a measure

# Becomes the browser, once the pipes are its file descriptors 3 and 4, whatever their numbers were.
_LAUNCH = """\
import fcntl, os, sys
ends = [fcntl.fcntl(int(number), fcntl.F_DUPFD_CLOEXEC, 10) for number in sys.argv[1:3]]
for number, end in enumerate(ends, start=3):
    os.dup2(end, number)
os.execv(sys.argv[3], sys.argv[3:])
"""


class BrowserError(Exception):
    """The browser went away, didn't answer, or refused a command."""


def find() -> str:
    """The browser's path, or ``""``."""
    return next((found for found in map(shutil.which, NAMES) if found), "")


class Browser:
    """One browser. Everything that pages say on the console, throw, or ask a network for is kept."""

    def __init__(self, process: subprocess.Popen[bytes], commands: int, answers: int) -> None:
        self._process = process
        self._commands = commands
        self._answers = answers
        self._numbers = itertools.count(1)
        self._unread = b""

    def page(self, **features: str) -> Page:
        """A new page; ``features`` are media features, such as ``prefers_color_scheme="dark"``."""
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        page.call("Emulation.setEmulatedMedia", {"features": wanted})
        return page

    def call(self, method: str, params: dict[str, Any] | None = None, page: Page | None = None) -> dict[str, Any]:
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params or {}}
        if page:
            message["sessionId"] = page.session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                return dict(answer["result"])
            if page and answer.get("sessionId") == page.session:
                page.events.append(answer)

    def wait_for(self, page: Page, event: str) -> None:
        while not any(entry.get("method") == event for entry in page.events):
            answer = self._next()
            if answer.get("sessionId") == page.session:
                page.events.append(answer)

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + _PATIENCE
        while b"\0" not in self._unread:
            ready, _write, _error = select.select([self._answers], [], [], max(0.0, until - time.monotonic()))
            more = os.read(self._answers, 1 << 20) if ready else b""
            if not more:
                raise BrowserError(f"no answer; the browser's state is {self._process.poll()}")
            self._unread += more
        line, _zero, self._unread = self._unread.partition(b"\0")
        return dict(json.loads(line))


class Page:
    """One page of the browser."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self.session = session
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        return self._browser.call(method, params, self)

    def size(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", metrics)

    def scripts(self, on: bool) -> None:
        self.call("Emulation.setScriptExecutionDisabled", {"value": not on})

    def open(self, path: Path) -> None:
        self.events.clear()
        self.call("Page.navigate", {"url": path.resolve().as_uri()})
        self._browser.wait_for(self, "Page.loadEventFired")

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is, as plain data; promises are waited for."""
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        answer = self.call("Runtime.evaluate", asked)
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def key(self, name: str, code: int, text: str = "") -> None:
        """Press and release a key."""
        common = {"key": name, "code": name, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", {"type": "keyDown", "text": text, **common})
        self.call("Input.dispatchKeyEvent", {"type": "keyUp", **common})

    def complaints(self) -> list[str]:
        """Errors and warnings on the console, and exceptions, since the page was opened."""
        said = []
        for event in self.events:
            params = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                said.append(str(params["exceptionDetails"].get("exception", params["exceptionDetails"])))
            elif event["method"] == "Runtime.consoleAPICalled":
                said.append(f"{params['type']}: {params['args']}")
            elif event["method"] == "Log.entryAdded":
                said.append(f"{params['entry']['level']}: {params['entry']['text']}")
        return said

    def requested(self) -> list[str]:
        """The addresses that the page asked for, itself included."""
        asked = [event for event in self.events if event["method"] == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in asked]

    def picture(self, *, whole: bool = True) -> bytes:
        """A PNG of the whole page, or of what the window shows."""
        answer = self.call("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})
        return base64.b64decode(answer["data"])

    def pdf(self) -> bytes:
        """The page printed, on the paper that its style sheet names."""
        answer = self.call("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})
        return base64.b64decode(answer["data"])


@contextlib.contextmanager
def running(path: str) -> Iterator[Browser]:
    """A browser with a profile of its own, and no network but what the page would open."""
    read_commands, commands = os.pipe()
    answers, write_answers = os.pipe()
    switches = (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"),
        *("--no-first-run", "--disable-background-networking", "--disable-extensions", "--hide-scrollbars"),
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        words = [sys.executable, "-c", _LAUNCH, str(read_commands), str(write_answers)]
        process = subprocess.Popen(
            [*words, path, *switches, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(read_commands, write_answers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_commands)
        os.close(write_answers)
        browser = Browser(process, commands, answers)
        try:
            yield browser
        finally:
            with contextlib.suppress(BrowserError, OSError):
                browser.call("Browser.close")
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(commands)
            os.close(answers)
