"""A course of every kind of block, and its file with something changed."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file

from cms.models import CoursePage, LessonPage
from cms.packs import MANIFEST
from cms.packs.writing import write_pack
from media import storage
from packages.models import Package
from tests.factories.cms import CoursePageFactory, LessonPageFactory, ready_video
from tests.factories.organizations import County
from tests.factories.quizzes import SINGLE, ask, make_quiz

TEXT = '<p data-block-key="abc12">先看路<b>，再出门</b></p>'
MOST = 10 * 2**20


def picture_of(user: Any, title: str) -> Image:
    return Image.objects.create(title=title, file=get_test_image_file(filename=f"{title}.png"), uploaded_by_user=user)


def full_course(county: County) -> CoursePage:
    """A course of the county's organiser with a lesson that has every kind of block, a film with its original."""
    author = county.organiser
    quiz = make_quiz(county.county, author)
    (asked,) = ask(county.county, author, replace(SINGLE, text="先转移谁？"), tag="视频")
    paper = Document.objects.create(
        title="通知", file=ContentFile("先转移老人".encode(), name="notice.txt"), uploaded_by_user=author
    )
    film = ready_video(
        created_by=author,
        node=county.county,
        title="巡堤",
        source_name="巡堤.mp4",
        chapters=[[0, "出发"], [9000, "到"]],
    )
    film.source_path = storage.relative(storage.source_path(film.pk))
    storage.absolute(film.source_path).write_bytes(b"\0\0\0\x18ftypmp42" + bytes(90_000))
    film.save()
    sound = ready_video(created_by=author, node=county.county, title="录音")
    package = Package.objects.create(
        node=county.county, title="防汛课件", standard="1.2", launch="index.html", key="0" * 32, bytes=1,
        made_by=author, changed_at=timezone.now(),
    )  # fmt: skip
    one, two = picture_of(author, "before"), picture_of(author, "after")
    first = CoursePageFactory(node=county.county, title="旧的")
    course = CoursePageFactory(
        node=county.county, title="防汛", intro=TEXT, category="安全", seek_ahead=False, cover=one, live=False
    )
    course.requires.set([first])
    course.save_revision(user=author)
    body = [
        {"type": "text", "value": TEXT},
        {"type": "callout", "value": {"kind": "point", "text": TEXT}},
        {"type": "picture", "value": {"image": one.pk, "alt": "堤", "decorative": False}},
        {
            "type": "gallery",
            "value": [{"type": "item", "value": {"image": pk, "alt": "图"}, "id": str(pk)} for pk in (one.pk, two.pk)],
        },
        {"type": "video", "value": str(film.pk)},
        {"type": "audio", "value": str(sound.pk)},
        {"type": "asks", "value": {"at": "00:05", "question": asked.pk, "must": True}},
        {"type": "document", "value": paper.pk},
        {"type": "quiz", "value": quiz.pk},
        {"type": "package", "value": package.pk},
        {"type": "link", "value": {"title": "火警", "url": "https://www.119.gov.cn/"}},
    ]
    lesson = LessonPageFactory(course=course, title="第一讲", is_optional=True, asks_quiz=True, live=False)
    lesson.body = LessonPage().body.stream_block.to_python(body)
    lesson.save_revision(user=author)
    LessonPageFactory(course=course, title="第二讲")
    return CoursePage.objects.select_related("latest_revision").get(pk=course.pk)


def packed(course: CoursePage, user: Any, most_bytes: int = MOST) -> bytes:
    out = io.BytesIO()
    write_pack(course=course, user=user, target=out, most_bytes=most_bytes)
    return out.getvalue()


def said_in(data: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as pack:
        said: dict[str, Any] = json.loads(pack.read(MANIFEST))
    return said


def rewritten(
    data: bytes,
    change: Callable[[dict[str, Any]], None] = lambda said: None,
    *,
    drop: str = "",
    swap: dict[str, bytes] | None = None,
    more: Callable[[zipfile.ZipFile], None] = lambda pack: None,
) -> bytes:
    """The same file with its manifest changed, entries dropped (by their folder), replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == MANIFEST:
                said = json.loads(content)
                change(said)
                content = json.dumps(said).encode()
            elif drop and name.startswith(drop):
                continue
            for folder, other in (swap or {}).items():
                content = other if name.startswith(folder) else content
            new.writestr(name, content)
        more(new)
    return out.getvalue()
