"""The main pages in Firefox and WebKitGTK at a phone's size: signed in, watched, asked, in the room, on the board.

Everything else is tested in Chromium. What these two cannot do here: ADR 70.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.e2e.acts import desk_context, sign_in
from tests.e2e.browsers.phones import Phone, firefox, until, webkit
from tests.e2e.pages.test_room_picture import schedule
from tests.e2e.pages.tour import ANSWERS, COURSE, HAS_WATCHED, LECTURER, PASSWORD, SECRETARY, TRAINING

pytestmark = pytest.mark.e2e
ACCOUNTS = {"Firefox": "13800000006", "WebKitGTK": "13800000005"}
SAID = {"Firefox": "听得很清楚", "WebKitGTK": "看得也很清楚"}
# The way to the English page, and the program that is called so in Chinese, too.
NAMES = {"English", "Excel"}
STATE = """
  const root = document.documentElement;
  return {
    complaints: window.complaints, width: root.clientWidth, wide: root.scrollWidth,
    head: (document.querySelector("h1") || {innerText: ""}).innerText, text: document.body.innerText,
    path: location.pathname,
  };
"""
SAYS = "return document.querySelector(arguments[0])?.innerText.includes(arguments[1])"
CREDITED = """
  const data = JSON.parse(document.getElementById("player-data").textContent);
  const ask = new XMLHttpRequest();
  ask.open("GET", data.refresh_url, false);
  ask.send();
  return JSON.parse(ask.responseText).credited_ms.reduce((sum, [from, to]) => sum + to - from, 0) >= arguments[0];
"""
SEES = """
  const video = document.getElementById("video");
  return document.getElementById("cover").hidden && !video.paused && video.currentTime > 1;
"""
TAP = "return !document.getElementById('tap').hidden"
MOVES = "return document.getElementById(arguments[0]).currentTime > arguments[1]"


def sound(phone: Phone, head: str) -> None:
    """The open page has its heading, fits, speaks Chinese alone, and nothing in it has failed."""
    state: dict[str, Any] = phone.run(STATE)
    assert head in state["head"], state
    assert state["complaints"] == [], state["path"]
    assert (state["width"], state["wide"]) == (360, 360), state["path"]
    assert set(re.findall(r"[A-Za-z]{3,}", state["text"])) <= NAMES, state["path"]


def follow(phone: Phone, selector: str) -> None:
    """Open what the first such link leads to."""
    phone.open(until(phone, "return document.querySelector(arguments[0])?.href", selector))


def sign_in_by_code(phone: Phone, base: str, account: str) -> None:
    phone.open(f"{base}/accounts/login/code/")
    sound(phone, "指尖上的课堂")
    phone.type("form.signin [name=phone]", account)
    phone.tap("form.signin .btn")
    said = until(phone, "return document.querySelector('form.signin [name=code]') && document.body.innerText")
    found = re.search(r"\b\d{3} ?\d{3}\b", said)
    assert found, said
    phone.type("form.signin [name=code]", found[0].replace(" ", ""))  # with its last digit it goes by itself
    until(phone, "return !location.pathname.startsWith('/accounts/')")


def sign_in_by_password(phone: Phone, base: str, account: str) -> None:
    phone.forget()
    phone.open(f"{base}/accounts/login/")
    phone.type("form.signin [name=login]", account)
    phone.type("form.signin [name=password]", PASSWORD)
    phone.tap("form.signin .btn")
    until(phone, "return !location.pathname.startsWith('/accounts/')")


@pytest.fixture(scope="module")
def phones(playwright: Playwright, served: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Phone]]:
    """Both browsers, each signed in by code as a member of its own."""
    folder: Path = tmp_path_factory.mktemp("phones")
    with firefox(playwright.firefox, folder) as fox, webkit(folder) as kit:
        for phone in (both := [fox, kit]):
            sign_in_by_code(phone, served, ACCOUNTS[phone.name])
        yield both


def test_a_lesson_is_found_and_counted(phones: list[Phone], served: str) -> None:
    for phone in phones:
        phone.open(f"{served}/")
        sound(phone, "好")
        phone.open(f"{served}/courses/")
        sound(phone, "课程")
        follow(phone, COURSE)
        sound(phone, "防范手机诈骗")
        follow(phone, COURSE)
        sound(phone, "第一讲")
        phone.tap("#player-go")
        until(phone, MOVES, "player-video", 3)
        phone.tap("#player-toggle")
        until(phone, CREDITED, 2000)
        sound(phone, "第一讲")


def test_a_lecture_is_seen_and_spoken_in(phones: list[Phone], browser: Browser, served: str) -> None:
    room = f"{served}/live/{schedule(browser, served, '两种浏览器')}/"
    for phone in phones:
        phone.open(room)
        sound(phone, "两种浏览器")
        until(phone, SAYS, "#status", "连接良好")
    context = desk_context(browser)
    context.grant_permissions(["camera", "microphone"])
    host = sign_in(context, served, LECTURER)
    host.goto(f"{room}host/")
    host.locator("#go:not([disabled])").click()
    expect(host.locator("#link-state")).to_contain_text("画面已送出")
    for phone in phones:
        if phone.name == "WebKitGTK":  # plays no sound unasked, as Safari
            until(phone, TAP)
            phone.tap("#tap")
        until(phone, SEES)
        phone.type("#say-text", SAID[phone.name])
        phone.tap("#say-send")
        for other in phones:
            until(other, SAYS, "#chat", SAID[phone.name])
        expect(host.locator("#chat")).to_contain_text(SAID[phone.name])
    context.close()
    for phone in phones:
        sound(phone, "两种浏览器")


def test_a_question_is_answered(phones: list[Phone], served: str) -> None:
    """One attempt of three questions; each browser answers one."""
    for number, phone in enumerate(phones, 1):
        sign_in_by_password(phone, served, HAS_WATCHED)
        phone.open(f"{served}/")
        follow(phone, ANSWERS)
        until(phone, SAYS, "main form legend", f"第 {number} 题")
        sound(phone, "小测")
        phone.tap("main form label input")
        phone.tap("main form .btn")
        until(phone, SAYS, "main form legend", f"第 {number + 1} 题")


def test_a_secretary_sees_who_is_missing(phones: list[Phone], served: str) -> None:
    for phone in phones:
        sign_in_by_password(phone, served, SECRETARY)
        phone.open(f"{served}/branch/")
        sound(phone, "谁还没参加")
        follow(phone, TRAINING)
        sound(phone, "没有参加")
        phone.open(f"{served}/offline/")
        sound(phone, "没有连上网络")
