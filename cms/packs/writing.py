"""A course is written into a zip file, a piece at a time."""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import IO, Any

import structlog
from django.utils.translation import gettext as _
from wagtail.documents import get_document_model
from wagtail.images import get_image_model

from cms.choices import DOCUMENT, PACKAGE, PICTURE, QUESTION, QUIZ, VIDEO, may_use
from cms.library import is_shown_by_right
from cms.models import CoursePage, LessonPage
from cms.packs import CHUNK, FOLDERS, FORMAT, MANIFEST, MOST_QUESTIONS, VERSION
from cms.packs.blocks import carried_body, rich_text
from media import storage
from media.models import Captions, Video
from packages.models import Package
from quizzes.models import QuestionVersion, Quiz
from quizzes.queries.bank import newest_versions, pools_of, tags_of_questions

log = structlog.get_logger(__name__)
MODELS: Mapping[str, Any] = {PICTURE: get_image_model, DOCUMENT: get_document_model}
LONGEST_NAMED = 80


class UnableToExport(Exception):
    """The course cannot be written into one file; the message says why and what to do."""


@dataclass
class _Things:
    """What the course holds, by kind and key: the name under which each stands in the file."""

    names: dict[tuple[str, str], str] = field(default_factory=dict)
    lessons: dict[tuple[str, str], LessonPage] = field(default_factory=dict)

    def named(self, kind: str, key: Any) -> str:
        return self.names.setdefault((kind, str(key)), f"{kind}-{len(self.names) + 1}")

    def keys(self, kind: str) -> list[str]:
        return [key for one, key in self.names if one == kind]


def write_pack(*, course: CoursePage, user: Any, target: IO[bytes], most_bytes: int) -> None:
    """Write the newest version of a course and of its lessons, drafts too, as its editors see them.

    Whether the user may edit the course is asked by the caller. What the user may not choose (a colleague's film, a
    quiz of the unit above) is named and left out, and so are films that no longer fit into ``most_bytes``. Raises
    UnableToExport.
    """
    things = _Things()
    said: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "course": _course(course, things),
        "lessons": [_lesson(page, things) for page in _lessons(course)],
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=False) as pack:
        facts = _library(pack, things, user, most_bytes)
        facts |= _quizzes(things, user, said) | _packages(things)
        facts |= _videos(pack, things, user, most_bytes - sum(one.get("size", 0) for one in facts.values()))
        said["things"] = facts
        pack.writestr(_entry(MANIFEST), json.dumps(said, ensure_ascii=False, indent=1), zipfile.ZIP_DEFLATED)
    log.info("course_exported", course_id=course.pk, lessons=len(said["lessons"]), things=len(facts))


def _content(page: Any) -> dict[str, Any]:
    content: dict[str, Any] = page.latest_revision.content if page.latest_revision else page.serializable_data()
    return content


def _course(course: CoursePage, things: _Things) -> dict[str, Any]:
    content = _content(course)
    before = CoursePage.objects.filter(pk__in=content.get("requires") or []).order_by("title", "pk")
    cover = content.get("cover")
    return {
        "title": content["title"],
        "intro": rich_text(content.get("intro") or "", CoursePage._meta.get_field("intro").features),  # noqa: SLF001
        "category": content.get("category") or "",
        "seek_ahead": bool(content.get("seek_ahead", True)),
        "cover": things.named(PICTURE, cover) if cover else None,
        "requires": list(before.values_list("title", flat=True)),
    }


def _lessons(course: CoursePage) -> Iterable[LessonPage]:
    return LessonPage.objects.child_of(course).select_related("latest_revision").order_by("path")


def _lesson(page: LessonPage, things: _Things) -> dict[str, Any]:
    content = _content(page)
    stored = content.get("body") or "[]"
    body = json.loads(stored) if isinstance(stored, str) else stored

    def choose(kind: str, key: Any) -> str:
        things.lessons.setdefault((kind, str(key)), page)
        return things.named(kind, key)

    def refuse(number: int, label: str, why: str) -> None:
        where = {"lesson": content["title"], "number": number, "label": label, "why": why}
        raise UnableToExport(_("“%(lesson)s”第 %(number)s 块（%(label)s）不能导出：%(why)s。") % where)

    return {
        "title": content["title"],
        "is_optional": bool(content.get("is_optional")),
        "asks_quiz": bool(content.get("asks_quiz")),
        "body": carried_body(body, choose=choose, refuse=refuse),
    }


def _library(pack: zipfile.ZipFile, things: _Things, user: Any, most_bytes: int) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    left = most_bytes
    for kind in (PICTURE, DOCUMENT):
        keys = things.keys(kind)
        items = {str(one.pk): one for one in MODELS[kind]().objects.filter(pk__in=keys)}
        refused = may_use(kind, keys, user=user)
        for key in keys:
            name, item = things.names[kind, key], items.get(key)
            found[name] = {"kind": kind, "title": item.title if item else "", "entry": None}
            lesson = things.lessons.get((kind, key))
            if item is None or (key in refused and not (lesson and is_shown_by_right(lesson=lesson, item=item))):
                continue
            with suppress(OSError):  # the row is there, the file is not
                left -= item.file.size
                if left < 0:
                    raise UnableToExport(_too_large(most_bytes))
                with item.file.open("rb") as file:
                    found[name] |= _put(pack, kind, name, item.file.name, file)
            if kind == PICTURE:
                found[name]["description"] = item.description
    return found


