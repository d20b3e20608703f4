"""Which courses somebody has to finish before another one. Nothing here writes (ADR 66)."""

from collections import defaultdict
from datetime import datetime

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from attendance.models import Occasion
from attendance.standing import is_due_over
from cms.models import CoursePage
from courses.models import CourseRun
from courses.queries import Study, runs_expecting, studies_of


def first_to_finish(study: Study, *, member_id: int, as_of: datetime) -> list[Study]:
    """Return what a person has to finish before they begin a course: of each course that it asks for, where they study
    it. No query where it asks for none.

    Only what they can finish: a course that is withdrawn, was never given to them, is over or paused holds nobody back,
    nor one that waits for this one. Whoever has begun goes on.
    """
    run = study.run
    if not getattr(run, "asks_before", False) or study.is_done or study.amount.done_ms:
        return []
    if is_due_over(run.occasion, as_of):  # read once more, there is nothing to begin
        return []
    pages = CoursePage.objects.live().filter(required_by=run.page_id).exclude(requires=run.page_id)
    runs = runs_expecting(member_id=member_id).filter(page__in=pages).exclude(occasion__state=Occasion.State.VOID)
    known: dict[int, list[Study]] = defaultdict(list)
    for one in studies_of(runs=runs.order_by("occasion__ends_at", "pk"), member_id=member_id, as_of=as_of):
        known[one.run.page_id].append(one)
    found = []
    for some in known.values():
        if any(one.is_done or one.is_excused for one in some):
            continue
        found += [one for one in some if _can_be_finished(one, as_of)][:1]
    return found


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
    asked = CoursePage.requires.through.objects.filter(from_coursepage_id=OuterRef("page_id"))
    return runs.annotate(asks_before=Exists(asked))
