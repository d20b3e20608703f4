"""Courses as occasions: which ones a person is expected at, and how far they got. Nothing here writes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from attendance.core.intervals import Spans
from attendance.models import Occasion, RosterEntry, Training, WatchSession
from cms.queries import Lesson, lessons_by_course, videos_of
from courses.core.progress import Progress, needed_ms, total
from courses.models import CourseRun, LessonProgress
from media.models import Video
from organizations.models import Node, User
from organizations.queries import membership_on


@dataclass(frozen=True)
class Studied:
    """One lesson and how far somebody got in it."""

    lesson: Lesson
    number: int
    progress: Progress


@dataclass(frozen=True)
class Study:
    """One course and how far somebody got: in all, and lesson by lesson."""

    run: CourseRun
    lessons: tuple[Studied, ...]
    progress: Progress

    @property
    def next(self) -> Studied | None:
        """The first lesson that is not finished: where to go on."""
        return next((studied for studied in self.lessons if not studied.progress.done), None)

    @property
    def lessons_done(self) -> int:
        return sum(studied.progress.done for studied in self.lessons)


def runs_expecting(*, member_id: int) -> QuerySet[CourseRun]:
    """Return the courses on whose roster a person is; before the roster is fixed: those given above their branch."""
    on_roster = Exists(RosterEntry.objects.filter(occasion_id=OuterRef("occasion_id"), member_id=member_id))
    membership = membership_on(member_id=member_id, on_date=timezone.localdate())
    above = _path_and_above(membership.node.path) if membership else []
    to_come = Q(occasion__state=Occasion.State.SCHEDULED, occasion__node__path__in=above)
    published = CourseRun.objects.exclude(occasion__training__state=Training.State.DRAFT).filter(page__live=True)
    return published.filter(on_roster | to_come).select_related(
        "occasion__node", "occasion__training", "occasion__rule", "page"
    )


def _path_and_above(path: str) -> list[str]:
    return [path[:end] for end in range(Node.steplen, len(path) + 1, Node.steplen)]


def studies_of(*, runs: Iterable[CourseRun], member_id: int) -> list[Study]:
    """Return how far a person got in some courses. Four queries whatever their number."""
    known = list(runs)
    lessons = lessons_by_course([run.page for run in known])
    credit = credited_by_media(occasion_ids=[run.pk for run in known], member_id=member_id)
    finished = set(
        LessonProgress.objects.filter(run__in=[run.pk for run in known], member_id=member_id).values_list(
            "run_id", "lesson_id"
        )
    )
    return [_study(run, lessons[run.page.path], credit[run.pk], finished) for run in known]


def _study(run: CourseRun, lessons: list[Lesson], credit: Mapping[str, Spans], finished: set[tuple[int, int]]) -> Study:
    share, minutes = rule_of(run.occasion)
    parts = {key: _counted(video, credit.get(key, Spans()), share) for key, video in videos_of(lessons).items()}
    studied = tuple(
        Studied(lesson, number, _lesson_progress(lesson, parts, (run.pk, lesson.page.pk) in finished))
        for number, lesson in enumerate(lessons, start=1)
    )
    return Study(run, studied, total(parts.values(), min_share=share, min_minutes=minutes))


def _counted(video: Video, credit: Spans, min_share: float) -> Progress:
    duration = video.duration_ms or 0
    return Progress(credit.clip(0, duration).total, duration, needed_ms(duration, min_share=min_share))


def _lesson_progress(lesson: Lesson, parts: Mapping[str, Progress], finished: bool) -> Progress:
    """A lesson with videos is done when each counted enough; one of text alone when its reader said so."""
    own = [parts[key] for key in lesson.media_keys]
    each_done = bool(own) and all(part.done for part in own)
    return Progress(
        sum(part.credited_ms for part in own),
        sum(part.duration_ms for part in own),
        sum(part.needed_ms for part in own),
        completed=each_done or (finished and not own),
    )


def rule_of(occasion: Occasion) -> tuple[float, int | None]:
    """Return the least share and minutes asked for: as stamped on opening, before that as the rule says."""
    stamp = occasion.rule_stamp or {}
    rule = occasion.rule
    return float(stamp.get("min_share", rule.min_share)), stamp.get("min_minutes", rule.min_minutes)


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


def last_position_ms(*, occasion_id: int, member_id: int, media: str) -> int:
    """Return where a person left off, on whatever phone. One query."""
    sessions = WatchSession.objects.filter(occasion_id=occasion_id, member_id=member_id, media=media)
    return sessions.order_by("-last_at").values_list("position_ms", flat=True).first() or 0


def media_items_of(lessons: Iterable[Lesson]) -> dict[str, int]:
    """Return what counts in a course: the length of each distinct video that has one (ms) by its media key."""
    return {key: video.duration_ms for key, video in videos_of(lessons).items() if video.duration_ms}


def runs_in_subtrees(*, nodes: QuerySet[Node]) -> QuerySet[CourseRun]:
    """Return the courses given to some organisations, latest first: the organiser's list."""
    runs = CourseRun.objects.filter(occasion__node__in=nodes.order_by())
    return runs.select_related("occasion__training", "occasion__node", "page").order_by(
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
