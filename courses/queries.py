"""Courses as occasions: which ones a person is expected at, and how far they got. Nothing here writes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from attendance.core.intervals import Spans
from attendance.models import Occasion, RecordState, RosterEntry, Training, WatchSession
from attendance.standing import Amount, Standing, asked_by, asked_of, due_at, standings_of
from cms.queries import Lesson, lessons_by_course, videos_of
from courses.kinds import step_word
from courses.models import CourseRun, LessonProgress
from organizations.models import Node, User
from organizations.queries import membership_on


@dataclass(frozen=True)
class Studied:
    """One lesson and how far somebody got in it: what counts of its videos, or that its text was read."""

    lesson: Lesson
    number: int
    amount: Amount
    is_done: bool


@dataclass(frozen=True)
class Study:
    """One course and how far somebody got: in all as the ledger says (None: on no roster), and lesson by lesson.

    ``credit``: what the ledger credited of each piece of media, by its key.
    """

    run: CourseRun
    lessons: tuple[Studied, ...]
    amount: Amount
    stand: Standing | None
    credit: Mapping[str, Spans]

    @property
    def is_done(self) -> bool:
        return self.stand is not None and self.stand.is_done

    @property
    def is_excused(self) -> bool:
        """Whether nothing is asked of them although it is not done: exempt, on leave, or called off."""
        if self.stand is None or self.is_paused:
            return False
        return not (self.stand.is_done or self.stand.is_undone or self.is_undecided)

    @property
    def is_paused(self) -> bool:
        """Whether nothing can be studied for now: it is not counted among what is left."""
        return not self.is_done and (self.is_withdrawn or (self.stand is not None and self.stand.is_paused))

    @property
    def step_word(self) -> str:
        return step_word(self.amount.done_ms)

    @property
    def due_at(self) -> datetime:
        """Until when it can be studied so that it counts."""
        return due_at(self.run.occasion)

    @property
    def is_void(self) -> bool:
        """Whether it counts nowhere any more: nothing of it is owed, and nothing is counted."""
        return self.run.occasion.state == Occasion.State.VOID

    @property
    def is_withdrawn(self) -> bool:
        """Whether there is nothing to study now: its author withdrew the course, or all that was in it."""
        return not self.run.page.live or (self.run.occasion.media_items == {} and not self.is_awaited)

    @property
    def is_awaited(self) -> bool:
        """Whether a video of it is still being processed."""
        return any(studied.lesson.videos and not studied.amount.total_ms for studied in self.lessons)

    @property
    def is_undecided(self) -> bool:
        return self.stand is not None and self.stand.state == RecordState.PENDING

    @property
    def next(self) -> Studied | None:
        """The first lesson that is not finished: where to go on."""
        return next((studied for studied in self.lessons if not studied.is_done), None)


def runs_with_occasions() -> QuerySet[CourseRun]:
    """Course runs with what a page says of each: course, occasion, its rule, training and node."""
    return CourseRun.objects.select_related("occasion__node", "occasion__training", "occasion__rule", "page__cover")


def runs_expecting(*, member_id: int) -> QuerySet[CourseRun]:
    """Return the courses on whose roster a person is; before the roster is fixed: those given above their branch.

    One that was withdrawn is among them: they are told so.
    """
    on_roster = Exists(RosterEntry.objects.filter(occasion_id=OuterRef("occasion_id"), member_id=member_id))
    membership = membership_on(member_id=member_id, on_date=timezone.localdate())
    above = membership.node.line_paths() if membership else []
    to_come = Q(occasion__state=Occasion.State.SCHEDULED, occasion__node__path__in=above)
    published = CourseRun.objects.exclude(occasion__training__state=Training.State.DRAFT)
    return published.filter(on_roster | to_come).select_related(
        "occasion__node", "occasion__training", "occasion__rule", "page__cover"
    )


def studies_of(*, runs: Iterable[CourseRun], member_id: int, as_of: datetime) -> list[Study]:
    """Return how far a person got in some courses. Five queries whatever their number."""
    known = list(runs)
    lessons = lessons_by_course([run.page for run in known])
    credit = credited_by_media(occasion_ids=[run.pk for run in known], member_id=member_id)
    stands = standings_of(occasions=[run.occasion for run in known], member_id=member_id, as_of=as_of)
    finished = set(
        LessonProgress.objects.filter(run__in=[run.pk for run in known], member_id=member_id).values_list(
            "run_id", "lesson_id"
        )
    )
    return [
        Study(
            run,
            _studied(
                run, lessons[run.page.path] if run.page.live else [], credit[run.pk], finished, stands.get(run.pk)
            ),
            stands[run.pk].amount if run.pk in stands else asked_of(occasion=run.occasion, as_of=as_of),
            stands.get(run.pk),
            credit[run.pk],
        )
        for run in known
    ]


def _studied(
    run: CourseRun,
    lessons: list[Lesson],
    credit: Mapping[str, Spans],
    finished: set[tuple[int, int]],
    stand: Standing | None = None,
) -> tuple[Studied, ...]:
    parts = {
        key: lesson_amount(run.occasion, credit.get(key, Spans()), video.duration_ms or 0)
        for key, video in videos_of(lessons).items()
    }
    if run.occasion.evidence_removed_at is not None and stand is not None and stand.is_done:
        # What was watched of which film is deleted by now; whoever finished has watched what was asked, at least.
        parts = {key: replace(part, done_ms=part.needed_ms) for key, part in parts.items()}
    return tuple(
        _lesson(lesson, number, [parts[key] for key in lesson.media_keys], (run.pk, lesson.page.pk) in finished)
        for number, lesson in enumerate(lessons, start=1)
    )


def lesson_amount(occasion: Occasion, credit: Spans, duration_ms: int) -> Amount:
    """Return how much counts of one video of a course, by the same share of it as of the whole."""
    rule = replace(asked_by(occasion), min_minutes=None)
    return Amount(credit.clip(0, duration_ms).total, rule.needed_ms(duration_ms), duration_ms)


def _lesson(lesson: Lesson, number: int, own: list[Amount], is_finished: bool) -> Studied:
    """A lesson with videos is done when each counted enough; one of text alone when its reader said so."""
    amount = Amount(
        sum(part.done_ms for part in own), sum(part.needed_ms for part in own), sum(part.total_ms for part in own)
    )
    is_done = all(part.is_enough for part in own) if own and not lesson.is_incomplete else is_finished
    return Studied(lesson, number, amount, is_done)


def credited_by_media(*, occasion_ids: Iterable[int], member_id: int) -> dict[int, dict[str, Spans]]:
    """Return what the ledger credited of each piece of media, by occasion. One query."""
    seen: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    sessions = WatchSession.objects.filter(occasion_id__in=list(occasion_ids), member_id=member_id)
    rows = sessions.values_list("occasion_id", "media", "ranges_ms")
    for occasion_id, media, ranges in rows:
        seen[occasion_id][media].extend((start, end) for start, end in ranges or [])
    credited: dict[int, dict[str, Spans]] = defaultdict(dict)
    for occasion_id, by_media in seen.items():
        credited[occasion_id] = {media: Spans.of(ranges) for media, ranges in by_media.items()}
    return credited


def media_items_of(lessons: Iterable[Lesson]) -> dict[str, int]:
    """Return what counts in a course: the length of each distinct video that has one (ms) by its media key."""
    return {key: video.duration_ms for key, video in videos_of(lessons).items() if video.duration_ms}


def runs_in_subtrees(*, nodes: QuerySet[Node]) -> QuerySet[CourseRun]:
    """Return the courses given to some organisations, latest first: the organiser's list."""
    runs = CourseRun.objects.filter(occasion__node__in=nodes.order_by())
    return runs.select_related("occasion__training", "occasion__node", "page__cover").order_by(
        F("occasion__starts_at").desc(), "-pk"
    )


def unsettled_runs_of(*, page_ids: Iterable[int], as_of: datetime) -> QuerySet[CourseRun]:
    """Return where these courses are given and not judged yet."""
    runs = CourseRun.objects.filter(page_id__in=list(page_ids), occasion__ends_at__gt=as_of)
    return runs.exclude(occasion__state=Occasion.State.SETTLED).select_related("page", "occasion")


def personal_data(user: User) -> dict[str, list[Any]]:
    """Return the lessons that a person completed, for their own download."""
    done = LessonProgress.objects.filter(member=user).order_by("completed_at")
    return {"lessons": list(done.values("run_id", "run__occasion__title", "lesson_id", "completed_at"))}
