"""Two more browsers as phones of 360 x 740, asked in one way: Firefox by Playwright, WebKitGTK by WebDriver (ADR 70).

Neither needs a package beyond Debian's and those that the tests have anyway: WebDriver is eight requests of HTTP.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import BrowserType, Error, Page

from tests.services import free_port

ROOT = Path(__file__).resolve().parents[3]
VIEW = Path(__file__).with_name("view.py")
PATIENCE_S = 120
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # W3C WebDriver's name for a reference to one
# What a page complains of, wherever: scripts, promises, pictures and styles that did not come, the content policy.
COMPLAINTS = """
(() => {
  const said = (window.complaints = []);
  const add = (kind, what) => said.push(kind + ": " + what);
  const error = console.error;
  console.error = (...words) => { add("console", words.join(" ")); error.apply(console, words); };
  addEventListener("error", (event) => add("error", event.message || event.target.src || event.target.href), true);
  addEventListener("unhandledrejection", (event) => add("promise", event.reason));
  addEventListener("securitypolicyviolation", (event) => add("policy", event.blockedURI));
})();
"""
FIREFOX_PREFERENCES = {
    "media.autoplay.default": 0,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "ui.useOverlayScrollbars": 1,
}


class Phone(Protocol):
    """One open tab of one browser. ``run``'s script is a function's body; ``arguments`` are the values.

    ``tap`` and ``type`` do as a finger does, to the first such element, as soon as there is one; ``forget`` takes the
    cookies away.
    """

    name: str

    def open(self, url: str) -> None: ...
    def run(self, script: str, *values: Any) -> Any: ...
    def tap(self, selector: str) -> None: ...
    def type(self, selector: str, text: str) -> None: ...
    def forget(self) -> None: ...


@contextlib.contextmanager
def _between_pages() -> Iterator[None]:
    """A question that a page's leaving cut short has no answer yet; the next page is asked again."""
    try:
        yield
    except Error as error:
        if "because of a navigation" not in str(error):
            raise


def until(phone: Phone, script: str, *values: Any, seconds: float = PATIENCE_S) -> Any:
    """Return the first true answer of ``script``; raise AssertionError with what the page says instead."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with _between_pages():
            if answer := phone.run(script, *values):
                return answer
        time.sleep(0.2)
    said = phone.run("return document.body.innerText")
    raise AssertionError(f"{phone.name}: in vain {script} {values}; the page says {said!r}")


class FirefoxPhone:
    name = "Firefox"

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, url: str) -> None:
        self.page.goto(url)

    def run(self, script: str, *values: Any) -> Any:
        return self.page.evaluate(f"(values) => (function () {{ {script} }}).apply(null, values)", list(values))

    def tap(self, selector: str) -> None:
        self.page.locator(selector).first.click()

    def type(self, selector: str, text: str) -> None:
        self.page.locator(selector).first.fill(text)

    def forget(self) -> None:
        self.page.context.clear_cookies()


@contextlib.contextmanager
def firefox(kind: BrowserType, folder: Path) -> Iterator[FirefoxPhone]:
    """``kind``: Playwright's Firefox; ``folder``: where the browser may write."""
    door = folder / "firefox"
    door.write_text(f'#!/bin/sh\ncd "{ROOT}" && exec "{sys.executable}" -m tests.e2e.browsers.firefox "$@"\n')
    door.chmod(0o700)
    browser = kind.launch(
        channel="moz-firefox", executable_path=door, env={**os.environ, "HOME": str(folder)}, timeout=PATIENCE_S * 1000,
        firefox_user_prefs=FIREFOX_PREFERENCES,
    )  # fmt: skip
    try:
        context = browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN")
        context.set_default_timeout(PATIENCE_S * 1000)
        context.add_init_script(COMPLAINTS)
        yield FirefoxPhone(context.new_page())
    finally:
        browser.close()


class WebKitPhone:
    name = "WebKitGTK"

    def __init__(self, driver: str) -> None:
        self.session = driver + "/session"
        asked = {"webkitgtk:browserOptions": {"binary": str(VIEW), "args": []}}
        made = self._ask("POST", "", {"capabilities": {"alwaysMatch": asked}})
        self.session += "/" + made["sessionId"]

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One WebDriver command. Raises AssertionError with the driver's words."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.session + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path} {body}: {error.read().decode()}") from error

    def open(self, url: str) -> None:
        self._ask("POST", "/url", {"url": url})

    def run(self, script: str, *values: Any) -> Any:
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(values)})

    def _element(self, selector: str) -> str:
        until(self, "return document.querySelector(arguments[0]) !== null", selector)
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        return f"/element/{found[ELEMENT]}"

    def tap(self, selector: str) -> None:
        self._ask("POST", self._element(selector) + "/click", {})

    def type(self, selector: str, text: str) -> None:
        element = self._element(selector)
        self._ask("POST", element + "/clear", {})
        self._ask("POST", element + "/value", {"text": text})

    def forget(self) -> None:
        self._ask("DELETE", "/cookie")

    def close(self) -> None:
        self._ask("DELETE", "")


@contextlib.contextmanager
def _running(*argv: str, **more: Any) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, **more)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


@contextlib.contextmanager
def screen() -> Iterator[str]:
    """A screen that nobody sees, as DISPLAY names it; WebKitGTK has no window without one."""
    ours, theirs = os.pipe()
    argv = ["Xvfb", "-displayfd", str(theirs), "-screen", "0", "360x740x24", "-nolisten", "tcp"]
    with _running(*argv, pass_fds=[theirs], stderr=subprocess.DEVNULL), os.fdopen(ours) as number:
        os.close(theirs)
        yield ":" + number.readline().strip()


@contextlib.contextmanager
def webkit(folder: Path) -> Iterator[WebKitPhone]:
    """``folder``: where the browser may write. Its own sandbox wants namespaces that a test's machine may not give."""
    script = folder / "complaints.js"
    script.write_text(COMPLAINTS, encoding="utf-8")
    port = free_port()
    with screen() as display:
        environment = {
            **os.environ, "DISPLAY": display, "HOME": str(folder), "PHONE_SCRIPT": str(script),
            "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1", "LIBGL_ALWAYS_SOFTWARE": "1", "NO_AT_BRIDGE": "1",
        }  # fmt: skip
        with _running("WebKitWebDriver", f"--port={port}", env=environment) as driver:
            phone = WebKitPhone(_ready(f"http://127.0.0.1:{port}", driver))
            try:
                yield phone
            finally:
                phone.close()


def _ready(url: str, driver: "subprocess.Popen[bytes]") -> str:
    """Return the driver's address as soon as it answers. Raises AssertionError when it ended or takes too long."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and driver.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/status", timeout=PATIENCE_S):
            return url
        time.sleep(0.1)
    raise AssertionError("WebKitWebDriver does not answer")
