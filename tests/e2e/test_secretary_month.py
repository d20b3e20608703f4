"""The secretary's month in Chromium, by the doors that a secretary has: who is missing, remind, leave, hall, paper,
dispute, close, register and book on paper. After each step every place that counts says the same.

The branch is one of the demonstration's that no other test touches: two dozen people, one of them its secretary.
"""

import re
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from attendance.core.reminders import after_quiet
from config.demo.people import roster_rows
from tests.e2e.acts import (
    DESK,
    choose,
    choose_unit,
    desk_context,
    expect_text,
    in_its_room,
    phone_context,
    read_sheet,
    save_lecture,
    sign_in,
    sign_in_by_code,
    wait_until,
)  # fmt: skip
from tests.papers import pages_of, text_of
from tests.sites import Site

pytestmark = pytest.mark.e2e

HERE = ZoneInfo("Asia/Shanghai")
BRANCH = "柳河村支部"
PEOPLE = {row["姓名"]: row for row in roster_rows(8, datetime.now(HERE).date()) if row["组织"].endswith(f"/{BRANCH}")}
SECRETARY = next(name for name, row in PEOPLE.items() if row.get("角色") == "书记")
OTHERS = sorted(set(PEOPLE) - {SECRETARY})
ON_LEAVE, DISPUTES, ABSENT, FORGOTTEN, *ON_PAPER = OTHERS[:7]
RUNNING = "2026 年下半年党员教育培训"
MINUTES = 2  # planned; more than half of it has to be given
TRAINING, LECTURE, MEETING = "柳河村冬季防火培训", "山林防火第一课", "主题党日：清理林边杂草"
SIGNS = {"已": "已参加", "补": "已补学", "假": "请假", "免": "免学", "缺": "未参加"}
LEGEND = {"已参加": "已参加", "已补学": "已补学", "请假": "请假", "没有参加": "未参加"}

Counts = dict[str, int]


class Month:
    """The open browsers of the month, and what the test knows of its branch."""

    def __init__(self, browser: Browser, site: Site, phone: dict[str, Any]) -> None:
        self.browser, self.site, self.phone_args = browser, site, phone
        self.contexts: list[BrowserContext] = []
        self.pages: dict[str, Page] = {}
        self.training = self.occasion = self.node = ""
        self.starts_at = datetime.now(HERE)
        self.states: dict[str, str] = {}
        self.secretary = self.phone(SECRETARY)

    def phone(self, name: str) -> Page:
        """Somebody of the branch on their phone, signed in by code; the same page when they come again."""
        if name not in self.pages:
            context = phone_context(self.browser, self.phone_args)
            self.contexts.append(context)
            self.pages[name] = sign_in_by_code(context, self.site.url, PEOPLE[name]["手机号"])
        return self.pages[name]

    def desk(self, account: str) -> Page:
        """Somebody of the county at a PC."""
        context = desk_context(self.browser)
        context.grant_permissions(["camera", "microphone"])
        self.contexts.append(context)
        return sign_in(context, self.site.url, account)

    def at_her_desk(self) -> Page:
        """The secretary at a PC, signed in as on her phone."""
        context = self.browser.new_context(storage_state=self.secretary.context.storage_state(), **DESK)
        self.contexts.append(context)
        return context.new_page()

    def open(self, page: Page, path: str) -> Page:
        page.goto(f"{self.site.url}{path}")
        return page

    def about(self, path: str = "") -> str:
        """The address of a page about this month's training at the branch."""
        return f"/branch/{self.training}/{path}?node={self.node}"

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def legend(page: Page) -> Counts:
    """The numbers beside a page's bar, by state; none that are 0."""
    found = [re.fullmatch(r"(\d+) (.+)", text.strip()) for text in page.locator(".legend li").all_inner_texts()]
    return {LEGEND.get(one[2], one[2]): int(one[1]) for one in found if one and one[1] != "0"}


