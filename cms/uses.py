"""Which lessons need a video, a picture, a document or a package (``settings.USES``)."""

from datetime import datetime
from typing import Any

from django.db.models import Model, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.images import get_image_model
from wagtail.models import Page

from cms.material import FIELDS, Material, owner_model
from cms.models import CoursePage, LessonPage, PathPage
from cms.permissions import may_edit_at
from organizations.models import User
from organizations.uses import Use

MOST_NAMED = 8


def uses_of(*, thing: Model, user: User, as_of: datetime) -> list[Use]:
    """The lessons that show the thing, published, as a draft or planned, and of a picture the courses that have it
    on their cover: each blocks. Four queries."""
    field = next((field for field in FIELDS.values() if isinstance(thing, owner_model(field))), None)
    if field is None:
        return []
    versions: dict[LessonPage, set[str]] = {}
    shown = Material.objects.filter(**{f"{field}_id": thing.pk}).select_related("lesson").order_by("lesson__path", "pk")
    for row in shown:
        versions.setdefault(row.lesson, set()).add(row.version)
    courses = courses_of(versions)
    uses = [_use(lesson, courses.get(lesson.pk), found, user) for lesson, found in versions.items()]
    return [*uses, *(_cover_use(course, user) for course in _covered_by(thing))]


def changed(*, thing: Model, user: User, as_of: datetime) -> list[Use]:
    """The lessons that members read, now or by a plan, which show something else once the thing's file is another."""
    field = next((field for field in FIELDS.values() if isinstance(thing, owner_model(field))), None)
    if field is None:
        return []
    read = Q(version=Material.Version.STORED, lesson__live=True) | Q(version=Material.Version.PLANNED)
    lessons = LessonPage.objects.filter(
        pk__in=Material.objects.filter(read, **{f"{field}_id": thing.pk}).values("lesson_id")
    )
    found = list(lessons.order_by("path")[:MOST_NAMED])
    courses = courses_of(found)
    uses = [_shown(lesson, courses.get(lesson.pk), user) for lesson in found]
    if more := lessons.count() - len(found):
        uses.append(Use(_("另有 %(count)s 讲课") % {"count": more}))
    return [*uses, *(_shown_on_cover(course, user) for course in _covered_by(thing) if course.live)]


def _covered_by(thing: Model) -> list[CoursePage | PathPage]:
    """The courses and learning paths that have a picture on their cover, the first of many."""
    if not isinstance(thing, get_image_model()):
        return []
    courses = CoursePage.objects.filter(cover=thing).select_related("node").order_by("path")[:MOST_NAMED]
    paths = PathPage.objects.filter(cover=thing).select_related("node").order_by("path")[:MOST_NAMED]
    return [*courses, *paths]


def _cover_use(course: CoursePage | PathPage, user: User) -> Use:
    if isinstance(course, PathPage):
        return _path_cover_use(course, user)
    if not may_edit_at(user, course.node):
        words = _("“%(unit)s”的一门课程用它做封面，请与那里的组织员联系") % {"unit": course.node.name}
        return Use(words, blocks=True, where=_shown_on_cover(course, user).text)
    words = _("课程“%(course)s”用它做封面，请先在那里换一张") % {"course": course.title}
    url = reverse("wagtailadmin_pages:edit", args=[course.pk])
    return Use(words, blocks=True, url=url, where=_shown_on_cover(course, user).text)


def _path_cover_use(path: PathPage, user: User) -> Use:
    if not may_edit_at(user, path.node):
        words = _("“%(unit)s”的一条学习路径用它做封面，请与那里的组织员联系") % {"unit": path.node.name}
        return Use(words, blocks=True, where=_shown_on_cover(path, user).text)
    words = _("学习路径“%(path)s”用它做封面，请先在那里换一张") % {"path": path.title}
    url = reverse("wagtailadmin_pages:edit", args=[path.pk])
    return Use(words, blocks=True, url=url, where=_shown_on_cover(path, user).text)


def _shown_on_cover(course: CoursePage | PathPage, user: User) -> Use:
    if isinstance(course, PathPage):
        if not may_edit_at(user, course.node):
            return Use(_("“%(unit)s”的一条学习路径的封面") % {"unit": course.node.name})
        return Use(_("学习路径“%(path)s”的封面") % {"path": course.title})
    if not may_edit_at(user, course.node):
        return Use(_("“%(unit)s”的一门课程的封面") % {"unit": course.node.name})
    return Use(_("课程“%(course)s”的封面") % {"course": course.title})


def _shown(lesson: LessonPage, course: CoursePage | None, user: User) -> Use:
    if course is None or not may_edit_at(user, course.node):
        return Use(_("“%(unit)s”的一讲课") % {"unit": course.node.name if course is not None else _("其他组织")})
    return Use(_("课程“%(course)s”的“%(lesson)s”") % {"course": course.title, "lesson": lesson.title})


def courses_of(lessons: Any) -> dict[int, CoursePage]:
    """Return the course of each lesson by the lesson's id. One query."""
    paths = {lesson.path[: -Page.steplen]: lesson.pk for lesson in lessons}
    by_path = {page.path: page for page in CoursePage.objects.filter(path__in=paths).select_related("node")}
    return {lesson.pk: by_path[path] for lesson in lessons if (path := lesson.path[: -Page.steplen]) in by_path}


def _use(lesson: LessonPage, course: CoursePage | None, versions: set[str], user: User) -> Use:
    if course is None or not may_edit_at(user, course.node):
        unit = course.node.name if course is not None else _("其他组织")
        words = _("“%(unit)s”的一讲课里有它，请与那里的组织员联系") % {"unit": unit}
        return Use(words, blocks=True, where=_shown(lesson, course, user).text)
    where = _where(lesson, versions)
    text = _("课程“%(course)s”的“%(lesson)s”里有它（%(where)s），请先从那里去掉") % {
        "course": course.title,
        "lesson": lesson.title,
        "where": where,
    }
    url = reverse("wagtailadmin_pages:edit", args=[lesson.pk])
    shown = _("%(shown)s（%(where)s）") % {"shown": _shown(lesson, course, user).text, "where": where}
    return Use(text, blocks=True, url=url, where=shown)


def _where(lesson: LessonPage, versions: set[str]) -> str:
    """Say in which version of the lesson it is."""
    if Material.Version.STORED in versions:
        if lesson.live:
            return _("已发布")
        return _("已撤下") if lesson.first_published_at else _("草稿")
    return _("定时发布的版本") if Material.Version.PLANNED in versions else _("草稿")
