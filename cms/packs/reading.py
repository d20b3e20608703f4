"""A file is read and checked whole, and every fault is named, before anything is made of it."""

import hashlib
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import IO, Any

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.utils.translation import gettext as _
from wagtail.documents import get_document_model
from wagtail.documents.forms import get_document_form
from wagtail.images import get_image_model
from wagtail.images.forms import get_image_form
from wagtail.models import Collection

from attendance.core.text import as_it_reads, storable
from cms.choices import DOCUMENT, PACKAGE, PICTURE, QUESTION, QUIZ, VIDEO
from cms.models import LONGEST_CATEGORY, CoursePage
from cms.packs import FOLDERS, MANIFEST, MOST_BLOCKS, MOST_LESSONS, MOST_QUESTIONS
from cms.packs.archive import UnfitPack, open_archive, pieces, read_manifest
from cms.packs.blocks import UnfitBlock, carried_body, refuse_unfit, rich_text
from media.core.captions import Cue, UnableToReadCaptions, read_captions, write_vtt
from media.core.chapters import MAX_CHAPTERS, MAX_TITLE
from media.storage import UnableToStore, require_space
from packages.archive import BROKEN
from quizzes.core.drawing import Part
from quizzes.core.questions import Draft, Kind
from quizzes.operations import QuestionPlan, QuizPlan, UnableToSaveQuestion, check_question

LONGEST_TITLE, LONGEST_NAME = 255, 100
LARGEST = 2**31 - 1
MOST_FAULTS = 50


@dataclass(frozen=True, slots=True)
class Film:
    """A video of the file; ``file`` None where it was left out."""

    title: str
    file: TemporaryUploadedFile | None
    chapters: list[list[Any]]
    cues: list[Cue]
    shift_ms: int


@dataclass
class Pack:
    """A file in which nothing is wrong. ``forms``: pictures and documents as valid forms of the library."""

    title: str = ""
    course: dict[str, Any] = field(default_factory=dict)
    lessons: list[dict[str, Any]] = field(default_factory=list)
    requires: list[str] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    forms: dict[str, Any] = field(default_factory=dict)
    films: dict[str, Film] = field(default_factory=dict)
    quizzes: dict[str, QuizPlan] = field(default_factory=dict)
    questions: list[QuestionPlan] = field(default_factory=list)
    asked: dict[str, QuestionPlan] = field(default_factory=dict)


class _Unfit(Exception):
    pass


def read_pack(file: IO[bytes], *, user: Any, most_bytes: int, files: ExitStack) -> Pack:
    """Return what is in the file. Raises UnfitPack with everything that is wrong.

    What was unpacked is gone when ``files`` is closed.
    """
    with open_archive(file, most_bytes=most_bytes) as archive:
        try:
            require_space(sum(one.file_size for one in archive.infolist()))
        except UnableToStore as error:
            raise UnfitPack([_("服务器的磁盘快满了，现在不能导入。请告诉管理员。")]) from error
        reader = _Reader(archive, read_manifest(archive), user, files)
        reader.read()
        if reader.faults:
            raise UnfitPack(reader.faults[:MOST_FAULTS])
        return reader.pack


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str) or len(value) > most or storable(value) != value:
        raise _Unfit
    return as_it_reads(value).strip()


def _whole(value: Any, low: int, high: int = LARGEST) -> int:
    if type(value) is not int or not low <= value <= high:
        raise _Unfit
    return value


