"""What authors write and upload, on the organiser's desk (``attendance.desk``)."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.models import Page

from attendance.desk import MOST, Matter
from attendance.kinds import Step
from attendance.sentences.records import day_and_hour
from cms.queries import drafts_for
from media.models import Video
from media.queries import managed_by
from media.sentences import reason
from organizations.models import User

WRITTEN_LATELY = timedelta(days=60)


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


def drafts(user: User, as_of: datetime) -> list[Matter]:
    """Return what was written lately in a person's courses and is not published, the last first; two queries."""
    return [_draft(page, user) for page in drafts_for(user, since=as_of - WRITTEN_LATELY)[:MOST]]


def _draft(page: Page, user: User) -> Matter:
    said = _("“%(title)s”改了还没有发布") if page.live else _("“%(title)s”写了还没有发布")
    author = page.latest_revision.user if page.latest_revision else None
    at = day_and_hour(page.latest_revision_created_at)
    text = f"{author.name} · {at}" if author is not None and author != user else at
    step = Step(_("继续写"), reverse("wagtailadmin_pages:edit", args=[page.pk]))
    return Matter(said % {"title": page.draft_title}, text, step)