def _too_large(most_bytes: int) -> str:
    said = _("这门课的图片和文件合起来超过 %(most)s MB，放不进一个文件。请先把大的图片或文件换小，或者把课分成两门。")
    return said % {"most": most_bytes // 2**20}


def _videos(pack: zipfile.ZipFile, things: _Things, user: Any, left: int) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    keys = things.keys(VIDEO)
    videos = {str(one.pk): one for one in Video.objects.filter(pk__in=keys)}
    captions = {str(one.video_id): one for one in Captions.objects.filter(video__in=videos.values())}
    refused = may_use(VIDEO, keys, user=user)
    for key in keys:
        name, video = things.names[VIDEO, key], videos.get(key)
        found[name] = {"kind": VIDEO, "title": video.title if video else "", "entry": None}
        if video is None or key in refused:
            continue
        found[name]["chapters"] = video.chapters
        if said := captions.get(key):
            found[name] |= {"captions": said.cues, "captions_shift_ms": said.shift_ms}
        source = storage.stored(video.source_path) if video.source_path else None
        if source is None or source.size > left:
            continue
        with storage.at_hand(video.source_path) as path, path.open("rb") as file:
            found[name] |= _put(pack, VIDEO, name, video.source_name, file)
        left -= found[name]["size"]
    return found


def _packages(things: _Things) -> dict[str, dict[str, Any]]:
    """A package is a zip file of its own, which its author has: it is named and left out."""
    titles = dict(Package.objects.filter(pk__in=things.keys(PACKAGE)).values_list("pk", "title"))
    return {
        things.names[PACKAGE, key]: {"kind": PACKAGE, "title": titles.get(int(key), "")} for key in things.keys(PACKAGE)
    }


def _quizzes(things: _Things, user: Any, said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    keys = things.keys(QUIZ)
    quizzes = {str(one.pk): one for one in Quiz.objects.filter(pk__in=keys)}
    refused = may_use(QUIZ, keys, user=user)
    pooled: dict[int, None] = {}
    for key in keys:
        name, quiz = things.names[QUIZ, key], quizzes.get(key)
        found[name] = {"kind": QUIZ, "title": quiz.title if quiz else "", "is_left_out": True}
        if quiz is None or key in refused:
            continue
        found[name] = {
            "kind": QUIZ, "title": quiz.title, "is_left_out": False, "draws": quiz.draws, "shows": quiz.shows,
            "pass_percent": quiz.pass_percent, "most_attempts": quiz.most_attempts,
        }  # fmt: skip
        for pool in pools_of(node_id=quiz.node_id, parts=quiz.parts):
            pooled |= dict.fromkeys(pool)
    if len(pooled) > MOST_QUESTIONS:
        words = _("这门课的练习从 %(have)s 道题里抽，一个文件最多放 %(most)s 道。请在练习里按标签抽题。")
        raise UnableToExport(words % {"have": len(pooled), "most": MOST_QUESTIONS})
    found |= _asked(things, user)
    tags = tags_of_questions(list(pooled))
    said["questions"] = [_question(one, tags.get(one.question_id, [])) for one in newest_versions(sorted(pooled))]
    return found


def _asked(things: _Things, user: Any) -> dict[str, dict[str, Any]]:
    """Return the questions that videos ask, each with its own words: it is that one, whatever a quiz draws."""
    found: dict[str, dict[str, Any]] = {}
    keys = things.keys(QUESTION)
    refused = may_use(QUESTION, keys, user=user)
    versions = newest_versions([int(key) for key in keys if key.isdecimal()])
    said = {str(one.question_id): one for one in versions}
    tags = tags_of_questions([one.question_id for one in versions])
    for key in keys:
        name, one = things.names[QUESTION, key], said.get(key)
        found[name] = {"kind": QUESTION, "title": one.text[:LONGEST_NAMED] if one else "", "is_left_out": True}
        if one is not None and key not in refused:
            found[name] |= {"is_left_out": False, "question": _question(one, tags.get(one.question_id, []))}
    return found


def _question(one: QuestionVersion, tags: list[str]) -> dict[str, Any]:
    return {
        "kind": one.kind, "text": one.text, "choices": one.choices, "right": one.right,
        "explanation": one.explanation, "tags": tags,
    }  # fmt: skip


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o100644 << 16
    return entry


def _put(pack: zipfile.ZipFile, kind: str, name: str, filename: str, file: IO[bytes]) -> dict[str, Any]:
    """Copy a file into the pack, as it is, and return what the manifest says of it."""
    path = PurePath(filename)
    entry = _entry(f"{FOLDERS[kind]}/{name}{path.suffix.lower() if path.suffix[1:].isalnum() else ''}")
    digest, size = hashlib.sha256(), 0
    with pack.open(entry, "w") as out:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            out.write(chunk)
            size += len(chunk)
    return {"entry": entry.filename, "name": path.name[-100:], "size": size, "sha256": digest.hexdigest()}
