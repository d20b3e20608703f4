"""Courses as occasions: which ones a person is expected at, and how far they got. Nothing here writes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Substr
from django.utils import timezone
from wagtail.models import Page

from attendance.core.gates import PREFIX as QUIZ
from attendance.core.gates import quiz_key
from attendance.core.intervals import Spans
from attendance.core.reading import reading_key, verb_of
from attendance.models import Evidence, Occasion, RecordState, RosterEntry, Training, WatchSession
from attendance.queries import CALLED_OFF
from attendance.queries.naming import for_line
from attendance.standing import Amount, Standing, asked_by, asked_of, due_at, standings_of
from cms.core.lesson import values_of
from cms.models import CoursePage, LessonPage
from cms.permissions import COURSE_DEPTH
from cms.queries import Lesson, lessons_by_course, videos_of
from courses.discussion import own_comments, own_reports
from courses.models import CourseRun, LessonProgress
from courses.steps import step_word
from media.models import Video
from organizations.models import Node, User
from organizations.queries import membership_on
from quizzes.queries.taking import offered_among

SETTLED = Occasion.State.SETTLED


@dataclass(frozen=True)
class Studied:
    """One lesson and how far somebody got in it: what counts of its videos, or that its text was read."""

    lesson: Lesson
    number: int
    amount: Amount
    is_done: bool
    open_quizzes: tuple[str, ...] = ()  # ids of those that have to be passed and are not yet
    asks_quizzes: bool = False

    @property
    def is_enough(self) -> bool:
        """Whether enough of it was studied, be it that a quiz is still to be passed."""
        return self.is_done or self.amount.is_enough


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
        lessons = (studied for studied in self.lessons if not studied.lesson.is_optional)
        return any(studied.lesson.videos and not studied.amount.total_ms for studied in lessons)

    @property
    def is_undecided(self) -> bool:
        return self.stand is not None and self.stand.state == RecordState.PENDING

    @property
    def next(self) -> Studied | None:
        """The first lesson that has to be finished and is not: where to go on."""
        left = (studied for studied in self.lessons if not studied.is_done and not studied.lesson.is_optional)
        return next(left, None)

    @property
    def quizzes_left(self) -> int:
        """How many of the quizzes that are asked for are not passed yet."""
        return len({key for studied in self.lessons for key in studied.open_quizzes})


def runs_with_occasions() -> QuerySet[CourseRun]:
    """Course runs with what a page says of each: course, occasion, its rule, training and node."""
    return CourseRun.objects.select_related("occasion__node", "occasion__training", "occasion__rule", "page__cover")


def runs_expecting(*, member_id: int, line: list[str] | None = None) -> QuerySet[CourseRun]:
    """Return the courses on whose roster a person is; before the roster is fixed: those given above their branch.

    One that was withdrawn is among them: they are told so. ``line``: the paths of their unit and of those above it,
    where they are known; else one query asks for them.
    """
    on_roster = Exists(RosterEntry.objects.filter(occasion_id=OuterRef("occasion_id"), member_id=member_id))
    above = line
    if above is None:
        membership = membership_on(member_id=member_id, on_date=timezone.localdate())
        above = membership.node.line_paths() if membership else []
    to_come = Q(occasion__state=Occasion.State.SCHEDULED, occasion__node__path__in=above)
    to_come &= Q(occasion__is_narrowed=False) | for_line(above, training="occasion__training_id")
    published = CourseRun.objects.exclude(occasion__training__state=Training.State.DRAFT)
    return published.filter(on_roster | to_come).select_related(
        "occasion__node", "occasion__training", "occasion__rule", "page__cover"
    )


def studies_of(*, runs: Iterable[CourseRun], member_id: int, as_of: datetime) -> list[Study]:
    """Return how far a person got in some courses. Five queries whatever their number, one more where quizzes are asked
    for."""
    known = list(runs)
    lessons = lessons_by_course([run.page for run in known])
    credit = credited_by_media(occasion_ids=[run.pk for run in known], member_id=member_id)
    stands = standings_of(occasions=[run.occasion for run in known], member_id=member_id, as_of=as_of)
    finished = set(
        LessonProgress.objects.filter(run__in=[run.pk for run in known], member_id=member_id).values_list(
            "run_id", "lesson_id"
        )
    )
    passed = passed_in(occasions=[run.occasion for run in known], member_id=member_id)
    return [
        Study(
            run,
            _studied(
                run,
                lessons[run.page.path] if run.page.live else [],
                credit[run.pk],
                finished,
                stands.get(run.pk),
                passed.get(run.pk, set()),
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
    stand: Standing | None,
    passed: Collection[str],
) -> tuple[Studied, ...]:
    lengths = {key: video.duration_ms or 0 for key, video in videos_of(lessons).items()}
    if run.reads:
        counted = run.occasion.media_items or {}
        texts = {reading_key(one.page.pk): one.reading_ms for one in lessons if one.reading_ms}
        lengths |= {key: ms for key, ms in texts.items() if key in counted}
    parts = {key: lesson_amount(run.occasion, credit.get(key, Spans()), ms) for key, ms in lengths.items()}
    if run.occasion.evidence_removed_at is not None and stand is not None and stand.is_done:
        # What was watched of which film is deleted by now; whoever finished has watched what was asked, at least.
        parts = {key: replace(part, done_ms=part.needed_ms) for key, part in parts.items()}
    is_over = run.occasion.evidence_removed_at is not None or (stand is not None and stand.is_done)
    return tuple(
        _lesson(
            lesson, number, [parts[key] for key in keys_of(lesson) if key in parts],
            (run.pk, lesson.page.pk) in finished, asked_quizzes(run.occasion, lesson), () if is_over else passed,
            is_over=is_over,
        )
        for number, lesson in enumerate(lessons, start=1)
    )  # fmt: skip


def keys_of(lesson: Lesson) -> tuple[str, ...]:
    """Return under which keys the ledger may count what there is to study in a lesson."""
    return lesson.media_keys or (reading_key(lesson.page.pk),)


def asked_quizzes(occasion: Occasion, lesson: Lesson) -> tuple[str, ...]:
    """Return the ids of the quizzes of a lesson that have to be passed at an occasion."""
    if lesson.is_optional or not lesson.page.asks_quiz:
        return ()
    return tuple(key for key in lesson.quiz_ids if quiz_key(key) in occasion.gates)


def passed_in(*, occasions: Iterable[Occasion], member_id: int) -> dict[int, set[str]]:
    """Return which quizzes somebody passed at each occasion, by their ids (text). No query where none is asked for."""
    asking = [one.pk for one in occasions if one.gates]
    found: dict[int, set[str]] = defaultdict(set)
    if asking:
        rows = Evidence.objects.filter(
            occasion_id__in=asking, member_id=member_id, kind=Evidence.Kind.PASSED, withdrawn_by=None
        )
        for occasion_id, key in rows.values_list("occasion_id", "media"):
            found[occasion_id].add(key.removeprefix(QUIZ))
    return found


def lesson_amount(occasion: Occasion, credit: Spans, duration_ms: int) -> Amount:
    """Return how much counts of one video of a course, by the same share of it as of the whole."""
    rule = replace(asked_by(occasion), min_minutes=None)
    verb = verb_of(occasion.media_items or {})
    return Amount(credit.clip(0, duration_ms).total, rule.needed_ms(duration_ms), duration_ms, verb=verb)


def _lesson(
    lesson: Lesson,
    number: int,
    own: list[Amount],
    is_finished: bool,
    quizzes: tuple[str, ...],
    passed: Collection[str],
    *,
    is_over: bool,
) -> Studied:
    """A lesson is done when each video, or its text where reading counts, counted enough, else when its reader said so;
    and when its quizzes are passed, where they are asked for. ``is_over``: the course is done, no quiz is asked for."""
    amount = Amount(
        sum(part.done_ms for part in own), sum(part.needed_ms for part in own), sum(part.total_ms for part in own)
    )
    is_done = all(part.is_enough for part in own) if own and not lesson.is_incomplete else is_finished
    left = () if is_over else tuple(key for key in quizzes if key not in passed)
    return Studied(lesson, number, amount, is_done and not left, left, asks_quizzes=bool(quizzes))


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


def media_items_of(lessons: Iterable[Lesson], *, reads: bool) -> dict[str, int]:
    """Return what counts in a course: the length (ms) of each distinct video that has one and has not failed, and where
    reading counts of each text, by the key under which the ledger counts it. Nothing of what is optional."""
    asked = [lesson for lesson in lessons if not lesson.is_optional]
    videos = {key: one for key, one in videos_of(asked).items() if one.state != Video.State.FAILED}
    items = {key: one.duration_ms for key, one in videos.items() if one.duration_ms}
    texts = {reading_key(one.page.pk): one.reading_ms for one in asked if one.reading_ms} if reads else {}
    return items | texts


def is_text_only(lessons: Iterable[Lesson]) -> bool:
    """Whether there is nothing to watch in what has to be studied, so that reading it counts."""
    return not any(lesson.has_videos for lesson in lessons if not lesson.is_optional)


def gates_of(lessons: Iterable[Lesson]) -> set[str]:
    """Return the quizzes without which a course with these lessons does not count as finished, as the ledger names
    them. One that is withdrawn asks nothing. One query where there is any."""
    asked = {key for one in lessons if one.page.asks_quiz and not one.is_optional for key in one.quiz_ids}
    return {quiz_key(pk) for pk in offered_among(asked)} if asked else set()


def courses_asking(*, quiz_id: int, as_of: datetime) -> list[int]:
    """Return the courses that can still be done somewhere, and of which a lesson asks to pass this quiz. One query."""
    due = CourseRun.objects.filter(_is_due(as_of)).exclude(occasion__state__in=CALLED_OFF)
    pages = CoursePage.objects.filter(pk__in=due.values("page_id"))
    lessons = LessonPage.objects.live().filter(asks_quiz=True, is_optional=False)
    inside = lessons.annotate(course_path=Substr("path", 1, COURSE_DEPTH * Page.steplen))
    inside = inside.annotate(course_id=Subquery(pages.filter(path=OuterRef("course_path")).values("pk")[:1]))
    asking = inside.exclude(course_id=None)
    return sorted({one.course_id for one in asking if str(quiz_id) in values_of(one.body.raw_data, "quiz")})


def runs_asking(*, quiz_id: int, as_of: datetime) -> list[CourseRun]:
    """Return where a quiz has to be passed, or would have to be if it could be begun. Two queries."""
    has_gate = Q(occasion__gates__has_key=quiz_key(quiz_id))
    is_running = Q(occasion__ends_at__gt=as_of, page_id__in=courses_asking(quiz_id=quiz_id, as_of=as_of))
    runs = CourseRun.objects.filter(_is_due(as_of), has_gate | (is_running & ~Q(occasion__state=SETTLED)))
    found = runs.exclude(occasion__state__in=CALLED_OFF).select_related("occasion__node", "occasion__training")
    return list(found.order_by("occasion__ends_at", "pk"))


def _is_due(as_of: datetime) -> Q:
    """Where a course can still be done so that it counts (``attendance.standing.due_at``)."""
    make_up = Q(occasion__make_up_until_at__gt=as_of)
    return make_up | Q(occasion__make_up_until_at=None, occasion__ends_at__gt=as_of)


def runs_due_of(*, page_ids: Iterable[int], as_of: datetime) -> QuerySet[CourseRun]:
    """Return where these courses are given and can still be done."""
    runs = CourseRun.objects.filter(_is_due(as_of), page_id__in=list(page_ids))
    return runs.select_related("page", "occasion")


def is_past(occasion: Occasion, as_of: datetime) -> bool:
    """Whether an occasion keeps what it was judged by: past its end, or judged."""
    return occasion.ends_at <= as_of or occasion.state == SETTLED


def runs_in_subtrees(*, nodes: QuerySet[Node]) -> QuerySet[CourseRun]:
    """Return the courses given to some organisations, latest first: the organiser's list."""
    runs = CourseRun.objects.filter(occasion__node__in=nodes.order_by())
    return runs.select_related("occasion__training", "occasion__node", "page__cover").order_by(
        F("occasion__starts_at").desc(), "-pk"
    )


def personal_data(user: User) -> dict[str, list[Any]]:
    """Return the lessons that a person completed, and what they said under lessons, for their own download."""
    done = LessonProgress.objects.filter(member=user).order_by("completed_at")
    return {
        "lessons": list(done.values("run_id", "run__occasion__title", "lesson_id", "completed_at")),
        "lesson_comments": own_comments(user),
        "lesson_comment_reports": own_reports(user),
    }
