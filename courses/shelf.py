"""The order of a member's course list, and the search in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from attendance.standing import is_due_over
from cms.models import CoursePage, LessonPage
from courses.queries import Study


@dataclass(frozen=True)
class Shelf:
    """What is left to study, what is being changed, what begins later, what is finished, what is over or not asked of
    them; by deadline."""

    todo: tuple[Study, ...]
    paused: tuple[Study, ...]
    coming: tuple[Study, ...]
    done: tuple[Study, ...]
    over: tuple[Study, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.todo or self.paused or self.coming or self.done or self.over)


def arrange(studies: Iterable[Study], *, question: str, as_of: datetime) -> Shelf:
    """Sort a member's courses onto the shelf; with a question, only those in which it is found."""
    known = list(studies)
    if question:
        found = courses_found(known, question)
        known = [study for study in known if study.run.page_id in found]
    done = tuple(study for study in known if study.is_done)
    left = [study for study in known if not study.is_done]
    coming = tuple(study for study in left if study.run.occasion.starts_at > as_of)
    over = tuple(study for study in left if study.is_excused or is_due_over(study.run.occasion, as_of))
    now = [study for study in left if study not in coming and study not in over]
    todo = tuple(study for study in now if not study.is_paused)
    paused = tuple(study for study in now if study.is_paused)
    return Shelf(todo=todo, paused=paused, coming=coming, done=done, over=over)


def courses_found(studies: Iterable[Study], question: str) -> set[int]:
    """Return the page ids of those courses whose title, introduction or lessons answer the question. Two queries."""
    by_path = {study.run.page.path: study.run.page_id for study in studies}
    inside = Q(pk__in=())
    for path in by_path:
        inside |= Q(path__startswith=path)
    courses = CoursePage.objects.live().filter(inside).search(question)
    lessons = LessonPage.objects.live().filter(inside).search(question)
    paths = {page.path for page in courses} | {page.path[: -CoursePage.steplen] for page in lessons}
    return {by_path[path] for path in paths if path in by_path}
