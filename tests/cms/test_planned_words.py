"""What is planned has one name: on the page, in what is refused, and in the manual."""

import datetime as dt
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from tests.cms.test_editor import Desk, desk
from tests.cms.test_editor_words import compiled

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
    pytest.mark.usefixtures("compiled"),
]
__all__ = ["compiled", "desk"]
MANUAL = Path(settings.BASE_DIR) / "docs/zh/组织员和讲师.md"


def moment(days: int) -> str:
    return f"{timezone.localtime() + dt.timedelta(days=days):%Y-%m-%d %H:%M}"


def test_the_manual_names_the_buttons_that_are_there(desk: Desk) -> None:
    lesson = desk.published()
    pages = unescape(desk.client.get(desk.edit(lesson)).content.decode())
    desk.client.post(desk.edit(lesson), desk.values(go_live_at=moment(1), expire_at=moment(2)))
    pages += unescape(desk.client.get(desk.edit(lesson)).content.decode())
    said = next(line for line in MANUAL.read_text().splitlines() if line.startswith("- **定时发布、定时撤下**"))
    for name in ("定时发布、定时撤下", "保存时间", "定时发布", "修改时间"):
        assert f"“{name}”" in said
        assert name in pages
    for name in ("定时发布的时间", "定时撤下的时间", "定时发布：", "定时撤下：", "点“定时发布”以后"):
        assert name in pages
    assert not any(word in pages for word in ("计划", "下线", "过期日期", "上线日期"))


def test_a_refused_time_is_called_as_its_field_is(desk: Desk) -> None:
    lesson = desk.published()
    for begin, end, why in (
        (2, 1, "定时发布的时间要早于定时撤下的时间。"),
        (-2, -1, "定时撤下的时间要在现在以后。"),
    ):
        answer = desk.client.post(desk.edit(lesson), desk.values(go_live_at=moment(begin), expire_at=moment(end)))
        assert why in unescape(answer.content.decode())
    planned = desk.values(go_live_at=moment(1), **{"action-publish": "1"})
    answer = desk.client.post(desk.edit(lesson), planned, follow=True)
    assert "“第一讲”已发布，这一版会按时发布。" in unescape(answer.content.decode())


def test_a_copy_says_how_many_lessons_go_with_it(desk: Desk) -> None:
    desk.published()
    answer = desk.client.get(f"/admin/pages/{desk.course.pk}/copy/")
    assert "里面的 1 讲一起复制。" in answer.content.decode()
