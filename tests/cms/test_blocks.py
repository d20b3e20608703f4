"""What an author can put into a lesson beside text, pictures, documents and videos: from the form to the member."""

import json
import re
import uuid
from html import unescape
from typing import Any

import pytest
from django.test import Client
from wagtail.blocks import Block
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file

from cms.material import Material
from cms.models import LessonPage
from courses.views import Links
from media.models import Video
from tests.cms.test_editor import EMPTY, Desk, autosave, desk, faults, text
from tests.factories.cms import ready_video
from tests.factories.courses import give_course
from tests.factories.organizations import make_county

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
__all__ = ["desk"]


def gallery(*pictures: tuple[Any, str]) -> tuple[str, dict[str, Any]]:
    """What the editor posts for a gallery."""
    posted: dict[str, Any] = {"count": len(pictures)}
    for number, (pk, words) in enumerate(pictures):
        posted |= {f"{number}-deleted": "", f"{number}-order": number, f"{number}-id": str(uuid.uuid4())}
        posted |= {f"{number}-value-image": pk, f"{number}-value-alt": words}
    return "gallery", posted


def picture_of(user: Any, title: str) -> Image:
    return Image.objects.create(title=title, file=get_test_image_file(filename=f"{title}.png"), uploaded_by_user=user)


def sound_of(user: Any) -> Video:
    sound = {"name": "audio", "file": "audio.m3u8", "kind": "audio", "width": 0, "height": 0, "bandwidth": 48_000}
    return ready_video(created_by=user, title="老支书讲修渠", renditions=[sound], width=None, height=None)


def everything(desk: Desk) -> tuple[tuple[str, Any], ...]:
    return (
        gallery((desk.picture.pk, "下雨前"), (picture_of(desk.author, "after").pk, "清理以后")),
        ("audio", str(sound_of(desk.author).pk)),
        ("callout", {"kind": "point", "text": text("先看水位")}),
        ("link", {"title": "国家应急", "url": "https://www.119.gov.cn/a?b=1"}),
    )


def publish(desk: Desk, *blocks: tuple[str, Any]) -> Any:
    return desk.client.post(desk.add, desk.values("第一讲", *blocks, **{"action-publish": "1"}))


def said(answer: Any) -> str:
    return json.dumps(faults(answer), ensure_ascii=False)


def test_a_lesson_of_all_of_them_is_published_opened_again_and_counted(desk: Desk) -> None:
    answer = publish(desk, *everything(desk))
    assert answer.status_code == 302, faults(answer)
    lesson = LessonPage.objects.get()
    kept = [[item["value"] for item in block["value"]] for block in desk.stored(lesson) if block["type"] == "gallery"]
    assert [words["alt"] for words in kept[0]] == ["下雨前", "清理以后"]
    used = Material.objects.filter(lesson=lesson, version="stored")
    assert {row.image_id for row in used} - {None} == {words["image"] for words in kept[0]}
    sound = Video.objects.get(title="老支书讲修渠")
    assert [row.video for row in used if row.video_id] == [sound]
    assert desk.client.get(desk.edit(lesson)).status_code == 200
    draft = desk.client.get(f"/admin/pages/{lesson.pk}/view_draft/").content.decode()
    for words in ("1 / 2", "清理以后", "老支书讲修渠", "听录音", "要点", "先看水位", "会离开本站，打开 www.119.gov.cn"):
        assert words in draft


def test_each_mistake_is_named_at_its_place_when_it_is_published(desk: Desk) -> None:
    other = picture_of(desk.author, "after").pk
    blocks = (
        gallery((desk.picture.pk, ""), (other, "清理以后")),
        gallery((desk.picture.pk, "只有一张")),
        ("audio", str(desk.video.pk)),
        ("audio", ""),
        ("callout", {"kind": "mind", "text": EMPTY}),
        ("link", {"title": "国家应急", "url": "http://www.119.gov.cn"}),
        gallery(*((desk.picture.pk, "同一张") for _number in range(31))),
    )
    refused = publish(desk, *blocks)
    assert refused.status_code == 200
    found = {key: json.dumps(fault, ensure_ascii=False) for key, fault in faults(refused)["blockErrors"].items()}
    assert "请给这张图片写一句话。" in found["0"]
    assert "组图至少要有 2 张图片" in found["1"]
    assert "选的是视频，不是录音" in found["2"]
    assert "这里还没有选录音" in found["3"]
    assert "这里还没有写字" in found["4"]
    assert "请写完整的网址，以 https:// 开头" in found["5"]
    assert "组图最多放 30 张图片" in found["6"]
    assert not LessonPage.objects.exists()


def test_a_draft_may_lack_all_of_it_and_shows_no_link_that_is_none(desk: Desk) -> None:
    blocks = (
        gallery((desk.picture.pk, "")),
        ("audio", str(desk.video.pk)),
        ("link", {"title": "", "url": "javascript:alert(1)"}),
    )
    assert autosave(desk, desk.add, desk.values("第一讲", *blocks))["success"] is True
    lesson = LessonPage.objects.get()
    draft = desk.client.get(f"/admin/pages/{lesson.pk}/view_draft/").content.decode()
    assert "这个链接的网址还没有写好" in draft
    assert "javascript:alert" not in draft
    assert Material.objects.filter(lesson=lesson, version="draft", image=desk.picture).exists()


