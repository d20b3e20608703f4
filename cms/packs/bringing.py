"""A file that was read becomes a new draft of a course: all of it, or nothing."""

import shutil
import uuid
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

import structlog
from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log
from wagtail.models import Page

from cms.belonging import give_to
from cms.choices import PACKAGE, QUESTION, QUIZ, VIDEO
from cms.forms import CoursePageForm, LessonPageForm
from cms.models import CoursePage, LessonPage
from cms.operations import ensure_shelf
from cms.packs.archive import UnfitPack
from cms.packs.blocks import carried_body
from cms.packs.reading import Film, Pack, read_pack
from media import storage
from media.models import Captions, Video
from media.operations import UnableToCreate, create_video, keep_captions
from organizations.models import Node, User
from quizzes.operations import QuestionPlan, UnableToSaveQuestion, UnableToSaveQuiz, add_question, add_quiz
from quizzes.queries.bank import tags_of_questions, versions_saying

log_line = structlog.get_logger(__name__)


@dataclass
class Brought:
    """The new draft, and what its author has to know, in sentences."""

    course: CoursePage
    notes: list[str] = field(default_factory=list)


@dataclass
class _Work:
    """What an import has made so far: the new key of each thing of the file, files to drop if it comes to nothing."""

    pack: Pack
    node: Node
    user: User
    as_of: datetime
    keys: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    stored: list[Any] = field(default_factory=list)


def import_pack(*, file: IO[bytes], node: Node, user: User, as_of: datetime) -> Brought:
    """Make a draft of a course in a unit of an exported file.

    Whether the user may write there is asked by the caller. Raises UnfitPack with everything that is wrong; nothing is
    left behind then.
    """
    with ExitStack() as files:
        pack = read_pack(file, user=user, most_bytes=settings.COURSE_FILE_MAX_BYTES, files=files)
        return _all_or_nothing(_Work(pack, node, user, as_of))


def _all_or_nothing(work: _Work) -> Brought:
    try:
        with transaction.atomic():
            course = _bring(work)
    except Exception:
        for stored in work.stored:
            with suppress(OSError):
                stored.storage.delete(stored.name)
        raise
    log_line.info("course_imported", course_id=course.pk, node_id=work.node.pk, lessons=len(work.pack.lessons))
    return Brought(course, work.notes)


def _bring(work: _Work) -> CoursePage:
    _library(work)
    _films(work)
    _bank(work)
    shelf = Page.objects.select_for_update(no_key=True).get(pk=ensure_shelf().pk)
    pack = work.pack
    title = pack.title or CoursePageForm.untitled
    if CoursePage.objects.filter(node=work.node, title=title).exists():
        said = _("%(unit)s已有一门课叫“%(title)s”，现在是两门。导入总是新建一门课，不改原来的；多出来的可以删掉。")
        work.notes.append(said % {"unit": work.node.name, "title": title})
    if pack.requires:
        titles = "、".join(f"“{one}”" for one in pack.requires)
        said = _("要先学完的课程没有带过来：%(titles)s。需要的话，请在课程里自己勾选。")
        work.notes.append(said % {"titles": titles})
    if pack.course["cover"] and pack.course["cover"] not in work.keys:
        work.notes.append(_("课程的封面不在文件里，请另外选一张。"))
    facts = {**pack.course, "cover_id": work.keys.get(pack.course["cover"] or "")}
    del facts["cover"]
    course = CoursePage(title=title, node=work.node, **facts)
    _place(shelf, course, work.user)
    parent = Page.objects.get(pk=course.pk)
    for number, lesson in enumerate(pack.lessons, 1):
        _lesson(work, parent, number, lesson)
    return course


def _place(parent: Page, page: Any, user: User) -> None:
    page.owner, page.live, page.has_unpublished_changes = user, False, True
    parent.add_child(instance=page)
    log(instance=page, action="wagtail.create", user=user, content_changed=True)
    page.save_revision(user=user)


def _lesson(work: _Work, parent: Page, number: int, said: dict[str, Any]) -> None:
    title = said["title"] or LessonPageForm.untitled

    def choose(kind: str, name: str) -> Any:
        key = work.keys.get(name)
        if key is None:
            about = {"number": number, "title": title, "what": work.pack.titles[name]}
            words = _("第 %(number)s 课“%(title)s”：“%(what)s”不在文件里，请另外上传，再在那一块里选它。")
            if kind == VIDEO:
                words = _("第 %(number)s 课“%(title)s”：视频“%(what)s”不在文件里，要另外上传，再在那一块里选它。")
            elif kind == QUESTION:
                words = _("第 %(number)s 课“%(title)s”：题目“%(what)s”不在文件里，请另出一道，再在那一块里选它。")
            elif kind == QUIZ:
                words = _("第 %(number)s 课“%(title)s”：练习“%(what)s”不在文件里，请另做一份，再在那一块里选它。")
            elif kind == PACKAGE:
                words = _("第 %(number)s 课“%(title)s”：课件包“%(what)s”不在文件里，请另外上传，再在那一块里选它。")
            work.notes.append(words % about)
        return key

    page = LessonPage(title=title, is_optional=said["is_optional"], asks_quiz=said["asks_quiz"])
    raw = carried_body(said["body"], choose=choose, refuse=_never)
    page.body = page.body.stream_block.to_python(raw)
    _place(parent, page, work.user)