def names_to_do(page: Page) -> list[str]:
    """The names that the board lists as missing something, those with a running course folded away."""
    return page.locator("ul.people > li .name > b").evaluate_all(
        "(all) => all.filter((one) => !one.closest('details')).map((one) => one.textContent.trim())"
    )


def register_of(month: Month, page: Page) -> dict[str, str]:
    """The register's column of the lecture, by name."""
    month.open(page, f"/branch/register/?node={month.node}&training={month.training}")
    cells = page.locator("#register tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [row.querySelector('th a').textContent, row.querySelector('td').textContent])"
    )
    return {name.strip(): SIGNS.get(sign.strip(), sign.strip()) for name, sign in cells}


def agree(month: Month, *own: str) -> None:
    """The board, the occasion's page, the register, the file and these people's own pages say what the test knows."""
    page, counts = month.secretary, dict(Counter(month.states.values()))
    month.open(page, month.about())
    assert legend(page) == counts
    missing = sorted(name for name, state in month.states.items() if state == "未参加")
    assert sorted(names_to_do(page)) == missing
    month.open(page, f"/branch/occasions/{month.occasion}/?node={month.node}")
    assert legend(page) == counts
    assert register_of(month, page) == month.states
    rows = read_sheet(page, f"{month.site.url}{month.about('reports/records.xlsx')}")
    assert {name: row["状态"] for name, row in rows.items()} == month.states
    for name in own:
        expect_text(month.open(month.phone(name), f"/me/records/{month.occasion}/"), "main .card", month.states[name])


# --- The steps, in the order of the month ---------------------------------------------------------------------------


def remind_the_missing(month: Month) -> None:
    """Who is missing, by name and with the next step; one tap reminds them; it arrives at a member's phone."""
    page = month.open(month.secretary, "/branch/")
    page.locator("main a", has_text=RUNNING).first.click()
    expect(page.locator("h1")).to_contain_text(re.compile(r"还有 \d+ 位没有参加"))
    missing = names_to_do(page)
    expect_text(page, "h1", f"还有 {len(missing)} 位没有参加")
    assert missing
    assert set(missing) <= set(PEOPLE)
    expect(page.locator("main h2", has_text="可在手机上看回放补学")).to_be_visible()
    page.get_by_role("link", name=f"提醒未参加的 {len(missing)} 位").click()
    page.get_by_role("button", name="提醒勾选的人").click()
    expect(page.get_by_text(f"已提醒 {len(missing)} 位")).to_be_visible()
    assert sorted(page.locator("main ul.list").first.locator("li > b").all_inner_texts()) == sorted(missing)
    local = datetime.now(HERE)
    if (due := after_quiet(local)) > local:  # nobody is woken up: it goes out at seven, and seven is now
        moment = (due + timedelta(minutes=1)).isoformat()
        send = f"send_reminders(as_of=datetime.datetime.fromisoformat('{moment}'))"
        month.site.manage("shell", "-c", f"import datetime; from attendance.operations import send_reminders; {send}")
    reminded = month.phone(next(name for name in missing if name != SECRETARY))
    told = reminded.locator("main ul.list > li", has_text=RUNNING)
    wait_until("the reminder", lambda: month.open(reminded, "/me/notices/") and told.count(), 120)


