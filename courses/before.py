"""Which courses somebody has to finish before another one. Nothing here writes (ADR 66)."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from attendance.kinds import HeldBack, Step
from attendance.models import Occasion
from attendance.standing import is_due_over
from cms.models import CoursePage
from courses.models import CourseRun
from courses.queries import Study, runs_expecting, studies_of


def first_to_finish(study: Study, *, member_id: int, as_of: datetime) -> list[Study]:
    """Return what a person has to finish before they begin a course. No query where it asks for none."""
    return first_of_each([study], member_id=member_id, as_of=as_of).get(study.run.pk, [])


def first_of_each(studies: Iterable[Study], *, member_id: int, as_of: datetime) -> dict[int, list[Study]]:
    """Return, for each of these courses that has to wait, what a person has to finish before they begin it: of each
    course that it asks for, where they study it. No query where none asks for any (``with_requirements``).

    Only what they can finish: a course that is withdrawn, was never given to them, is over or paused holds nobody back,
    nor one that waits for this one. Whoever has begun goes on.
    """
    asking = [one for one in studies if _asks(one, as_of)]
    if not asking:
        return {}
    pages = {one.run.page_id for one in asking}
    links = CoursePage.requires.through.objects.filter(Q(from_coursepage__in=pages) | Q(to_coursepage__in=pages))
    pairs = set(links.values_list("from_coursepage_id", "to_coursepage_id"))
    pairs -= {(then, first) for first, then in pairs}  # each waits for the other
    asked = {first for then, first in pairs if then in pages}
    runs = runs_expecting(member_id=member_id).filter(page__in=asked, page__live=True)
    runs = runs.exclude(occasion__state=Occasion.State.VOID).order_by("occasion__ends_at", "pk")
    known: dict[int, list[Study]] = defaultdict(list)
    for one in studies_of(runs=runs, member_id=member_id, as_of=as_of):
        known[one.run.page_id].append(one)
    first = {key: left for key, some in known.items() if (left := _left_of(some, as_of)) is not None}
    found = {one.run.pk: [left for key, left in first.items() if (one.run.page_id, key) in pairs] for one in asking}
    return {key: left for key, left in found.items() if left}


def _asks(study: Study, as_of: datetime) -> bool:
    run = study.run
    if not getattr(run, "asks_before", False) or study.is_done or study.amount.done_ms:
        return False
    return not is_due_over(run.occasion, as_of)  # read once more, there is nothing to begin


def _left_of(studies: list[Study], as_of: datetime) -> Study | None:
    """Return where a course that is given several times is to be finished; None where it holds nobody back."""
    if any(one.is_done or one.is_excused for one in studies):
        return None
    return next((one for one in studies if _can_be_finished(one, as_of)), None)


def held_back(occasions: Collection[Occasion], *, member_id: int, as_of: datetime) -> dict[int, HeldBack]:
    """Return which of these courses have to wait for another one, as 今天 says it. Two queries where none asks."""
    runs = with_requirements(runs_expecting(member_id=member_id)).filter(pk__in=[one.pk for one in occasions])
    if not (asking := list(runs.filter(_asked()))):
        return {}
    studies = studies_of(runs=asking, member_id=member_id, as_of=as_of)
    waiting = first_of_each(studies, member_id=member_id, as_of=as_of)
    return {key: _held(before) for key, before in waiting.items()}


def _held(before: list[Study]) -> HeldBack:
    first = before[0].run
    return HeldBack(first_words(before), Step(_("去学"), reverse("courses_course", args=[first.pk])), first.page.title)


def _can_be_finished(study: Study, as_of: datetime) -> bool:
    occasion = study.run.occasion
    return occasion.starts_at <= as_of and not is_due_over(occasion, as_of) and not study.is_paused


def tell_first(request: HttpRequest, before: list[Study]) -> None:
    """Say what comes first, to whoever opened a lesson of a course that waits for it."""
    messages.warning(request, first_words(before))


def first_words(before: list[Study]) -> str:
    """Return what comes first, as a sentence."""
    names = _("、").join(_("“%(title)s”") % {"title": one.run.page.title} for one in before)
    return _("先学完%(names)s，再学这门课。") % {"names": names}


def with_requirements(runs: QuerySet[CourseRun]) -> QuerySet[CourseRun]:
    """Annotate whether a course asks for others first (``asks_before``)."""
    return runs.annotate(asks_before=_asked())


def _asked() -> Exists:
    return Exists(CoursePage.requires.through.objects.filter(from_coursepage_id=OuterRef("page_id")))
