"""Search over the courses that somebody may read: their names, lessons, documents' titles and captions (ADR 61)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.functions import Length, RowNumber, Substr
from wagtail.models import Page
from wagtail.rich_text import get_text_for_indexing

from attendance.models import Occasion
from cms.core.finding import Piece, excerpt, marked, sought, to_mark
from cms.finding import Place, Shown, shown_of
from cms.models import CoursePage, LessonPage, PathPage
from courses.models import CourseRun
from courses.queries import runs_expecting
from courses.walking import paths_of


@dataclass(frozen=True)
class Found:
    """A course (``lesson`` None) or a lesson in which it stands, where to read it, and the place (None: the title).

    Of a learning path there is no ``run``.
    """

    run: CourseRun | None
    lesson: LessonPage | None
    title: tuple[Piece, ...]
    place: Place | None
    path: PathPage | None = None


def pages_found(runs: QuerySet[CourseRun], question: str, *, member_id: int = 0) -> QuerySet[Page]:
    """Return the courses and lessons of these runs, and a member's learning paths, that answer a question, what says it
    in its title first.

    Counted and cut into pages in the database; the order is the same on both databases, which rank differently.
    """
    words = sought(question)
    if not words:
        return Page.objects.none()
    courses = CoursePage.objects.live().filter(pk__in=runs.order_by().values("page_id"))
    found = Page.objects.search(question, order_by_relevance=False).get_queryset()
    pages = Page.objects.live().filter(pk__in=found.order_by().values("pk"))
    own = paths_of(member_id=member_id).order_by().values("pk") if member_id else []
    readable = pages.annotate(above=Substr("path", 1, Length("path") - Page.steplen)).filter(
        Q(path__in=courses.order_by().values("path")) | Q(above__in=courses.order_by().values("path")) | Q(pk__in=own)
    )
    says_all = Q(*(Q(title__icontains=word) for word in words))
    in_title = Case(When(says_all, then=Value(0)), default=Value(1), output_field=IntegerField())
    return readable.order_by(in_title, "depth", "path")


def places_found(pages: Sequence[Page], question: str, *, runs: QuerySet[CourseRun], member_id: int) -> list[Found]:
    """Return the pages with the places of what was asked, in their order. Five queries whatever their number, one more
    where a learning path is among them."""
    words = sought(question)
    keys = [page.pk for page in pages]
    courses, lessons = CoursePage.objects.in_bulk(keys), LessonPage.objects.in_bulk(keys)
    others = [key for key in keys if key not in courses and key not in lessons]
    paths = PathPage.objects.in_bulk(others) if others else {}
    above = {page.pk: page.path if page.pk in courses else page.path[: -Page.steplen] for page in pages}
    by_path = _runs_by_path(runs.filter(page__path__in=above.values()), member_id=member_id)
    shown = shown_of(lessons.values(), words)
    for course in courses.values():
        intro = get_text_for_indexing(course.intro)
        parts = to_mark(words, [course.title, intro])
        pieces = excerpt(intro, parts)
        shown[course.pk] = Shown(marked(course.title, parts), Place("intro", pieces) if pieces else None)
    for path in paths.values():
        parts = to_mark(words, [path.title, path.aim])
        pieces = excerpt(path.aim, parts)
        shown[path.pk] = Shown(marked(path.title, parts), Place("aim", pieces) if pieces else None)
    return [
        Found(None, None, shown[page.pk].title, shown[page.pk].place, paths[page.pk])
        if page.pk in paths
        else Found(by_path[above[page.pk]], lessons.get(page.pk), shown[page.pk].title, shown[page.pk].place)
        for page in pages
        # Else it was withdrawn in this moment.
        if (page.pk in paths or above[page.pk] in by_path) and page.pk in shown
    ]


def _runs_by_path(runs: QuerySet[CourseRun], *, member_id: int) -> dict[str, CourseRun]:
    """The one of several runs of a course where to read it: where one is expected, what stands, what ends last.

    Chosen in the database: a course may have been given to hundreds of units.
    """
    mine = runs_expecting(member_id=member_id).filter(pk=OuterRef("pk"))
    worth = [
        Case(When(Exists(mine), then=Value(0)), default=Value(1)),
        Case(When(occasion__state=Occasion.State.VOID, then=Value(1)), default=Value(0)),
        F("occasion__ends_at").desc(),
        F("pk").desc(),
    ]
    place = Window(RowNumber(), partition_by=F("page_id"), order_by=worth)
    best = runs.annotate(place=place).filter(place=1).select_related("page", "occasion")
    return {run.page.path: run for run in best}
