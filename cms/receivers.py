"""Signals that this app receives: the database is migrated, a lesson was deleted, what is found in lessons changed, and
which files are named.
"""

from functools import partial
from typing import Any

from django.db import connections, transaction
from modelsearch.tasks import insert_or_update_object_task
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.log_actions import log
from wagtail.models import Page

from cms.material import Material
from cms.models import CoursePage, DrawnPaper, LessonPage
from cms.operations import cancel_review, ensure_shelf, index_lessons, store_paper
from cms.queries import LESSON_DELETED
from media import storage


def make_shelf(*, using: str, **kwargs: Any) -> None:
    """After each migrate and flush: editors find the shelf, also in an emptied database."""
    with connections[using].cursor() as cursor:
        tables = set(connections[using].introspection.table_names(cursor))
    needed = {
        "cms_subtreereview",
        "cms_courseindexpage",
        "wagtailcore_site",
        "wagtailcore_locale",
        "wagtailcore_referenceindex",
    }
    if needed <= tables and using == "default":
        ensure_shelf()


def lesson_deleted(*, instance: LessonPage, **kwargs: Any) -> None:
    """Write it down with its course: whoever studies there and follows an old link is told what became of it."""
    if instance.first_published_at is None and not instance.live:
        return
    course = CoursePage.objects.filter(path=instance.path[: -Page.steplen]).first()
    if course is not None:
        log(instance=course, action=LESSON_DELETED, data={"lesson": instance.pk, "title": instance.title})


def index_anew(*, using: str, plan: Any = (), **kwargs: Any) -> None:
    """After a migrate that changed this app's tables: lessons are found by all that is sought in them now.

    A flush sends the same signal without a plan.
    """
    is_changed = any(migration.app_label == "cms" and not is_backwards for migration, is_backwards in plan)
    if not is_changed or using != "default":
        return
    with connections[using].cursor() as cursor:
        described = connections[using].introspection.get_table_description(cursor, LessonPage._meta.db_table)  # noqa: SLF001
    # Whoever migrates to an earlier state has other columns than the models of this code.
    if {field.column for field in LessonPage._meta.local_fields} <= {column.name for column in described}:  # noqa: SLF001
        index_lessons()


def captions_changed(*, video_id: Any, **kwargs: Any) -> None:
    """A lesson is found by what its videos say."""
    _index_lessons_with(video_id=video_id)


def document_stored(*, instance: Any, raw: bool = False, created: bool = False, **kwargs: Any) -> None:
    """A lesson is found by the titles of its documents, and a PDF is drawn for phones."""
    if raw:
        return
    store_paper(instance)
    if not created:
        _index_lessons_with(document_id=instance.pk)


def paper_gone(*, instance: DrawnPaper, **kwargs: Any) -> None:
    """Drawn pages go with their row."""
    transaction.on_commit(partial(storage.drop, storage.papers_folder(instance.key)), robust=True)


def is_named(*, key: str, **kwargs: Any) -> bool:
    """Whether a document, a picture, one of its sizes or a drawn PDF has its files by this name."""
    area, _slash, name = key.partition("/")
    if area == "papers":
        return DrawnPaper.objects.filter(key=name).exclude(state=DrawnPaper.State.FAILED).exists()
    picture = get_image_model()
    models = {
        "documents": get_document_model(), "original_images": picture, "images": picture.get_rendition_model(),
    }  # fmt: skip
    return area in models and models[area].objects.filter(file=key).exists()


def _index_lessons_with(**thing: Any) -> None:
    rows = Material.objects.filter(version=Material.Version.STORED, **thing)
    for lesson_id in rows.values_list("lesson_id", flat=True):
        insert_or_update_object_task.enqueue("cms", "lessonpage", str(lesson_id))


def page_withdrawn(*, instance: Page, **kwargs: Any) -> None:
    """Whoever withdraws a page does not want it published by a review that was asked for before."""
    cancel_review(page=instance)
