"""What has to exist before anybody can write a course, a lesson that is begun for somebody, documents for phones."""

import secrets
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from modelsearch.backends import get_search_backend
from PIL import Image
from wagtail.log_actions import log
from wagtail.models import Collection, Locale, Page, Site, Workflow, WorkflowPage, WorkflowTask

from cms.models import CourseIndexPage, CoursePage, DrawnPaper, LessonPage, PathPage, SubtreeReview
from media import pdf, storage
from media.models import Video
from media.operations import Drawing
from organizations.models import User

log_line = structlog.get_logger(__name__)
SHELF_TITLE = "课程目录"
# Like SHELF_TITLE a name, not a word of the page.
REVIEW_NAME = "审核"
INDEXED_AT_ONCE = 200


@transaction.atomic
def ensure_shelf() -> CourseIndexPage:
    """Return the page under which courses lie, making it (and Wagtail's own roots) where missing. Safe to repeat."""
    Locale.objects.get_or_create(language_code=_default_language())
    if Collection.get_first_root_node() is None:
        Collection.add_root(name="Root")
    shelf = CourseIndexPage.objects.first()
    if shelf is None:
        root = Page.get_first_root_node() or Page.add_root(instance=Page(title="Root", slug="root"))
        shelf = root.add_child(instance=CourseIndexPage(title=SHELF_TITLE, slug="courses"))
    site = Site.objects.filter(is_default_site=True).first()
    if site is None:
        Site.objects.create(hostname="localhost", root_page=shelf.page_ptr, is_default_site=True)
    elif site.root_page_id != shelf.pk:
        welcome, site.root_page = site.root_page, shelf.page_ptr
        site.save()
        # Wagtail's own welcome page is nobody's page.
        if welcome.specific_class is Page and not welcome.get_children().exists():
            welcome.delete()
    # Where a site has no name, Wagtail shows its host's.
    Site.objects.filter(is_default_site=True, site_name="").update(site_name=settings.WAGTAIL_SITE_NAME)
    ensure_review(shelf)
    return shelf


@transaction.atomic
def ensure_review(shelf: CourseIndexPage) -> Workflow:
    """Return the workflow of what lies on the shelf, making it where it is missing. Safe to repeat."""
    task = SubtreeReview.objects.first() or SubtreeReview.objects.create(name=REVIEW_NAME)
    step = WorkflowTask.objects.filter(task=task).select_related("workflow").first()
    if step is None:
        workflow = Workflow.objects.create(name=REVIEW_NAME)
        step = WorkflowTask.objects.create(workflow=workflow, task=task)
    WorkflowPage.objects.update_or_create(page=shelf.page_ptr, defaults={"workflow": step.workflow})
    return step.workflow


@transaction.atomic
def draft_lesson(*, course_id: int, title: str, video_id: UUID, author_id: int) -> LessonPage:
    """Add a lesson that shows a video to the end of a course, as a draft of its author; nobody but editors sees it.

    Whether the author may write there, and use the video, is asked by the caller.
    """
    # The last place in the course is read and taken by one at a time.
    course = Page.objects.select_for_update(no_key=True).get(pk=course_id)
    lesson = LessonPage(title=title, owner_id=author_id, live=False, has_unpublished_changes=True)
    lesson.body = [("video", Video.objects.get(pk=video_id))]
    course.add_child(instance=lesson)
    author = User.objects.get(pk=author_id)
    log(instance=lesson, action="wagtail.create", user=author, content_changed=True)
    lesson.save_revision(user=author)
    return lesson


@transaction.atomic
def give_page(*, model: type[CoursePage | PathPage], page_id: int, node_id: int, author_id: int) -> None:
    """Let a course that nobody was given yet, or a learning path, belong to another organisation, in its newest
    version, too.

    Whether the author may write there is asked by the caller.
    """
    page: Any = model.objects.select_for_update(no_key=True, of=("self",)).get(pk=page_id)
    if page.node_id == node_id:
        return
    model.objects.filter(pk=page_id).update(node_id=node_id)
    draft = page.get_latest_revision_as_object()
    draft.node_id = node_id
    draft.save_revision(user=User.objects.get(pk=author_id), log_action=True)
    log_line.info("page_given", page_id=page_id, node_id=node_id)


def index_lessons() -> int:
    """Write the search index of all lessons anew, and return how many there are. Safe to repeat.

    Two queries a lesson, for documents and captions: the index asks each lesson by itself for its ``words_beside``.
    """
    backend, keys = get_search_backend(), list(LessonPage.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), INDEXED_AT_ONCE):
        chunk = keys[start : start + INDEXED_AT_ONCE]
        backend.add_bulk(LessonPage, list(LessonPage.objects.filter(pk__in=chunk)))
    log_line.info("lessons_indexed", lessons=len(keys))
    return len(keys)


@transaction.atomic
def cancel_review(*, page: Page) -> bool:
    """End the review that a page is in, if any; what was written stays as a draft."""
    state = page.current_workflow_state
    if state is None:
        return False
    state.cancel()
    log_line.info("review_cancelled", page_id=page.pk)
    return True


@transaction.atomic
def store_paper(document: Any) -> None:
    """Have the pages of a PDF drawn; what was drawn of another file in its place goes. Safe to repeat."""
    there = DrawnPaper.objects.select_for_update(no_key=True).filter(document_id=document.pk).first()
    if there is not None and there.file == document.file.name:
        return
    if there is not None:
        there.delete()
    if document.file_extension == "pdf":
        made = DrawnPaper.objects.create(document_id=document.pk, file=document.file.name, key=secrets.token_hex(16))
        transaction.on_commit(partial(PAPERS.hint, made.pk))


def draw_paper(*, paper_id: int, as_of: datetime) -> bool:
    """Claim a document and draw its pages; False if it is not to be had."""
    return PAPERS.draw(job_id=paper_id, as_of=as_of)


def reconcile_papers(*, as_of: datetime) -> int:
    """Hint once more what waits or whose worker fell silent, give up what fails again and again; return how many."""
    return PAPERS.reconcile(as_of=as_of)


def _publish(paper: DrawnPaper, work: Path, drawn: pdf.Drawn, _now: datetime) -> None:
    sizes = []
    for number in range(1, drawn.pages + 1):
        with Image.open(work / str(pdf.PHONE_WIDTH) / f"{number}.jpg") as page:
            sizes.append(page.size)
    DrawnPaper.objects.filter(pk=paper.pk).update(sizes=sizes)
    storage.place_pages(work, storage.papers_folder(paper.key))


PAPERS = Drawing(
    model=DrawnPaper,
    task="cms.draw_paper",
    source=lambda paper: storage.absolute(paper.document.file.name),
    folder=lambda paper: storage.papers_folder(paper.key),
    publish=_publish,
    drop=lambda paper: storage.drop(storage.papers_folder(paper.key)),
)


def _default_language() -> str:
    return Locale.get_active().language_code if Locale.objects.exists() else "zh-hans"
