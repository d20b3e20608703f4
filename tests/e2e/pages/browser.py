"""Debian's Chromium as an old phone on a weak line: sign in, walk the tour, measure one visit, look for barriers."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError, sync_playwright

from tests.e2e.pages.tour import PASSWORD, Stop

ROOT = Path(__file__).resolve().parents[3]
AXE = ROOT / "frontend/node_modules/axe-core/axe.min.js"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}
FLAGS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--font-render-hinting=none"),
]
# Slow 4G and a cheap phone, as phone.md measures.
BYTES_A_SECOND = 400 * 1000 / 8
LATENCY_MS = 400
CPU_SLOWDOWN = 4

VITALS = """
window.vitals = {lcp: 0, cls: 0, longest: 0};
const watch = (type, see) =>
  new PerformanceObserver((list) => list.getEntries().forEach(see)).observe({type, buffered: true});
watch("largest-contentful-paint", (entry) => { window.vitals.lcp = entry.startTime; });
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) window.vitals.cls += entry.value; });
watch("longtask", (entry) => { window.vitals.longest = Math.max(window.vitals.longest, entry.duration); });
"""


@dataclass(frozen=True)
class Visit:
    """One load of a page. ``bytes`` is what crossed the line, headers included; times in ms, without media."""

    bytes: int
    requests: int
    lcp_ms: float
    cls: float
    longest_task_ms: float


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Tourist:
    """Opens pages of one site as the tour's accounts, signing each in once."""

    def __init__(self, browser: Browser, base: str) -> None:
        self.browser = browser
        self.base = base.rstrip("/")
        self.known: dict[str, Any] = {}
        self.found: dict[str, str] = {}

    def signed_in(self, account: str | None) -> Any:
        """The cookies of an account; None for a visitor."""
        if account is None:
            return None
        if account not in self.known:
            context = self.browser.new_context(locale="zh-CN", service_workers="block")
            page = context.new_page()
            page.goto(f"{self.base}/accounts/login/")
            page.fill("form.signin [name=login]", account)
            page.fill("form.signin [name=password]", PASSWORD)
            page.click("form.signin .btn")
            page.wait_for_url(lambda url: "/accounts/login" not in url)
            self.known[account] = context.storage_state()
            context.close()
        return self.known[account]

    @contextlib.contextmanager
    def visiting(self, account: str | None, **options: Any) -> Iterator[BrowserContext]:
        """A fresh browser profile (empty cache) signed in as the account."""
        elder = options.pop("elder", False)
        options = {"viewport": PHONE, "locale": "zh-CN", "service_workers": "block", **options}
        context = self.browser.new_context(storage_state=self.signed_in(account), **options)
        if elder:
            # The page as elder mode draws it, without changing the account for the next stop.
            context.add_init_script(
                "new MutationObserver((_, seen) => { const root = document.documentElement;"
                ' if (root) { root.dataset.mode = "elder"; seen.disconnect(); } })'
                ".observe(document, {childList: true});"
            )
        try:
            yield context
        finally:
            context.close()

    def address(self, stop: Stop) -> str:
        """The stop's address, following its links where it holds an id. Raises LookupError when a link is missing."""
        if stop.name not in self.found:
            self.found[stop.name] = self._find(stop) if stop.follow else self.base + stop.url
        return self.found[stop.name]

    def _find(self, stop: Stop) -> str:
        with self.visiting(stop.guide or stop.account) as context:
            page = context.new_page()
            page.goto(self.base + stop.url)
            for selector in stop.follow:
                if not page.locator(selector).count():
                    raise LookupError(f"no {selector} on {page.url}")
                href = page.locator(selector).first.get_attribute("href") or ""
                page.goto(urljoin(page.url, href))
            if stop.named:
                return self.base + stop.url_of.format(page.locator(stop.named).first.inner_text().strip())
            return page.url.removesuffix(stop.cut)


def open_quietly(page: Page, url: str) -> int:
    """Open and wait until nothing more is loading (or, where something always plays, for the page itself)."""
    answer = page.goto(url, wait_until="load")
    with contextlib.suppress(TimeoutError):
        page.wait_for_load_state("networkidle", timeout=5_000)
    return answer.status if answer else 0


