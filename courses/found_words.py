"""What the page of what was found says: each row's place in words, and where it leads. Nothing here writes."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from cms.core.finding import Piece
from cms.finding import Place
from courses.finding import Found
from media.core.clock import clock


@dataclass(frozen=True)
class Row:
    """One course, lesson or learning path: ``title`` and ``pieces`` with what was asked marked; ``where`` it
    stands, in words."""

    url: str
    title: tuple[Piece, ...]
    course: str
    where: str
    pieces: tuple[Piece, ...]


def found_rows(found: Iterable[Found]) -> list[Row]:
    return [_row(one) for one in found]


def _row(one: Found) -> Row:
    place = one.place
    where, pieces = (_where(place), place.pieces) if place else ("", ())
    if one.path is not None:
        return Row(reverse("courses_path", args=[one.path.pk]), one.title, _("学习路径"), where, pieces)
    if one.run is None:
        raise ValueError(one)
    if one.lesson is None:
        return Row(reverse("courses_course", args=[one.run.pk]), one.title, "", where, pieces)
    url = reverse("courses_lesson", args=[one.run.pk, one.lesson.pk])
    if place and place.video_id:
        url += f"?v={place.video_id}"
    return Row(url, one.title, one.run.page.title, where, pieces)


def _where(place: Place) -> str:
    if place.kind == "spoken":
        return _("视频里 %(at)s 说到") % {"at": clock(place.at_ms)}
    return {"intro": _("课程介绍"), "text": _("正文"), "paper": _("文件"), "aim": _("为什么学、给谁学")}[place.kind]