def test_a_recording_is_chosen_among_those_without_a_picture(desk: Desk) -> None:
    sound_of(desk.author)
    Video.objects.filter(title="老支书讲修渠").update(width=640, height=360)  # of the still that its player shows
    found = re.search(r'data-w-block-data-value="([^"]*)"', desk.client.get(desk.add).content.decode())
    assert found is not None
    given = json.dumps(json.loads(unescape(found[1])), ensure_ascii=False)
    address = "/admin/videos/chooser/?kind=recordings"
    assert (given.count("选择录音"), given.count("选择视频"), address in given) == (1, 1, True)
    opened = desk.client.get(address).json()["html"]
    results = desk.client.get(address.replace("chooser/", "chooser/results/")).content.decode()
    for listed in (opened, results):
        assert ("老支书讲修渠" in listed, desk.video.title in listed) == (True, False)
    assert "/admin/videos/chooser/results/?kind=recordings" in opened  # searching stays among them
    assert desk.video.title in desk.client.get("/admin/videos/chooser/").json()["html"]


@pytest.mark.parametrize("action", ["action-publish", ""])
def test_what_is_somebody_elses_is_taken_out_of_galleries_and_recordings(desk: Desk, action: str) -> None:
    picture = picture_of(desk.neighbour, "neighbour")
    film = ready_video(created_by=desk.neighbour, title="邻支部的片子")
    blocks = (gallery((desk.picture.pk, "我的"), (picture.pk, "别人的")), ("audio", str(film.pk)))
    refused = desk.client.post(desk.add, desk.values("第一讲", *blocks, **({action: "1"} if action else {})))
    assert refused.status_code == 200
    page = refused.content.decode()
    assert "邻支部的片子" not in page
    assert "neighbour" not in page
    found = faults(refused)["blockErrors"]
    assert list(found["0"]["blockErrors"]) == ["1"]
    assert "不归您使用" in said(refused)
    assert "这段录音不存在" in json.dumps(found["1"], ensure_ascii=False)


def test_a_picture_that_is_gone_leaves_the_others(desk: Desk) -> None:
    publish(desk, *everything(desk))
    lesson = LessonPage.objects.get()
    Material.objects.all().delete()
    desk.picture.delete()
    draft = desk.client.get(f"/admin/pages/{lesson.pk}/view_draft/").content.decode()
    assert "1 / 1" in draft
    assert "这张图片已不在了" in draft


def test_a_member_reads_all_of_it_and_the_recording_counts(client: Client, var_dir: Any) -> None:
    world = make_county()
    given = give_course(world.branch)
    one, two = picture_of(None, "one"), picture_of(None, "two")
    pictures = [{"image": one, "alt": "下雨前"}, {"image": two, "alt": "清理以后"}]
    sound = sound_of(None)
    body = [
        ("gallery", pictures),
        ("audio", sound),
        ("callout", {"kind": "example", "text": "<p>先看水位</p>"}),
        ("link", {"title": "国家应急", "url": "https://www.119.gov.cn/"}),
    ]
    lesson = given.lesson
    lesson.body = body
    lesson.save_revision().publish()
    client.force_login(world.member)
    page = client.get(f"/courses/{given.run.pk}/{lesson.pk}/")
    shown = page.content.decode()
    links = Links(given.run.pk, lesson.pk, None, {})
    for image in (one, two):
        assert f'src="/courses/{given.run.pk}/{lesson.pk}/pictures/{image.pk}/?f=' in shown
        assert client.get(links.picture(image)).status_code == 200
    for words in ("例子", "会离开本站，打开 www.119.gov.cn", 'rel="noopener noreferrer external"', "录音 · 在上面播放"):
        assert words in shown
    assert page.context["player"]["media"] == f"v:{sound.pk}"
    given.run.occasion.refresh_from_db()
    assert given.run.occasion.media_items == {f"v:{sound.pk}": 60_000}
    client.force_login(world.neighbours[0])
    assert client.get(links.picture(one)).status_code == 404


def blocks_of_a_lesson() -> dict[str, Block]:
    return dict(LessonPage.body.field.stream_block.child_blocks)


@pytest.mark.parametrize("name", ["text", "callout", "picture", "gallery", "video", "audio", "document", "link"])
def test_each_block_is_described_and_shown_by_an_example(desk: Desk, name: str) -> None:
    block = blocks_of_a_lesson()[name]
    assert block.get_description()
    assert block.is_previewable
    answer = desk.client.get("/admin/block-preview/", {"id": block.definition_prefix})
    assert answer.status_code == 200
    assert 'class="lesson-body"' in answer.content.decode()


def test_there_is_no_block_without_an_example() -> None:
    assert all(block.is_previewable and block.get_description() for block in blocks_of_a_lesson().values())