def _yes(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Unfit
    return value


def _list(value: Any, most: int, of: type = object) -> list[Any]:
    if not isinstance(value, list) or len(value) > most or not all(isinstance(one, of) for one in value):
        raise _Unfit
    return value


def _left_out(name: str, thing: dict[str, Any], title: str) -> None:
    """Of a package only the title travels."""


class _Reader:
    def __init__(self, archive: zipfile.ZipFile, said: Mapping[str, Any], user: Any, files: ExitStack) -> None:
        self.archive, self.said, self.user, self.files = archive, said, user, files
        self.pack, self.faults = Pack(), []
        self.entries = {one.filename: one for one in archive.infolist()}
        self.named = {MANIFEST}

    faults: list[str]

    def read(self) -> None:
        things = self.said.get("things")
        for name, thing in things.items() if isinstance(things, dict) else ():
            self._tried(_("内容“%(name)s”") % {"name": name[:40]}, self._thing, name, thing)
        self._tried(_("课程的说明"), self._course, self.said.get("course"))
        self._tried(_("课的列表"), self._lessons, self.said.get("lessons"))
        self._tried(_("题目的列表"), self._questions, self.said.get("questions", []))
        for extra in sorted(self.entries.keys() - self.named):
            self.faults.append(_("zip 里多了“%(name)s”，course.json 没有提到它。") % {"name": extra[:80]})

    def _tried(self, where: str, step: Any, *given: Any) -> None:
        try:
            step(*given)
        except (_Unfit, KeyError, TypeError, ValueError):
            self.faults.append(_("%(where)s：写法不对，文件可能被改动过。请重新导出。") % {"where": where})

    def _thing(self, name: str, thing: dict[str, Any]) -> None:
        kind, title = thing["kind"], _text(thing["title"], LONGEST_TITLE)
        read = {
            PICTURE: self._item, DOCUMENT: self._item, VIDEO: self._film, QUIZ: self._quiz, QUESTION: self._asked,
            PACKAGE: _left_out,
        }[kind]  # fmt: skip
        self.pack.kinds[name], self.pack.titles[name] = kind, title
        read(name, thing, title)

    def _file(self, thing: dict[str, Any], title: str) -> TemporaryUploadedFile | None:
        """Return an entry as if it was uploaded, when it is what was written; None after saying why not."""
        entry, name = _text(thing["entry"], LONGEST_TITLE), PurePath(_text(thing["name"], LONGEST_NAME)).name
        size, digest = _whole(thing["size"], 0, 2**40), hashlib.sha256()
        self.named.add(entry)
        about = {"title": title, "name": entry}
        if entry not in self.entries or not entry.startswith(f"{FOLDERS[thing['kind']]}/"):
            self.faults.append(_("“%(title)s”：zip 里缺少文件“%(name)s”。请重新导出。") % about)
            return None
        file = TemporaryUploadedFile(name or "file", "application/octet-stream", size, None)
        self.files.callback(file.close)
        try:
            for piece in pieces(self.archive, entry):
                digest.update(piece)
                file.write(piece)
        except BROKEN:
            digest = hashlib.sha256(b"broken")
        if digest.hexdigest() != thing["sha256"] or file.tell() != size:
            self.faults.append(_("“%(title)s”：文件“%(name)s”损坏了，或者被改动过。请重新导出。") % about)
            return None
        file.seek(0)
        return file

    def _item(self, name: str, thing: dict[str, Any], title: str) -> None:
        if thing["entry"] is None or (file := self._file(thing, title)) is None:
            return
        is_picture = thing["kind"] == PICTURE
        model: Any = get_image_model() if is_picture else get_document_model()
        form = (get_image_form if is_picture else get_document_form)(model)(
            {
                "title": title or file.name,
                "description": _text(thing.get("description", ""), LONGEST_TITLE),
                "collection": Collection.get_first_root_node().pk,
            },
            {"file": file},
            instance=model(uploaded_by_user=self.user),
            user=self.user,
        )
        if form.is_valid():
            self.pack.forms[name] = form
            return
        for errors in form.errors.values():
            self.faults.extend(_("“%(title)s”：%(why)s") % {"title": title, "why": why} for why in errors)

    def _film(self, name: str, thing: dict[str, Any], title: str) -> None:
        chapters: list[list[Any]] = [
            [_whole(start, 0), _text(words, MAX_TITLE)]
            for start, words in _list(thing.get("chapters", []), MAX_CHAPTERS, list)
        ]
        starts = [start for start, _words in chapters]
        if starts != sorted(set(starts)) or not all(words for _start, words in chapters):
            raise _Unfit
        cues = [
            Cue(_whole(start, 0), _whole(end, 0), _text(words, 2000))
            for start, end, words in _list(thing.get("captions", []), 20_000, list)
        ]
        try:
            # Read back as a file of captions is: what is no caption does not come through.
            cues = list(read_captions(write_vtt(cues))) if cues else []
        except UnableToReadCaptions as error:
            raise _Unfit from error
        shift = _whole(thing.get("captions_shift_ms", 0), -LARGEST)
        file = self._file(thing, title) if thing["entry"] is not None else None
        self.pack.films[name] = Film(title, file, chapters, cues, shift)

    def _quiz(self, name: str, thing: dict[str, Any], title: str) -> None:
        if _yes(thing["is_left_out"]):
            return
        parts = tuple(Part(_text(tag, 20), _whole(count, 1, 50)) for tag, count in _list(thing["draws"], 6, list))
        most = thing["most_attempts"]
        self.pack.quizzes[name] = QuizPlan(
            title, parts, _whole(thing["pass_percent"], 1, 100), None if most is None else _whole(most, 1),
            _text(thing["shows"], 20),
        )  # fmt: skip

    def _questions(self, said: Any) -> None:
        for number, one in enumerate(_list(said, MOST_QUESTIONS, dict), 1):
            where = _("第 %(number)s 道题") % {"number": number}
            self._tried(where, self._question, where, one)

    def _question(self, where: str, one: dict[str, Any]) -> None:
        if (plan := self._planned(where, one)) is not None:
            self.pack.questions.append(plan)

    def _asked(self, name: str, thing: dict[str, Any], title: str) -> None:
        if _yes(thing["is_left_out"]):
            return
        if (plan := self._planned(_("题目“%(title)s”") % {"title": title}, thing["question"])) is not None:
            self.pack.asked[name] = plan

    def _planned(self, where: str, one: dict[str, Any]) -> QuestionPlan | None:
        right = tuple(_whole(place, 0, 100) for place in _list(one["right"], 20))
        choices = tuple(_text(choice, 1000) for choice in _list(one["choices"], 20))
        draft = Draft(Kind(one["kind"]), _text(one["text"], 1000), choices, right, _text(one["explanation"], 2000))
        plan = QuestionPlan(draft, tuple(_text(tag, 100) for tag in _list(one["tags"], 20)))
        try:
            check_question(plan)
        except UnableToSaveQuestion as error:
            self.faults.append(_("%(where)s：%(why)s") % {"where": where, "why": error})
            return None
        return plan

    def _chosen(self, kind: str, name: Any) -> str:
        if not isinstance(name, str) or self.pack.kinds.get(name) != kind:
            raise UnfitBlock(_("要用的东西文件里没有"))
        return name

    def _course(self, said: dict[str, Any]) -> None:
        pack = self.pack
        pack.title = _text(said["title"], LONGEST_TITLE)
        try:
            cover = self._chosen(PICTURE, said["cover"]) if said["cover"] is not None else None
            features = CoursePage._meta.get_field("intro").features  # noqa: SLF001 - Django names it so
            intro = rich_text(said["intro"], features)
        except UnfitBlock as error:
            self.faults.append(_("课程的封面或介绍：%(why)s。") % {"why": error})
            return
        pack.course = {
            "cover": cover, "intro": intro, "seek_ahead": _yes(said["seek_ahead"]),
            "category": _text(said["category"], LONGEST_CATEGORY),
        }  # fmt: skip
        pack.requires = [_text(title, LONGEST_TITLE) for title in _list(said["requires"], 100)]

    def _lessons(self, said: Any) -> None:
        for number, one in enumerate(_list(said, MOST_LESSONS, dict), 1):
            self._tried(_("第 %(number)s 课") % {"number": number}, self._lesson, number, one)

    def _lesson(self, number: int, one: dict[str, Any]) -> None:
        title = _text(one["title"], LONGEST_TITLE)

        def refuse(at: int, label: str, why: str) -> None:
            about = {"number": number, "title": title, "at": at, "label": label, "why": why}
            self.faults.append(_("第 %(number)s 课“%(title)s”第 %(at)s 块（%(label)s）：%(why)s。") % about)

        body = carried_body(_list(one["body"], MOST_BLOCKS), choose=self._chosen, refuse=refuse)
        refuse_unfit(carried_body(body, choose=lambda kind, name: None, refuse=refuse), refuse)
        self.pack.lessons.append(
            {"title": title, "is_optional": _yes(one["is_optional"]), "asks_quiz": _yes(one["asks_quiz"]), "body": body}
        )
