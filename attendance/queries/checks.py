"""The check of understanding: what is asked, who may answer it now, and how far somebody is. Nothing here writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from attendance.core.check import Given, Kind, Progress, order_of, progress_of
from attendance.core.intervals import moment_of, ms_of
from attendance.core.reasons import CHECK_MISSING, CHECK_OWED
from attendance.models import Check, CheckAnswer, CheckQuestion, Occasion, Record
from attendance.queries.ledger import CALLED_OFF, rule_of
from attendance.standing import DONE, UNDONE, is_due_over

MOST_READ = 200  # answers of one person


def asks_check(occasion: Occasion) -> bool:
    """Whether the rule of an occasion, as stamped or as it is planned, asks for a check. No query with its rule."""
    return rule_of(occasion).asks_check if occasion.rule_stamp else occasion.rule.asks_check


def lacks_questions(occasion: Occasion) -> bool:
    """Whether the rule asks for a check and nobody has written it: until then nobody is asked for it. No query."""
    return asks_check(occasion) and occasion.check_asked is None


def check_that_holds(occasion: Occasion) -> Check | None:
    """Return the version that is asked for now, with its questions; None where there is none."""
    if occasion.check_asked is None:
        return None
    return Check.objects.prefetch_related("questions").filter(pk=occasion.check_asked["id"]).first()


def latest_check(occasion_id: int) -> Check | None:
    """Return the newest version that was written, withdrawn or not."""
    found = Check.objects.filter(occasion_id=occasion_id).prefetch_related("questions")
    return found.order_by("-version").first()


def given_by(*, check: Check, member_id: int) -> QuerySet[CheckAnswer]:
    """Return the answers of one member to one version, the oldest first."""
    return CheckAnswer.objects.filter(checked=check, member_id=member_id).order_by("answered_at", "pk")


def order_for(question: CheckQuestion, *, member_id: int) -> tuple[int, ...]:
    """Return in which order somebody sees the choices of a question, on any device."""
    key = f"{question.pk}:{member_id}"
    return order_of(size=len(question.choices), kind=Kind(question.kind), key=key)


@dataclass(frozen=True, slots=True)
class Taking:
    """How somebody stands with the check of an occasion.

    ``code``: ask (there is a question to answer), wait (for the next attempt), spent, passed, watch (not enough was
    watched yet), over (too late), no_need (done otherwise, excused, called off), none (there is no check).
    """

    code: str
    check: Check | None = None
    progress: Progress | None = None
    answers: tuple[CheckAnswer, ...] = ()

    @property
    def question(self) -> CheckQuestion | None:
        """What is to be answered now."""
        if self.code != "ask" or self.check is None or self.progress is None:
            return None
        return next(one for one in self.check.questions.all() if one.pk == self.progress.question)

    @property
    def opens_at(self) -> datetime | None:
        return moment_of(self.progress.opens_at) if self.progress and self.progress.opens_at else None


def taking(*, occasion: Occasion, member_id: int, as_of: datetime) -> Taking:
    """Return how a member stands with the check. Settle their unread evidence before. Four queries at most."""
    check = check_that_holds(occasion)
    if check is None or not asks_check(occasion):
        return Taking("none")
    answers = tuple(given_by(check=check, member_id=member_id))
    progress = _progress(check, answers)
    record = Record.objects.filter(occasion_id=occasion.pk, member_id=member_id).only("stands", "reasons").first()
    code = _code(occasion, record, progress, as_of)
    return Taking(code, check, progress, answers)


def _progress(check: Check, answers: Sequence[CheckAnswer]) -> Progress:
    return progress_of(
        questions=[one.pk for one in check.questions.all()],
        given=[Given(one.attempt, one.question_id, one.is_right, ms_of(one.answered_at)) for one in answers],
        most=check.most_attempts,
        pause_s=check.pause_s,
    )


def _code(occasion: Occasion, record: Record | None, progress: Progress, as_of: datetime) -> str:
    if occasion.state in CALLED_OFF:
        return "no_need"
    reasons: list[Mapping[str, Any]] = record.reasons if record is not None else []
    codes = {one.get("code") for one in reasons}
    if record is not None and record.stands in DONE:
        return "passed" if "understood" in codes else "no_need"
    if record is not None and not codes & CHECK_MISSING and record.stands not in (*UNDONE, "pending"):
        return "no_need"
    if is_due_over(occasion, as_of):
        return "over"
    if not codes & CHECK_MISSING:
        return "watch"
    if progress.is_spent or not codes & CHECK_OWED:
        return "spent"
    return "wait" if progress.opens_at > ms_of(as_of) else "ask"


@dataclass(frozen=True, slots=True)
class Asked:
    """How often one question was answered, and how often rightly."""

    question: CheckQuestion
    given: int
    right: int


@dataclass(frozen=True, slots=True)
class Touched:
    """Whom it touches that a check is asked for no more: those expected who have watched and are not done, and those
    who have answered any version."""

    watching: int
    answered: int


def touched_by_check(occasion: Occasion) -> Touched:
    """Count them; two queries."""
    watching = Record.objects.filter(occasion=occasion, replay_ms__gt=0).exclude(stands__in=DONE).count()
    answered = CheckAnswer.objects.filter(occasion=occasion).values("member_id").distinct().count()
    return Touched(watching, answered)


def withdrawn_check(occasion: Occasion) -> Check | None:
    """Return the newest version of a check that was withdrawn; None where one is asked for, or there never was any."""
    return None if occasion.check_asked is not None else latest_check(occasion.pk)


def shown_as_answered(now: Taking, *, occasion: Occasion, member_id: int) -> Taking:
    """Return what the last attempt that is through was answered to: ``now``, or, where the questions changed after it,
    the version that it was; ``now`` where another attempt is under way. Three queries at most."""
    if now.progress is None or now.progress.last or now.progress.is_under_way:
        return now
    mine = CheckAnswer.objects.filter(occasion=occasion, member_id=member_id).order_by("-checked__version")
    for check_id in dict.fromkeys(mine.values_list("checked_id", flat=True)[:MOST_READ]):
        check = Check.objects.prefetch_related("questions").get(pk=check_id)
        answers = tuple(given_by(check=check, member_id=member_id))
        progress = _progress(check, answers)
        if progress.last:
            # Of that version nothing is under way any more: what is asked now are other questions.
            return Taking(now.code, check, replace(progress, given=()), answers)
    return now


def answered_so_far(check: Check) -> tuple[int, list[Asked]]:
    """Return how many people have answered a version, and each question with how often it was answered rightly."""
    answers = CheckAnswer.objects.filter(checked=check)
    people = answers.values("member_id").distinct().count()
    counted = (
        answers.order_by().values("question_id").annotate(n=Count("pk"), right=Count("pk", filter=Q(is_right=True)))
    )
    counts = {one["question_id"]: (one["n"], one["right"]) for one in counted}
    return people, [Asked(one, *counts.get(one.pk, (0, 0))) for one in check.questions.all()]
