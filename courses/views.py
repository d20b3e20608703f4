"""The member's courses. Whoever is neither on the roster nor above it gets 404, as for what does not exist."""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from wagtail.images import get_image_model

from attendance.clock import clock
from attendance.operations import UnableToReportWatched, settle_dirty
from attendance.sentences.checks import check_card
from cms.core.lesson import values_of
from cms.covers import file_of
from cms.library import is_shown_by_right
from cms.models import DrawnPaper, LessonPage
from cms.moving import file_to_show
from cms.queries import drawn_papers, open_lessons, withdrawn_lessons
from courses.asked import asked_in
from courses.before import first_of_each, first_to_finish, first_words, tell_first, with_requirements
from courses.covers import cover_of, of_file
from courses.finding import pages_found, places_found
from courses.found_words import found_rows
from courses.lesson_words import lesson_rows, lesson_words, why_not_complete
from courses.models import CourseRun
from courses.onward import after_course, after_lesson
from courses.operations import UnableToCompleteLesson, close_reading, complete_lesson, note_passed, open_reading
from courses.path_words import path_list
from courses.permissions import READERS, may_read_run, readable_runs
from courses.player import chosen_video, player_for
from courses.queries import Studied, Study, runs_expecting, runs_in_subtrees, runs_with_occasions, studies_of
from courses.sentences import first_card, progress, sections
from courses.shelf import arrange, categories_of
from courses.walking import MOST_LISTED, paths_of, walk
from courses.withdrawn import told_if_withdrawn
from organizations.display import is_elder
from organizations.models import User
from organizations.permissions import has_role, role_required, signed_in, visible_nodes
from packages.models import Package
from packages.queries import Standing as PackageStanding
from packages.queries import standings_in as package_standings_in
from packages.sentences import Shown as PackageShown
from packages.sentences import shown as shown_package
from quizzes.models import Quiz
from quizzes.queries.taking import Standing, standings_in
from quizzes.sentences import Shown
from quizzes.sentences import shown as quiz_shown

SHOWN_FOR_READERS = 50
LONGEST_QUESTION = 60
FOUND_A_PAGE = 10


@dataclass(frozen=True)
class Opened:
    """A course that somebody may read, as they see it."""

    user: User
    run: CourseRun
    study: Study
    records: bool

    def before(self) -> list[Study]:
        """What they have to finish first."""
        if not self.records or self.study.is_void:
            return []
        return first_to_finish(self.study, member_id=self.user.pk, as_of=timezone.now())

    def lesson(self, lesson_id: int) -> Studied:
        for studied in self.study.lessons:
            if studied.lesson.page.pk == lesson_id:
                return studied
        raise Http404


def open_run(request: HttpRequest, occasion_id: int) -> Opened:
    """Return the course with the reader's progress, or raise Http404."""
    user, as_of = signed_in(request), timezone.now()
    own = with_requirements(runs_expecting(member_id=user.pk)).filter(pk=occasion_id).first()
    run = own or get_object_or_404(runs_with_occasions(), pk=occasion_id)
    if own is None and not may_read_run(user, run):
        raise Http404
    settle_dirty(as_of=as_of, member_ids=[user.pk])
    study = studies_of(runs=[run], member_id=user.pk, as_of=as_of)[0]
    if own is not None and study.quizzes_left and note_passed(runs=[own], member_id=user.pk, as_of=as_of):
        settle_dirty(as_of=as_of, member_ids=[user.pk])
        study = studies_of(runs=[run], member_id=user.pk, as_of=as_of)[0]
    return Opened(user, run, study, records=own is not None)


@require_safe
@never_cache
@role_required()
def index(request: HttpRequest) -> HttpResponse:
    """List a member's courses: what is left first. The same number of queries whatever is in it."""
    user, as_of = signed_in(request), timezone.now()
    question = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_QUESTION]
    if question:
        return _found(request, user, question)
    runs = list(with_requirements(runs_expecting(member_id=user.pk)).order_by("occasion__ends_at", "pk"))
    others: list[CourseRun] = []
    if has_role(user, *READERS):
        known = [run.pk for run in runs]
        reading = runs_in_subtrees(nodes=visible_nodes(user, *READERS))
        others = list(reading.exclude(pk__in=known)[:SHOWN_FOR_READERS])
    settle_dirty(as_of=as_of, member_ids=[user.pk])
    categories = categories_of([*runs, *others])
    chosen = request.GET.get("category", "")
    if chosen in categories:
        runs, others = ([one for one in some if one.page.category == chosen] for some in (runs, others))
    studies = studies_of(runs=runs, member_id=user.pk, as_of=as_of)
    shelf = arrange(studies, as_of=as_of)
    waiting = first_of_each(shelf.todo, member_id=user.pk, as_of=as_of)
    shown = sections(shelf, others, waiting=waiting, as_of=as_of)
    if runs and chosen not in categories and (paths := paths_of(member_id=user.pk)[:MOST_LISTED]):
        shown.insert(bool(shelf.todo), path_list(walk(one, studies, as_of=as_of) for one in paths))
    context = {
        "tab": "courses",
        "shelf": shelf,
        "sections": shown,
        "first": first_card(shelf, waiting=waiting, as_of=as_of) if is_elder(request) else None,
        "categories": categories,
        "chosen": chosen if chosen in categories else "",
    }
    return render(request, "courses/index.html", context)