def _never(number: int, label: str, why: str) -> None:
    raise AssertionError(f"block {number} was checked before: {why}")


def _library(work: _Work) -> None:
    for name, form in work.pack.forms.items():
        item = form.save()
        work.stored.append(item.file)
        give_to(item, work.node)
        work.keys[name] = item.pk


def _films(work: _Work) -> None:
    for name, film in work.pack.films.items():
        if film.file is not None:
            work.keys[name] = _film(work, film, film.file)


def _film(work: _Work, film: Film, file: TemporaryUploadedFile) -> Any:
    source = storage.upload_path(uuid.uuid4())
    try:
        shutil.copyfile(file.temporary_file_path(), source)
        video = create_video(
            title=film.title, source=source, source_name=file.name or "", created_by_id=work.user.pk,
            node_id=work.node.pk,
        )  # fmt: skip
    except (UnableToCreate, storage.UnableToStore) as error:
        raise UnfitPack([_("视频“%(title)s”存不下来：它是空的，或者磁盘快满了。") % {"title": film.title}]) from error
    finally:
        source.unlink(missing_ok=True)
    Video.objects.filter(pk=video.pk).update(chapters=film.chapters)
    keep_captions(
        video_id=video.pk, cues=film.cues, origin=Captions.Origin.FILE, as_of=work.as_of, actor_id=work.user.pk,
        shift_ms=film.shift_ms,
    )  # fmt: skip
    return video.pk


def _bank(work: _Work) -> None:
    """Write the questions into the unit's bank, but those that it has already word for word; then the quizzes."""
    pack, node = work.pack, work.node
    known = _known(work)
    had = frozenset(known)
    for number, plan in enumerate(pack.questions, 1):
        if _key(plan) not in had:
            known[_key(plan)] = _question(work, _("第 %(number)s 道题") % {"number": number}, plan)
    for name, plan in pack.asked.items():
        if _key(plan) not in known:
            known[_key(plan)] = _question(work, _("题目“%(title)s”") % {"title": pack.titles[name]}, plan)
        work.keys[name] = known[_key(plan)]
    for name, quiz in pack.quizzes.items():
        try:
            made = add_quiz(node_id=node.pk, plan=quiz, made_by_id=work.user.pk, as_of=work.as_of)
        except UnableToSaveQuiz as error:
            raise UnfitPack([_("练习“%(title)s”：%(why)s") % {"title": quiz.title, "why": error}]) from error
        work.keys[name] = made.pk
    if pack.quizzes:
        words = _("练习放进了%(unit)s的题库：那里原来带同样标签的题，也会一起抽到。请到“题库和练习”里看一看。")
        work.notes.append(words % {"unit": node.name})


def _known(work: _Work) -> dict[tuple[Any, ...], int]:
    """Return the questions of the unit that say word for word, and with the same tags, what one of the file says."""
    texts = [one.draft.text for one in (*work.pack.questions, *work.pack.asked.values())]
    had = list(versions_saying(node_id=work.node.pk, texts=texts))
    tags = tags_of_questions([one.question_id for one in had])
    return {
        _said(one.kind, one.text, one.choices, one.right, set(tags.get(one.question_id, ()))): one.question_id
        for one in had
    }


def _question(work: _Work, where: str, plan: QuestionPlan) -> int:
    try:
        made = add_question(node_id=work.node.pk, plan=plan, written_by_id=work.user.pk, as_of=work.as_of)
    except UnableToSaveQuestion as error:
        raise UnfitPack([_("%(where)s：%(why)s") % {"where": where, "why": error}]) from error
    return made.pk


def _key(plan: QuestionPlan) -> tuple[Any, ...]:
    draft = plan.draft
    return _said(draft.kind.value, draft.text, draft.choices, draft.right, set(plan.tags))


def _said(kind: str, text: str, choices: Any, right: Any, tags: set[str]) -> tuple[Any, ...]:
    return kind, text, tuple(choices), tuple(sorted(right)), frozenset(tags)
