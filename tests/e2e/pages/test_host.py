"""The lecturer's desk in a real browser. Here because it comes after the tour: it gives the demonstration's lecture."""

import time
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages.browser import Tourist
from tests.e2e.pages.test_room_picture import soon_sees
from tests.e2e.pages.tour import MEMBER, ORGANISER, TOUR

pytestmark = pytest.mark.e2e
HOST = next(stop for stop in TOUR if stop.name == "host")
WITHOUT_CAMERA = """
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (asked) =>
  asked.video ? Promise.reject(new DOMException("none", "NotFoundError")) : real(asked);
const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
navigator.mediaDevices.enumerateDevices = () => list().then((all) => all.filter((one) => one.kind !== "videoinput"));
"""

# As where UDP is closed and there is no relay: no candidate of any kind, and the connection never comes up.
WITHOUT_UDP = """
const Real = window.RTCPeerConnection;
window.RTCPeerConnection = function (asked) {
  return new Real({ ...asked, iceServers: [], iceTransportPolicy: "relay" });
};
window.RTCPeerConnection.prototype = Real.prototype;
"""


@pytest.fixture(scope="module")
def tourist(browser: Browser, served: str) -> Tourist:
    """All tests are of one lecture, whose address it finds while it is still to come."""
    return Tourist(browser, served)


def test_a_lecturer_rehearses_with_simulated_members_and_the_lecture_has_not_begun(tourist: Tourist) -> None:
    with tourist.visiting(HOST.account, permissions=["camera", "microphone"]) as context:
        page = context.new_page()
        page.goto(tourist.address(HOST))
        page.get_by_role("link", name="彩排一下").click()
        expect(page.locator("#go")).to_be_enabled()
        page.locator("#go").click()
        expect(page.locator("#headline")).to_contain_text("大家看得到、听得到您")
        page.locator("#look").click()
        page.wait_for_function("document.getElementById('look-video').videoWidth > 0")
        expect(page.locator("#chat li").first).to_contain_text("模拟·")
        page.locator("#tab-people").click()
        expect(page.locator("#here li").first).to_contain_text("模拟·")
        finds_a_unit_by_keys(page)
        end(page)
        expect(page.locator("#undo-left")).to_contain_text("还可以恢复")
        page.get_by_role("link", name="结束彩排").click()
        expect(page.locator("#go")).to_be_visible()
        expect(page.locator("#chat li")).to_have_count(0)