def visit(context: BrowserContext, url: str, *, throttled: bool = False) -> Visit:
    """Load ``url`` once in a new tab of the context and count what it cost."""
    page = context.new_page()
    page.add_init_script(VITALS)
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    if throttled:
        network = {"latency": LATENCY_MS, "downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
        line.send("Network.emulateNetworkConditions", {"offline": False, **network})
        line.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
    sizes: dict[str, float] = {}
    media: set[str] = set()

    def answered(event: dict[str, Any]) -> None:
        if event["response"].get("fromDiskCache") or "/m/" in event["response"]["url"]:
            media.add(event["requestId"])

    line.on("Network.responseReceived", answered)
    line.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    line.on("Network.requestServedFromCache", lambda event: media.add(event["requestId"]))
    open_quietly(page, url)
    vitals = page.evaluate("new Promise((done) => setTimeout(() => done(window.vitals), 300))")
    counted = {key: size for key, size in sizes.items() if key not in media}
    page.close()
    return Visit(
        bytes=int(sum(counted.values())),
        requests=len(counted),
        lcp_ms=vitals["lcp"],
        cls=vitals["cls"],
        longest_task_ms=vitals["longest"],
    )


def barriers(page: Page) -> list[str]:
    """What axe finds wrong on the open page: rule, first element, why."""
    size = page.viewport_size or PHONE
    # As tall as the page, so that the bars that stick to the window's edge hide nothing that scrolling would show.
    tall = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], tall)})
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    options = {"runOnly": rules, "rules": {"label-content-name-mismatch": {"enabled": False}}}
    found = page.evaluate("(options) => axe.run(document, options).then((done) => done.violations)", options)
    return [
        f"{rule['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
        for rule in found
        for node in rule["nodes"]
    ]


def misnamed(page: Page) -> list[str]:
    """Controls whose spoken name lacks the words that are seen (WCAG 2.5.3).

    axe's own rule looks for whole words between spaces, which Chinese has not.
    """
    return page.evaluate(
        """() => {
          const words = (text) => text.replace(/[^\\p{L}\\p{N}]/gu, "");
          return Array.from(document.querySelectorAll("a[aria-label], button[aria-label]"))
            .filter((part) => part.offsetParent !== null)
            .filter((part) => words(part.getAttribute("aria-label")).indexOf(words(part.innerText)) < 0)
            .map((part) => part.outerHTML.slice(0, 160));
        }"""
    )


def sticks_out(page: Page) -> list[str]:
    """Elements that reach beyond the right edge, so that the page would scroll sideways."""
    return page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          return Array.from(document.querySelectorAll("body *"))
            .filter((part) => part.getBoundingClientRect().right > width + 1)
            .map((part) => part.outerHTML.slice(0, 120)).slice(0, 5);
        }"""
    )


def small_targets(page: Page, least: int = 48) -> list[str]:
    """Buttons, fields and links (but for links in a sentence and boxes in their label) lower than ``least`` px."""
    return page.evaluate(
        """(least) => {
          const named = "button, a, summary, select, input:not([type=hidden]), textarea";
          const excused = "p, .skip, .errors, .prose, label.check, fieldset label, .weui-cell, td";
          return Array.from(document.querySelectorAll(named))
            .filter((part) => part.offsetParent !== null && !part.closest(excused))
            .filter((part) => part.getBoundingClientRect().height < least - 0.5)
            .map((part) => part.outerHTML.slice(0, 120));
        }""",
        least,
    )


def unsendable(page: Page) -> list[str]:
    """Buttons that a browser refuses to send, for a field that must be filled in is folded away or hidden."""
    return page.evaluate(
        """() => Array.from(document.querySelectorAll("button, input[type=submit]"))
          .filter((part) => part.type === "submit" && part.form && part.offsetParent !== null)
          .filter((part) => !part.formNoValidate && !part.form.noValidate)
          .filter((part) => Array.from(part.form.elements)
            .some((field) => field.willValidate && !field.checkValidity() && field.offsetParent === null))
          .map((part) => part.outerHTML.slice(0, 120))"""
    )