def plan_the_lecture(month: Month) -> None:
    """The organiser plans a training of one lecture for the branch."""
    local = datetime.now(HERE)
    page = month.open(month.desk("13800000021"), "/admin/trainings/new/")
    page.fill("[name=title]", TRAINING)
    choose_unit(page, "node", BRANCH)
    page.fill("[name=starts_date]", f"{local:%Y-%m-%d}")
    page.fill("[name=deadline_at]", f"{local + timedelta(days=20):%Y-%m-%d %H:%M}")
    choose(page, "state", "已发布")
    page.get_by_role("button", name="创建").click()
    expect(page.get_by_text(TRAINING).first).to_be_visible()
    month.open(page, "/admin/live/schedule/add/")
    choose(page, "training", TRAINING)
    page.fill("[name=title]", LECTURE)
    choose_unit(page, "node", BRANCH)
    choose(page, "lecturer", "李建国")
    choose(page, "rule", "直播课通用规则")
    page.fill("[name=minutes]", str(MINUTES))
    # With the next minute: leave is asked before its planned end. It counts from then on, however early it begins.
    month.starts_at = datetime.now(HERE).replace(second=0, microsecond=0) + timedelta(minutes=1)
    page.fill("[name=starts_at]", f"{month.starts_at:%Y-%m-%d %H:%M}")
    link = save_lecture(page, LECTURE)
    month.occasion = next(part for part in reversed(link.split("/")) if part.isdigit())
    month.pages["organiser"] = page
    row = month.open(month.secretary, "/branch/").locator("main a", has_text=TRAINING).first
    row.click()
    month.secretary.wait_for_url(re.compile(r"/branch/\d+/"))
    found = re.search(r"/branch/(\d+)/", month.secretary.url)
    assert found
    month.training = found[1]
    tool = month.secretary.locator("main a[href*='node=']").first.get_attribute("href") or ""
    month.node = tool.partition("node=")[2].partition("&")[0]


def ask_for_leave(month: Month) -> None:
    """A member asks on the phone; the secretary sees it among what waits and approves it; the member reads that."""
    own = month.open(month.phone(ON_LEAVE), "/me/leaves/ask/")
    own.get_by_label("值班值守").check()
    own.get_by_label(re.compile(LECTURE)).check()
    own.get_by_role("button", name="提交请假").click()
    expect(own.locator("main ul.list").first).to_contain_text("等批准")
    page = month.open(month.secretary, "/")
    page.locator("main a[href*='/branch/leaves/']").first.click()
    page.get_by_role("checkbox", name=re.compile(ON_LEAVE)).check()
    page.get_by_role("button", name="批准勾选的").click()
    expect(page.locator("main h2", has_text="已批准")).to_be_visible()
    expect_text(month.open(own, "/me/leaves/"), "main ul.list", "已批准")


def print_the_sheet(month: Month) -> None:
    """The sign-in sheet is printed before anything begins, with every name on it."""
    page = month.open(month.secretary, month.about("hall/"))
    page.get_by_role("link", name="打印纸质签到表").click()
    link = page.get_by_role("link", name="下载签到表（PDF）").get_attribute("href") or ""
    said = text_of(page.request.get(f"{month.site.url}{link}").body())
    assert [name for name in PEOPLE if name not in said] == []
    assert LECTURE in said


def go_live(month: Month) -> float:
    """The secretary has the lecture on her PC while the lecturer begins; the others sit in the hall.

    Returns since when it counts, in Unix seconds.
    """
    room = f"/live/{month.occasion}/"
    watching = month.open(month.at_her_desk(), room)
    in_its_room(watching)
    host = month.open(month.desk("13800000031"), f"{room}host/")
    expect(host.locator("#go")).to_be_enabled()
    host.click("#go")
    expect(host.locator("#end")).to_be_visible()
    month.pages["lecturer"] = host
    host.wait_for_timeout(max(0.0, month.starts_at.timestamp() - time.time()) * 1000)
    return time.time()


def one(page: Page, name: str) -> Any:
    return page.locator("#hall label.check", has_text=name).first


def tick_the_hall(month: Month) -> None:
    """Somebody is found by initials; all are ticked but for a few; one was forgotten and is ticked without a line."""
    page = month.open(month.secretary, month.about("hall/"))
    first = OTHERS[-1]
    page.fill("#id_name", one(page, first).get_attribute("data-letters") or "")
    expect(one(page, first)).to_be_visible()
    page.fill("#id_name", "")
    page.get_by_role("button", name="全选", exact=True).click()
    for name in (ON_LEAVE, DISPUTES, ABSENT, FORGOTTEN, *ON_PAPER):
        one(page, name).locator("input").uncheck()
    page.click("#hall-send")
    expect(page.locator("main h2", has_text="已登记")).to_be_visible()
    expect(one(page, first)).to_have_count(0)
    page.context.set_offline(True)
    one(page, FORGOTTEN).locator("input").check()
    page.click("#hall-send")
    expect_text(page, "#hall-unsent", "1 位的登记还在这部手机里")
    page.context.set_offline(False)
    expect(page.locator("main")).to_contain_text("手机上先记、后补传")
    expect(one(page, FORGOTTEN)).to_have_count(0)