def _found(request: HttpRequest, user: User, question: str) -> HttpResponse:
    """Show what answers a question among the courses that somebody may read, with the place in each text."""
    runs = readable_runs(user)
    page = Paginator(pages_found(runs, question, member_id=user.pk), FOUND_A_PAGE).get_page(request.GET.get("page"))
    found = places_found(list(page), question, runs=runs, member_id=user.pk)
    context = {"tab": "courses", "q": question, "page": page, "rows": found_rows(found)}
    return render(request, "courses/found.html", context)


@require_safe
@never_cache
@role_required()
def course(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Show one course: how far one got, and its lessons in order."""
    opened = open_run(request, occasion_id)
    before = opened.before()
    context = {
        "tab": "courses",
        "run": opened.run,
        "study": opened.study,
        "records": opened.records,
        "progress": progress(opened.study, as_of=timezone.now()),
        "cover": cover_of(opened.run),
        "before": before,
        "held": first_words(before) if before else "",
        "rows": lesson_rows(opened.study, is_held=bool(before)),
        "onward": after_course(opened.study, member_id=opened.user.pk, as_of=timezone.now()),
        "keep_of": " ".join(f"{occasion_id}/{one.lesson.page.pk}" for one in opened.study.lessons),
        "withdrawn": withdrawn_lessons(opened.run.page) if opened.run.page.live else [],
        **check_card(opened.run.occasion, opened.study.stand, member_id=opened.user.pk, as_of=timezone.now()),
    }
    return render(request, "courses/course.html", context)


@require_safe
@never_cache
@role_required()
@told_if_withdrawn
def lesson(request: HttpRequest, occasion_id: int, lesson_id: int) -> HttpResponse:
    """Show one lesson: the player, then text, pictures and documents in their order."""
    opened = open_run(request, occasion_id)
    studied = opened.lesson(lesson_id)
    if before := opened.before():
        tell_first(request, before)
        return redirect("courses_course", occasion_id)
    video = chosen_video(studied, request.GET.get("v", ""))
    is_read = opened.records and not opened.study.is_void and not studied.lesson.has_videos
    if is_read and request.method == "GET":
        open_reading(study=opened.study, studied=studied, member_id=opened.user.pk, as_of=timezone.now())
    context = {
        "tab": "courses",
        "run": opened.run,
        "study": opened.study,
        "studied": studied,
        "said": lesson_words(opened.study, studied) if opened.records else (),
        "records": opened.records,
        "player": player_for(opened, studied, video, as_of=timezone.now()) if video else None,
        "asked": asked_in(opened, studied, video, as_of=timezone.now()) if video else None,
        "links": Links(
            opened.run.pk,
            lesson_id,
            video,
            quizzes_in(opened, studied),
            papers_in(studied),
            packages_in(opened, studied),
        ),
        "is_read": is_read,
        "keep_of": f"{occasion_id}/{lesson_id}",
        "onward": after_lesson(opened.study, studied, member_id=opened.user.pk, as_of=timezone.now()),
    }
    return render(request, "courses/lesson.html", context)


@require_safe
@never_cache
@role_required()
@told_if_withdrawn
def media(request: HttpRequest, occasion_id: int, lesson_id: int) -> JsonResponse:
    """Answer fresh signed addresses for a page that stood open until the old ones expired."""
    opened = open_run(request, occasion_id)
    studied = opened.lesson(lesson_id)
    video = chosen_video(studied, request.GET.get("v", ""))
    if video is None:
        raise Http404
    player = player_for(opened, studied, video, as_of=timezone.now())
    # The page lists the chapters itself.
    return JsonResponse({key: value for key, value in player.items() if key != "chapters" and not callable(value)})


@require_POST
@role_required()
@told_if_withdrawn
def complete(request: HttpRequest, occasion_id: int, lesson_id: int) -> HttpResponse:
    """Finish a lesson: from the player (JSON) or with the button under a text."""
    user = signed_in(request)
    wants_json = request.headers.get("Accept", "") == "application/json"
    try:
        close_reading(occasion_id=occasion_id, lesson_id=lesson_id, member_id=user.pk, as_of=clock().now())
        settle_dirty(as_of=timezone.now(), member_ids=[user.pk])
        complete_lesson(occasion_id=occasion_id, lesson_id=lesson_id, member_id=user.pk, as_of=timezone.now())
    except (UnableToCompleteLesson, UnableToReportWatched) as error:
        if not runs_expecting(member_id=user.pk).filter(pk=occasion_id).exists():
            raise Http404 from error
        said = why_not_complete(error.code)
        if not wants_json:
            readable_lesson(request, occasion_id, lesson_id)
            messages.warning(request, said)
            return redirect("courses_lesson", occasion_id, lesson_id)
        return JsonResponse({"error": "not_enough", "message": said}, status=409)
    if wants_json:
        settle_dirty(as_of=timezone.now(), member_ids=[user.pk])  # whether the course is finished with it
        opened = open_run(request, occasion_id)
        onward = after_lesson(opened.study, opened.lesson(lesson_id), member_id=user.pk, as_of=timezone.now())
        return JsonResponse({"done": True, "onward": onward and {"text": onward.text, "url": onward.url}})
    page = readable_lesson(request, occasion_id, lesson_id)
    messages.success(request, _("“%(title)s”已学完。") % {"title": page.title})
    return redirect("courses_lesson", occasion_id, lesson_id)  # which leads on


@require_safe
@role_required()
def picture(request: HttpRequest, occasion_id: int, lesson_id: int, image_id: int) -> FileResponse:
    """Answer a picture of a lesson to those who may read the lesson."""
    page = readable_lesson(request, occasion_id, lesson_id)
    if str(image_id) not in values_of(page.body.raw_data, "picture"):
        raise Http404
    image = get_object_or_404(get_image_model(), pk=image_id)
    if not is_shown_by_right(lesson=page, item=image):
        raise Http404
    file = file_to_show(image)
    return private_file(file.open("rb"), content_type=mimetypes.guess_type(file.name)[0])


@require_safe
@role_required()
def cover(request: HttpRequest, occasion_id: int) -> FileResponse:
    """Answer the picture on a course's cover to those who may read the course, also while it is withdrawn."""
    run = get_object_or_404(runs_with_occasions(), pk=occasion_id, page__cover__isnull=False)
    if not may_read_run(signed_in(request), run):
        raise Http404
    try:
        file = file_of(run.page.cover)
        return private_file(file.open("rb"), content_type=mimetypes.guess_type(file.name)[0])
    except OSError as error:  # the row is there, the file is not
        raise Http404 from error


def quizzes_in(opened: Opened, studied: Studied) -> dict[int, Standing]:
    """Return how the reader stands with the quizzes of a lesson. No query where there is none."""
    return standings_in(keys=values_of(studied.lesson.page.body.raw_data, "quiz"), member_id=opened.user.pk)


def packages_in(opened: Opened, studied: Studied) -> dict[int, PackageStanding]:
    """Return what the packages of a lesson said of the reader. No query where there is none."""
    keys = values_of(studied.lesson.page.body.raw_data, "package")
    return package_standings_in(keys=keys, member_id=opened.user.pk)


def papers_in(studied: Studied) -> dict[int, DrawnPaper]:
    """Return how the PDFs of a lesson stand, by the document's id. No query where it has no document."""
    return drawn_papers(values_of(studied.lesson.page.body.raw_data, "document"))


def readable_lesson(request: HttpRequest, occasion_id: int, lesson_id: int) -> LessonPage:
    """Return a published lesson of a course that the reader may open, or raise Http404."""
    run = get_object_or_404(runs_with_occasions(), pk=occasion_id, page__live=True)
    if not may_read_run(signed_in(request), run):
        raise Http404
    return get_object_or_404(open_lessons(run.page), pk=lesson_id)


def private_file(file: Any, **kwargs: Any) -> FileResponse:
    response = FileResponse(file, **kwargs)
    response["Cache-Control"] = "private, max-age=86400"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


@dataclass(frozen=True)
class Links:
    """Addresses of what stands in a lesson, for those who read it through this occasion (cms/blocks.py)."""

    occasion_id: int
    lesson_id: int
    playing: Any
    quizzes: Mapping[int, Standing]
    papers: Mapping[int, DrawnPaper] = field(default_factory=dict)
    packages: Mapping[int, PackageStanding] = field(default_factory=dict)

    def picture(self, image: Any) -> str:
        return of_file(reverse("courses_picture", args=[self.occasion_id, self.lesson_id, image.pk]), image)

    def document(self, document: Any) -> str:
        return of_file(reverse("courses_document", args=[self.occasion_id, self.lesson_id, document.pk]), document)

    def pages(self, document: Any) -> tuple[str, DrawnPaper | None]:
        """Where the pages of a document are shown as pictures ("": they are not), and how a PDF stands."""
        paper = self.papers.get(document.pk)
        if paper is None or not paper.is_ready:
            return "", paper
        return reverse("courses_document_pages", args=[self.occasion_id, self.lesson_id, document.pk]), paper

    def video(self, video: Any) -> dict[str, Any]:
        here = self.playing is not None and video.pk == self.playing.pk
        page = reverse("courses_lesson", args=[self.occasion_id, self.lesson_id])
        return {"here": here, "url": "#player" if here else f"{page}?v={video.pk}"}

    def quiz(self, quiz: Quiz) -> Shown:
        return quiz_shown(
            self.quizzes[quiz.pk], url=reverse("courses_quiz", args=[self.occasion_id, self.lesson_id, quiz.pk])
        )

    def package(self, package: Package) -> PackageShown:
        url = reverse("courses_package", args=[self.occasion_id, self.lesson_id, package.pk])
        return shown_package(package, self.packages[package.pk], url=url)