def finds_a_unit_by_keys(page: Page) -> None:
    """On a phone, without a touch: part of a name, down to the unit, chosen; typing lets go of it."""
    page.set_viewport_size({"width": 360, "height": 740})
    unit, units = page.locator("#people-unit"), page.locator("#people-units button")
    expect(units.nth(1)).to_be_visible()
    name = str(units.nth(1).text_content()).partition("（")[0]
    unit.fill(name[-3:])
    expect(units).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(units.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(unit).to_be_focused()
    expect(unit).to_have_value(name)
    expect(units).to_have_count(0)
    expect(page.locator("#here li").filter(has_not_text=name)).to_have_count(0)
    expect(page.locator("#here li", has_text=name).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    unit.fill("没有这样的")
    expect(page.locator("#people-units-more")).to_have_text("没有这样的组织有人在场")
    unit.fill("")
    expect(units.nth(1)).to_be_visible()


def test_a_lecture_without_a_camera_has_a_picture_for_those_who_watch_by_hls(tourist: Tourist, served: str) -> None:
    with tourist.visiting(HOST.account, permissions=["microphone"]) as context:
        context.add_init_script(WITHOUT_CAMERA)
        page = context.new_page()
        page.goto(tourist.address(HOST))
        expect(page.locator("#desk-state")).to_contain_text("设备正常")
        expect(page.locator("#camera")).to_have_value("none")
        page.locator("#go").click()
        expect(page.locator("#link-state")).to_contain_text("画面")
        state = page.evaluate("JSON.parse(document.getElementById('host-data').textContent).urls.state")
        assert segments(page, served + state) >= 1
        end(page)
        # A mistake: undone, the picture is back by itself, and the members' list goes on growing.
        expect(page.locator("#undo-left")).to_contain_text("还可以恢复 10 分钟")
        page.locator("#resume-lecture").click()
        expect(page.locator("#link-state")).to_contain_text("画面已送出")
        expect(page.locator("#end")).to_be_visible()
        assert segments(page, served + state) >= 1
        end(page)
        expect(page.locator("#desk-state")).to_contain_text("未举行")
        expect(page.locator("#again-step")).to_be_visible()


def test_an_organiser_moderates_and_takes_the_picture_only_when_told_to(tourist: Tourist) -> None:
    """Finding: organiser 5, 6, 7, 8."""
    address = tourist.address(HOST)
    devices = {"permissions": ["camera", "microphone"]}
    with (
        tourist.visiting(HOST.account, **devices) as lecturers,
        tourist.visiting(ORGANISER, **devices) as organisers,
        tourist.visiting(MEMBER) as members,
    ):
        lecturer, organiser, member = (one.new_page() for one in (lecturers, organisers, members))
        lecturer.goto(address)
        # Whether the test before gave it and ended it here is a matter of who runs which.
        lecturer.locator("#resume-lecture:visible, #go:visible:not([disabled])").first.click()
        expect(lecturer.locator("#link-state")).to_contain_text("画面已送出")
        # A second host page: no camera, and the lecturer stays on the air.
        organiser.goto(address)
        expect(organiser.locator("#desk-state")).to_contain_text("您是助手")
        expect(organiser.locator("#on-air-who")).to_contain_text("正在送出画面")
        expect(organiser.locator("#devices")).to_be_hidden()
        assert organiser.evaluate("document.getElementById('preview').srcObject === null")
        expect(lecturer.locator("#link-state")).to_contain_text("画面已送出")
        hands_stay(organiser, member, address.replace("host/", ""))
        take_and_give_back(lecturer, organiser)
        end(lecturer)


def test_where_the_network_lets_no_webrtc_through_the_picture_goes_out_by_the_fallback(tourist: Tourist) -> None:
    address = tourist.address(HOST)
    with (
        tourist.visiting(HOST.account, permissions=["camera", "microphone"]) as lecturers,
        tourist.visiting(MEMBER) as members,
    ):
        lecturers.add_init_script(WITHOUT_UDP)
        lecturer, member = lecturers.new_page(), members.new_page()
        lecturer.goto(address)
        lecturer.locator("#resume-lecture:visible, #go:visible:not([disabled])").first.click()
        expect(lecturer.locator("#way-note")).to_contain_text("已改用备用方式，学员会晚几秒看到")
        expect(lecturer.locator("#headline")).to_have_text("大家看得到、听得到您")
        member.goto(address.replace("host/", ""))
        soon_sees(member)
        # Loaded anew it does not try what the network refused; asked to, it does, and the picture stays meanwhile.
        lecturer.reload()
        expect(lecturer.locator("#way-note")).to_contain_text("正在用备用方式")
        expect(lecturer.locator("#link-state")).to_contain_text("画面已送出")
        lecturer.locator("#way").click()
        expect(lecturer.locator("#link-state")).to_contain_text("还是不能直接传送")
        expect(lecturer.locator("#headline")).to_have_text("大家看得到、听得到您")
        end(lecturer)


def hands_stay(organiser: Page, member: Page, room: str) -> None:
    """A hand is up on every host's page, also after a reload; lowered, it goes up again; who leaves takes it down."""
    member.goto(room)
    member.locator("#hand").click()
    organiser.locator("#tab-people").click()
    expect(organiser.locator("#hands li")).to_have_count(1)
    organiser.reload()
    organiser.locator("#tab-people").click()
    expect(organiser.locator("#hands li")).to_have_count(1)
    organiser.locator("#hands").get_by_text("放下").click()
    expect(member.locator("#hand")).to_have_text("举手")
    member.locator("#hand").click()
    expect(organiser.locator("#hands li")).to_have_count(1)
    organiser.locator("#chat-switch").click()
    expect(member.locator("#say-note")).to_have_text("主持人暂时关闭了发言")
    expect(organiser.locator("#room-set")).to_contain_text("发言已关闭")
    organiser.locator("#chat-switch").click()
    expect(member.locator("#say-text")).to_be_enabled()
    member.goto("about:blank")
    expect(organiser.locator("#hands li")).to_have_count(0)


def take_and_give_back(lecturer: Page, organiser: Page) -> None:
    organiser.locator("#take").click()
    expect(organiser.locator("#take-asks")).to_contain_text("现在由")
    organiser.locator("#take-yes").click()
    expect(organiser.locator("#link-state")).to_contain_text("画面已送出")
    expect(lecturer.locator("#desk-state")).to_contain_text("您是助手")
    lecturer.wait_for_function("document.getElementById('preview').srcObject === null")
    organiser.locator("#give-back").click()
    expect(lecturer.locator("#air-offer")).to_contain_text("请您收回画面")
    lecturer.locator("#take-back").click()
    expect(lecturer.locator("#link-state")).to_contain_text("画面已送出")
    expect(organiser.locator("#desk-state")).to_contain_text("您是助手")
    expect(organiser.locator("#air-log li")).to_have_count(2)
    # Reloaded, the lecturer is back on the air without a touch.
    lecturer.reload()
    expect(lecturer.locator("#link-state")).to_contain_text("画面已送出")


def end(page: Page) -> None:
    page.locator("#end").click()
    page.locator("#end-yes").click()
    expect(page.locator("#undo")).to_be_visible()


def segments(page: Page, state_url: str) -> int:
    """How many segments the live picture's playlist names, as soon as it names one; 0 if none comes."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        address = page.request.get(state_url).json()["hls_url"]
        answer = page.request.get(urljoin(state_url, address)) if address else None
        if answer and answer.ok and (found := answer.text().count("#EXTINF")):
            return found
        page.wait_for_timeout(500)
    return 0