def enter_the_sheet(month: Month) -> None:
    """Those who signed on paper are entered by their numbers, read back as names first."""
    page = month.open(month.secretary, month.about("hall/"))
    page.locator("details", has_text="没有网、用纸、扫码").locator("summary").click()
    page.get_by_role("link", name="纸质签到表").click()
    page.fill("[name=numbers]", "1")
    page.get_by_role("button", name="读一读").click()
    read = page.locator("ul.names li")
    expect(read).to_have_count(len(PEOPLE))  # none of the page before is read
    lines = [re.match(r"(\d+) (.+?) [✓—]", text) for text in read.all_inner_texts()]
    number = {found[2]: found[1] for found in lines if found}
    assert set(number) == set(PEOPLE)
    page.fill("[name=numbers]", "、".join(number[name] for name in ON_PAPER))
    page.get_by_role("button", name="读一读").click()
    expect_text(page, "form [role=status]", f"读到 {len(ON_PAPER)} 位签到")
    page.get_by_role("button", name="名字对，登记").click()
    expect_text(page, "main", "纸质签到表")
    for name in ON_PAPER:
        expect(one(page, name)).to_have_count(0)


def end_the_lecture(month: Month, live_since: float) -> None:
    """The lecture ends, and is judged; the numbers are those of what was done."""
    host = month.pages["lecturer"]
    host.wait_for_timeout(max(0.0, live_since + MINUTES * 30 + 3 - time.time()) * 1000)
    host.click("#end")
    host.click("#end-yes")
    month.states = dict.fromkeys(PEOPLE, "已参加") | {ON_LEAVE: "请假", DISPUTES: "未参加", ABSENT: "未参加"}
    page = month.secretary
    wait_until("the verdicts", lambda: "未参加" in legend(month.open(page, month.about())), 90)
    expect_text(page, "h1", "还有 2 位没有参加")
    agree(month, ON_LEAVE, DISPUTES, ON_PAPER[0])


def answer_the_dispute(month: Month) -> None:
    """One tap says that the record is wrong; the secretary answers and corrects in one; the member reads it."""
    own = month.open(month.phone(DISPUTES), f"/me/records/{month.occasion}/")
    own.locator("details", has_text="有不对的地方").locator("summary").click()
    own.locator("button[name=reason]").filter(has_text="现场").click()
    expect(own.get_by_role("button", name="不用答复了，撤回")).to_be_visible()
    page = month.open(month.secretary, "/branch/")
    page.locator("main a[href*='/branch/disputes/']").first.click()
    page.locator("main a[href*='/answer/']").first.click()
    page.fill("[name=answer]", "核对过会场的照片，您在。")
    page.locator("label", has_text="更正为“已参加”").click()
    page.get_by_role("button", name="答复本人").click()
    page.wait_for_url(lambda url: "/answer/" not in url)
    month.states[DISPUTES] = "已参加"
    expect_text(month.open(own, f"/me/records/{month.occasion}/"), "#answer", "核对过会场的照片，您在。")
    agree(month, DISPUTES)


