"""A SCORM package in a real browser: what it says as it is closed is kept, and what it asks is seen."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.acts import phone_context, sign_in
from tests.e2e.pages.test_withdrawn import lesson_of
from tests.e2e.pages.tour import MEMBER
from tests.packages.zips import SCORM_12, make_package
from tests.sites import Site

pytestmark = pytest.mark.e2e
# As the wrappers that authoring tools export do it: everything is said in onunload.
SPEAKS_LAST = """<!DOCTYPE html><html><body onunload="end()"><p id="at"></p>
<button onclick="at = 3; show()">3</button><script>
var api = parent.API, at;
api.LMSInitialize("");
at = api.LMSGetValue("cmi.core.lesson_location") || "1";
if (at !== "1" && !confirm("go on?")) at = "1";
function show() { document.getElementById("at").textContent = "page " + at; }
function end() {
  api.LMSSetValue("cmi.core.lesson_location", String(at));
  api.LMSSetValue("cmi.core.lesson_status", "incomplete");
  api.LMSCommit("");
  api.LMSFinish("");
}
show();
</script></body></html>"""
PLACE = """
from django.utils import timezone
from cms.models import LessonPage
from organizations.models import User
from packages.operations import add_package
lesson = LessonPage.objects.get(pk={lesson})
with open({path!r}, "rb") as file:
    package = add_package(
        file=file, title={title!r}, node_id=lesson.get_parent().specific.node_id,
        made_by_id=User.objects.first().pk, as_of=timezone.now(),
    )
lesson.body.append(("package", package))
lesson.save_revision().publish()
"""


def test_where_a_package_was_left_is_heard_as_it_closes(
    browser: Browser, site: Site, browser_context_args: dict[str, Any], tmp_path: Any
) -> None:
    member = sign_in(phone_context(browser, browser_context_args), site.url, MEMBER)
    lesson = lesson_of(member, site.url)
    path = tmp_path / "last.zip"
    path.write_bytes(make_package(files={"index.html": SPEAKS_LAST}).getvalue())
    site.manage(
        "shell", "-c", PLACE.format(lesson=lesson.rstrip("/").split("/")[-1], path=str(path), title="说在最后的课件")
    )
    member.goto(lesson)
    member.get_by_role("link", name="说在最后的课件").click()
    frame = member.frame_locator(".package-frame")
    expect(frame.locator("#at")).to_have_text("page 1")
    frame.get_by_role("button", name="3").click()
    expect(frame.locator("#at")).to_have_text("page 3")
    member.locator("header a").first.click()
    member.wait_for_url(lesson)
    asked: list[str] = []

    def go_on(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.accept()

    member.on("dialog", go_on)
    member.get_by_role("link", name="说在最后的课件").click()
    expect(frame.locator("#at")).to_have_text("page 3")
    assert asked == ["go on?"]


# As exports do it that leave the status to the LMS: a score, and the end.
SCORES = """<!DOCTYPE html><html><body><p id="data"></p>
<button onclick="end(this.textContent)">79</button><button onclick="end(this.textContent)">80</button><script>
var api = parent.API;
api.LMSInitialize("");
document.getElementById("data").textContent =
  api.LMSGetValue("cmi.launch_data") + ", " + api.LMSGetValue("cmi.student_data.mastery_score");
function end(score) {
  api.LMSSetValue("cmi.core.score.raw", score);
  api.LMSFinish("");
}
</script></body></html>"""
GIVEN = "<adlcp:datafromlms>第一章</adlcp:datafromlms><adlcp:masteryscore>80</adlcp:masteryscore>"


def test_a_package_that_gives_a_score_alone_is_judged_by_its_manifest(
    browser: Browser, site: Site, browser_context_args: dict[str, Any], tmp_path: Any
) -> None:
    member = sign_in(phone_context(browser, browser_context_args), site.url, MEMBER)
    lesson = lesson_of(member, site.url)
    path = tmp_path / "score.zip"
    title = "<title>第一节</title>"
    made = make_package(SCORM_12.replace(title, title + GIVEN), files={"index.html": SCORES})
    path.write_bytes(made.getvalue())
    place = PLACE.format(lesson=lesson.rstrip("/").split("/")[-1], path=str(path), title="只报分数的课件")
    site.manage("shell", "-c", place)
    for score, said in (("79", "没有通过，得分 79"), ("80", "已通过，得分 80")):
        member.goto(lesson)
        member.get_by_role("link", name="只报分数的课件").click()
        frame = member.frame_locator(".package-frame")
        expect(frame.locator("#data")).to_have_text("第一章, 80")
        frame.get_by_role("button", name=score).click()
        expect(member.locator("#package-said")).to_have_text("进度已保存")
        member.goto(lesson)
        expect(member.get_by_role("link", name="只报分数的课件")).to_contain_text(said)
