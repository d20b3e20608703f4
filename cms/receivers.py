"""Signals that this app receives: the database is migrated, a lesson was deleted."""

from typing import Any

from django.db import connections
from wagtail.log_actions import log
from wagtail.models import Page

from cms.models import CoursePage, LessonPage
from cms.operations import ensure_shelf
from cms.queries import LESSON_DELETED


def make_shelf(*, using: str, **kwargs: Any) -> None:
    """After each migrate and flush: editors find the shelf, also in an emptied database."""
    with connections[using].cursor() as cursor:
        tables = set(connections[using].introspection.table_names(cursor))
    needed = {"cms_courseindexpage", "wagtailcore_site", "wagtailcore_locale", "wagtailcore_referenceindex"}
    if needed <= tables and using == "default":
        ensure_shelf()


def lesson_deleted(*, instance: LessonPage, **kwargs: Any) -> None:
    """Write it down with its course: whoever studies there and follows an old link is told what became of it."""
    if instance.first_published_at is None and not instance.live:
        return
    course = CoursePage.objects.filter(path=instance.path[: -Page.steplen]).first()
    if course is not None:
        log(instance=course, action=LESSON_DELETED, data={"lesson": instance.pk, "title": instance.title})