def hold_the_meeting(month: Month, desk: Page) -> None:
    """A meeting of this week is entered afterwards: one on leave, one absent, the others came; and written down."""
    start = datetime.now(HERE) - timedelta(hours=30)
    month.open(desk, f"/meetings/plan/?node={month.node}")
    desk.get_by_role("link", name=re.compile("主题党日")).first.click()
    desk.fill("[name=title]", MEETING)
    desk.fill("[name=starts_at]", f"{start:%Y-%m-%dT%H:%M}")
    desk.fill("[name=ends_at]", f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M}")
    desk.fill("[name=place]", "柳河村村部")
    desk.get_by_role("button", name="保存").click()
    desk.get_by_label("我知道了").check()
    desk.get_by_role("button", name="保存").click()
    rows = {name: desk.locator("fieldset", has=desk.locator("legend", has_text=name)) for name in (ON_LEAVE, ABSENT)}
    rows[ON_LEAVE].get_by_label("请假", exact=True).check()
    rows[ON_LEAVE].get_by_label("请假类别").select_option(label="值班值守")
    rows[ABSENT].get_by_label("缺席", exact=True).check()
    desk.get_by_role("button", name="没标的都到了").click()
    came = desk.locator("fieldset", has=desk.locator("legend", has_text=FORGOTTEN))
    expect(came.get_by_label("到会", exact=True)).to_be_checked()
    desk.get_by_role("button", name="保存到会情况").click()
    desk.get_by_role("link", name="会议记录").click()
    desk.fill("[name=studied]", "清理林边杂草三百米。")
    desk.get_by_role("button", name="保存会议记录").click()


def print_the_books(month: Month, desk: Page) -> None:
    """The meeting's page of the book, the month's book and the register on paper have the names and how they stand."""
    book = desk.get_by_role("link", name="打印台账").get_attribute("href") or ""
    content = desk.request.get(f"{month.site.url}{book}").body()
    said = text_of(content)
    assert [name for name in PEOPLE if name not in said] == []
    assert MEETING in said
    assert "清理林边杂草三百米。" in said
    # Each line of the list is a cell: the state stands two cells after the name.
    cells = [cell for cell in said.splitlines() if cell]
    stands = {name: cells[cells.index(name) + 2] for name in (ON_LEAVE, ABSENT, SECRETARY, FORGOTTEN)}
    assert stands == {ON_LEAVE: "请假", ABSENT: "未参加", SECRETARY: "已参加", FORGOTTEN: "已参加"}
    assert pages_of(content) <= 2
    assert register_of(month, desk) == month.states
    link = desk.get_by_role("link", name="打印用的 PDF").get_attribute("href") or ""
    said = text_of(desk.request.get(desk.evaluate("(link) => new URL(link, location).href", link)).body())
    cells = [cell for cell in said.splitlines() if cell]
    assert {name: SIGNS[cells[cells.index(name) + 1]] for name in PEOPLE} == month.states


def close_the_training(month: Month) -> None:
    """The organiser closes the training: it stands among those that are over, and nobody is reminded of it any more."""
    page = month.open(month.pages["organiser"], "/admin/trainings/")
    page.get_by_role("link", name=TRAINING).first.click()
    choose(page, "state", "已结束")
    page.get_by_role("button", name="保存").first.click()
    sure, done = page.get_by_label("我知道了"), page.locator(".messages .success")
    expect(sure.or_(done).first).to_be_visible()
    if sure.is_visible():
        sure.check()
        page.get_by_role("button", name="保存").first.click()
    expect(done.first).to_be_visible()
    page = month.open(month.secretary, "/branch/")
    closed = page.locator("h2", has_text="已经结束的培训").locator("~ a", has_text=TRAINING)
    expect(closed).to_contain_text("还有 1 位没有参加")
    month.open(page, month.about("remind/"))
    expect(page.get_by_text("这次培训已经结束，不再提醒。")).to_be_visible()
    agree(month, ABSENT)


def test_the_month_of_a_secretary(browser: Browser, site: Site, browser_context_args: dict[str, Any]) -> None:
    month = Month(browser, site, browser_context_args)
    try:
        remind_the_missing(month)
        plan_the_lecture(month)
        ask_for_leave(month)
        print_the_sheet(month)
        live_since = go_live(month)
        tick_the_hall(month)
        enter_the_sheet(month)
        end_the_lecture(month, live_since)
        answer_the_dispute(month)
        desk = month.at_her_desk()
        hold_the_meeting(month, desk)
        print_the_books(month, desk)
        close_the_training(month)
    finally:
        month.close()
