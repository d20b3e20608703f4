"""How far somebody got in a learning path. Derived from how their courses stand: no second truth (ADR 80).

Nothing here writes.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from attendance.models import Occasion
from attendance.standing import asked_of, is_due_over, standings_of
from cms.models import PathPage, PathStep
from courses.before import with_requirements
from courses.models import CourseRun
from courses.queries import Study, runs_expecting
from organizations.models import Membership
from organizations.queries import membership_on

MOST_LISTED = 20


class Place(IntEnum):
    """Where a step stands. Of a course that is given several times the one with the smallest place is the step's."""

    DONE = 0
    NOW = 1
    PAUSED = 2
    LATER = 3
    EXCUSED = 4
    OVER = 5
    NOT_GIVEN = 6


@dataclass(frozen=True)
class Walked:
    """One step of a path: the course as somebody studies it (None: it was not given to them), and, where the path goes
    in order, the course that comes first."""

    step: PathStep
    study: Study | None
    place: Place
    before: Study | None = None

    @property
    def is_asked(self) -> bool:
        """Whether it counts among the steps of the path."""
        return not self.step.is_optional and self.place != Place.EXCUSED

    @property
    def is_open(self) -> bool:
        """Whether it can be studied now."""
        return self.place == Place.NOW and self.before is None

    @property
    def is_begun(self) -> bool:
        return self.study is not None and (self.place == Place.DONE or self.study.amount.done_ms > 0)


@dataclass(frozen=True)
class Walk:
    """A path as somebody walks it, in its order; steps whose course is deleted, or withdrawn and never given to them,
    are left out."""

    path: PathPage
    steps: tuple[Walked, ...]

    @property
    def total(self) -> int:
        return sum(one.is_asked for one in self.steps)

    @property
    def done(self) -> int:
        return sum(one.is_asked and one.place == Place.DONE for one in self.steps)

    @property
    def is_finished(self) -> bool:
        return 0 < self.total == self.done

    @property
    def is_begun(self) -> bool:
        return any(one.is_begun for one in self.steps)

    @property
    def next(self) -> Walked | None:
        """The first step that is asked for and can be studied now."""
        return next((one for one in self.steps if one.is_asked and one.is_open), None)


def paths_of(*, member_id: int) -> QuerySet[PathPage]:
    """Return those of a person's paths of which at least one course is given to them. One query to ask, one for all
    paths, one for all their steps."""
    line = line_of(membership_on(member_id=member_id, on_date=timezone.localdate()))
    runs = runs_expecting(member_id=member_id, line=line).exclude(occasion__state=Occasion.State.VOID)
    given = PathStep.objects.filter(course__in=runs.order_by().values("page_id"))
    return paths_above(line).filter(pk__in=given.order_by().values("path"))


def line_of(membership: Membership | None) -> list[str]:
    """Return the paths of a member's unit and of every one above it. No query."""
    return membership.node.line_paths() if membership else []


def withdrawn_paths(line: list[str]) -> QuerySet[PathPage]:
    """Return the learning paths of the units of a line that were published and are not any more."""
    found: QuerySet[PathPage] = PathPage.objects.not_live().filter(node__path__in=line)
    return found.exclude(first_published_at=None)


def paths_above(line: list[str]) -> QuerySet[PathPage]:
    """Return the published learning paths of the units of a line, by name. One query for all paths, one for all their
    steps."""
    found = PathPage.objects.live().filter(node__path__in=line)
    steps = PathStep.objects.exclude(course=None).select_related("course").order_by("sort_order", "pk")
    loaded = Prefetch("steps", steps, to_attr="in_order_of_study")
    return found.select_related("cover").prefetch_related(loaded).order_by("title", "pk")


def steps_of(path: PathPage) -> Sequence[PathStep]:
    """Return the steps as ``paths_of`` loaded them."""
    return path.in_order_of_study


def runs_walked(paths: Iterable[PathPage], *, member_id: int, line: list[str]) -> QuerySet[CourseRun]:
    """Return where a person studies the courses of some paths, with whether they ask for others first."""
    pages = {step.course_id for path in paths for step in steps_of(path)}
    runs = with_requirements(runs_expecting(member_id=member_id, line=line)).filter(page__in=pages)
    return runs.exclude(occasion__state=Occasion.State.VOID).order_by("occasion__ends_at", "pk")


def brief(runs: Iterable[CourseRun], *, member_id: int, as_of: datetime) -> list[Study]:
    """Return how courses stand as a whole, without their lessons: enough to count the steps of a path."""
    known = list(runs)
    stands = standings_of(occasions=[run.occasion for run in known], member_id=member_id, as_of=as_of)
    return [
        Study(
            run,
            (),
            stands[run.pk].amount if run.pk in stands else asked_of(occasion=run.occasion, as_of=as_of),
            stands.get(run.pk),
            {},
        )
        for run in known
    ]


def walk(path: PathPage, studies: Iterable[Study], *, as_of: datetime) -> Walk:
    """Return how far somebody got in a path, from how their courses stand."""
    known: dict[int, list[Study]] = defaultdict(list)
    for one in studies:
        if not one.is_void:
            known[one.run.page_id].append(one)
    steps: list[Walked] = []
    first: Study | None = None  # what has to be finished before anything behind it
    for step in steps_of(path):
        study, place = _best(known.get(step.course_id or 0, []), as_of)
        # The course of a step that was deleted, or one that is withdrawn, is left out where nothing was studied.
        if study is None and (step.course is None or not step.course.live):
            continue
        walked = Walked(step, study, place)
        if first is not None and place == Place.NOW and not walked.is_begun:
            walked = Walked(step, study, place, first)
        elif first is None and path.in_order and walked.is_asked and place == Place.NOW:
            first = study
        steps.append(walked)
    return Walk(path, tuple(steps))


def _best(studies: Iterable[Study], as_of: datetime) -> tuple[Study | None, Place]:
    """Where a course that is given several times is studied: where it is done, or can be and ends first."""
    found = [(_place(one, as_of), one) for one in studies]
    if not found:
        return None, Place.NOT_GIVEN
    place, study = min(found, key=lambda one: (one[0], one[1].due_at))
    return study, place


def _place(study: Study, as_of: datetime) -> Place:
    if study.is_done:
        return Place.DONE
    if study.run.occasion.starts_at > as_of:
        return Place.LATER
    if study.is_excused:
        return Place.EXCUSED
    if is_due_over(study.run.occasion, as_of):
        return Place.OVER
    return Place.PAUSED if study.is_paused else Place.NOW
