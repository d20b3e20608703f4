"""What is published or withdrawn with nobody at a form: at its planned moment, and when a review has approved it.

The same is asked as at the form. Where nobody is there to answer, what cannot be done without one is not done, and its
authors are told on the desk (``cms.reviewing.missed_moments``).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import structlog
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from wagtail.log_actions import log
from wagtail.models import Page, Revision

from attendance.surviving import survived
from cms.checklist import refused_for
from cms.models import CoursePage, LessonPage, PathPage
from cms.reviewing import NOT_PUBLISHED, NOT_WITHDRAWN
from courses.changes import when_made_public, when_withdrawn
from organizations.uses import Use

log_line = structlog.get_logger(__name__)
A_TURN = 50


def release_due(*, as_of: datetime) -> int:
    """Withdraw and publish what is due, each in a transaction of its own; returns how many were. Safe to repeat.

    A version that lacks something, or takes away what people need now, is not published and is planned no more.
    """
    expired = Page.objects.filter(live=True, expire_at__lt=as_of).order_by("expire_at", "pk")
    done = [
        survived(_withdraw, event="not_released", page_id=pk, as_of=as_of)
        for pk in expired.values_list("pk", flat=True)[:A_TURN]
    ]
    planned = Revision.objects.filter(approved_go_live_at__lt=as_of).order_by("approved_go_live_at", "pk")
    done += [
        survived(_publish, event="not_released", revision_id=pk, as_of=as_of)
        for pk in planned.values_list("pk", flat=True)[:A_TURN]
    ]
    return sum(bool(one) for one in done)


def release_approved(*, page: Any, user: Any, as_of: datetime) -> bool:
    """Publish the newest version of a page that a review approved, unless it touches people: that is asked at the form.

    Call it in the transaction that approves.
    """
    revision = page.get_latest_revision()
    draft = revision.as_object()
    if refused_for(draft) or when_made_public(draft, user=user, as_of=as_of):
        return False
    revision.publish(user=user)
    log_line.info("released_by_review", page_id=page.pk)
    return True


@transaction.atomic
def _withdraw(*, page_id: int, as_of: datetime) -> bool:
    locked = Page.objects.select_for_update(no_key=True).filter(pk=page_id, live=True, expire_at__lt=as_of).first()
    if locked is None:
        return False
    page = locked.specific
    uses = when_withdrawn([page], user=_author_of(page.latest_revision, page), as_of=as_of)
    if any(use.blocks for use in uses):
        Page.objects.filter(pk=page_id).update(expire_at=None)
        _tell(page, NOT_WITHDRAWN, page.latest_revision, _blocking(uses))
        return False
    page.unpublish(set_expired=True, log_action="wagtail.unpublish.scheduled")
    log_line.info("withdrawn_as_planned", page_id=page_id)
    return True


@transaction.atomic
def _publish(*, revision_id: int, as_of: datetime) -> bool:
    due = Revision.objects.select_for_update(no_key=True).filter(pk=revision_id, approved_go_live_at__lt=as_of)
    revision = due.first()
    if revision is None:
        return False
    page = revision.as_object()
    why = [lack.text for lack in refused_for(page)] if isinstance(page, CoursePage | LessonPage | PathPage) else []
    if not why:
        why = _blocking(when_made_public(page, user=_author_of(revision, page), as_of=as_of))
    if why:
        Revision.objects.filter(pk=revision_id).update(approved_go_live_at=None)
        _tell(page, NOT_PUBLISHED, revision, why)
        return False
    revision.publish(log_action="wagtail.publish.scheduled")
    log_line.info("published_as_planned", page_id=page.pk)
    return True


def _blocking(uses: Iterable[Use]) -> list[str]:
    return [use.text for use in uses if use.blocks]


def _author_of(revision: Revision | None, page: Any) -> Any:
    """Who planned it: what lies beyond their reach is named without its title."""
    return (revision.user if revision is not None else None) or page.owner or AnonymousUser()


def _tell(page: Any, action: str, revision: Revision | None, why: list[str]) -> None:
    log(instance=page, action=action, revision=revision, data={"why": why})
    log_line.warning("not_released_as_planned", page_id=page.pk, action=action)
