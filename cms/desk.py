"""What authors write and upload, on the organiser's desk (``attendance.desk``)."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from wagtail.models import Page

from attendance.desk import MOST, Matter
from attendance.kinds import Step
from attendance.sentences.records import day_and_hour
from cms.models import LessonPage
from cms.queries import drafts_for
from cms.reviewing import NOT_PUBLISHED, edit_url, matters_in_review, missed_moments, talked_about
from media.models import Video
from media.queries import managed_by
from media.sentences import reason
from organizations.models import User

WRITTEN_LATELY = timedelta(days=60)
LOOKED_AT = 60  # drafts, the last written: those of one course are one row


def videos(user: User, as_of: datetime) -> list[Matter]:
    """Return the videos of a person or their units that could not be prepared, the newest first; one query."""
    failed = managed_by(user).filter(state=Video.State.FAILED, replaced_at=None)
    return [
        Matter(
            _("视频“%(title)s”没有处理成功") % {"title": video.title},
            reason(video.error_code),
            Step(_("去处理"), reverse("videos:edit", args=[video.pk])),
        )
        for video in failed[:MOST]
    ]


def reviews(user: User, as_of: datetime) -> list[Matter]:
    """Return what waits for a person's review, and what was sent back to them; one query."""
    found = matters_in_review(user)[: 2 * MOST]
    return [(_returned if state.status == state.STATUS_NEEDS_CHANGES else _waiting)(state) for state in found]


def _waiting(state: Any) -> Matter:
    at = day_and_hour(state.current_task_state.started_at)
    text = f"{state.requested_by.name} · {at}" if state.requested_by is not None else at
    title = _("“%(title)s”等您审核") % {"title": state.title}
    return Matter(title, text, Step(_("去审核"), edit_url(state.page_id)))


def _returned(state: Any) -> Matter:
    last = state.current_task_state
    text = f"{last.finished_by.name}：{last.comment}" if last.finished_by is not None else last.comment
    title = _("“%(title)s”退回修改了") % {"title": state.title}
    return Matter(title, text, Step(_("去修改"), edit_url(state.page_id)))


def missed(user: User, as_of: datetime) -> list[Matter]:
    """Return what was not published or withdrawn at the moment that was planned for it; one query."""
    entries = missed_moments(user, since=as_of - WRITTEN_LATELY)[:MOST]
    return [_missed(entry) for entry in entries]


def _missed(entry: Any) -> Matter:
    is_new = entry.action == NOT_PUBLISHED
    said = _("“%(title)s”到时间没有发布") if is_new else _("“%(title)s”到时间没有撤下")
    step = Step(_("去处理"), edit_url(entry.page_id))
    return Matter(said % {"title": entry.page.draft_title}, _("；").join(entry.data.get("why", [])), step)


def talk(user: User, as_of: datetime) -> list[Matter]:
    """Return an author's pages beside which colleagues wrote what is not settled; one query."""
    return [_talk(page) for page in talked_about(user)[:MOST]]


def _talk(page: Any) -> Matter:
    said = ngettext(
        "“%(title)s”有 %(count)d 条批注没有处理", "“%(title)s”有 %(count)d 条批注没有处理", page.open_comments
    )
    title = said % {"title": page.draft_title, "count": page.open_comments}
    return Matter(title, _("在文字旁边，点批注就能回复"), Step(_("去看"), edit_url(page.pk)))


def drafts(user: User, as_of: datetime) -> list[Matter]:
    """Return what was written lately in a person's courses and is not published, the last first, and several lessons
    of a course in one row; one query, one more for courses that are published themselves."""
    pages = list(drafts_for(user, since=as_of - WRITTEN_LATELY)[:LOOKED_AT])
    is_lesson = ContentType.objects.get_for_model(LessonPage).pk
    above = {page.pk: page.path[: -page.steplen] for page in pages if page.content_type_id == is_lesson}
    lessons = Counter(above.values())
    many = {path for path, count in lessons.items() if count > 1}
    courses = {page.path: page for page in pages if page.path in many}
    if unknown := many - courses.keys():
        courses |= {page.path: page for page in Page.objects.filter(path__in=unknown)}
    found: dict[str, Matter] = {}
    for page in pages:
        path = above.get(page.pk, page.path)
        if path in many:
            found.setdefault(path, _several(courses[path], lessons[path]))
        else:
            found[page.path] = _draft(page, user)
    return list(found.values())[:MOST]


def _several(course: Page, lessons: int) -> Matter:
    said = ngettext("“%(title)s”里有 %(count)d 讲还没有发布", "“%(title)s”里有 %(count)d 讲还没有发布", lessons)
    step = Step(_("继续写"), reverse("wagtailadmin_explore", args=[course.pk]))
    return Matter(said % {"title": course.draft_title, "count": lessons}, _("点开看是哪几讲"), step)


def _draft(page: Page, user: User) -> Matter:
    said = _("“%(title)s”改了还没有发布") if page.live else _("“%(title)s”写了还没有发布")
    author = page.latest_revision.user if page.latest_revision else None
    at = day_and_hour(page.latest_revision_created_at)
    text = f"{author.name} · {at}" if author is not None and author != user else at
    step = Step(_("继续写"), reverse("wagtailadmin_pages:edit", args=[page.pk]))
    return Matter(said % {"title": page.draft_title}, text, step)
