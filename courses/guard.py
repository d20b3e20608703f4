"""Before anything is deleted, withdrawn, moved or published anew: who needs it, and what becomes of them.

A middleware before Wagtail's own pages (``UsesAreSaid``): where something needs what is chosen, a page in words takes
their place. What blocks has no button; the rest says how many people it touches and asks once, and whoever agrees
agrees to exactly these sentences. What nobody needs goes on to Wagtail as ever. The database is the last guard: what it
refuses in a race is said in the same words.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import IntegrityError
from django.db.models import Model, ProtectedError, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Page
from wagtail.permissions import policy_registry

from attendance.asking import agreement_to
from cms.models import CoursePage, LessonPage, PathPage
from cms.queries import Lesson, lessons_of
from courses.changes import (
    changes,
    course_of,
    given_among,
    shown_by,
    when_made_public,
    when_path_made_public,
    when_withdrawn,
)
from media.queries import managed_by
from organizations.models import User
from organizations.uses import Use, uses_of

SURE = "sure"
METHODS = ("GET", "HEAD", "POST", "DELETE")
CARRIED = ("next", "include_descendants", "chooser", "move_applicable")
MOST_AT_ONCE = 20


@dataclass(frozen=True)
class Asked:
    """What somebody is about to do with which things, and who needs them."""

    title: str
    names: tuple[str, ...]
    button: str
    uses: tuple[Use, ...]
    back: str
    instead: str = ""  # where what they want is done without harm

    @property
    def is_blocked(self) -> bool:
        return any(use.blocks for use in self.uses)

    @property
    def agreement(self) -> str:
        """What stands for having read exactly this."""
        return agreement_to(use.text for use in self.uses)

    def is_agreed(self, request: HttpRequest) -> bool:
        """Whether the request says yes to these sentences, and not to what was true before."""
        return request.method == "POST" and request.POST.get(SURE) == self.agreement and not self.is_blocked


class UsesAreSaid:
    """Stands after the middleware that signs people in and hides other organisations' pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        asked = ask(request) if request.method in METHODS else None
        if asked is None or not asked.uses:
            return None
        return None if asked.is_agreed(request) else answer(request, asked)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Say in words what the database has refused: somebody took the thing up a moment ago."""
        if not isinstance(exception, ProtectedError | IntegrityError):
            return None
        question = question_of(request)
        if question is None or not isinstance(request.user, User):
            return None
        asked = ask(request)
        late = Use(_("刚刚有人用上了它，请过一会儿再看"), blocks=True)
        uses = asked.uses if asked is not None and asked.is_blocked else (late,)
        known = asked or Asked(_("不能删除"), (), "", (), reverse("wagtailadmin_home"))
        return answer(request, Asked(known.title, known.names, known.button, uses, known.back, known.instead))


def answer(request: HttpRequest, asked: Asked, *, action: str = "", note: str = "") -> HttpResponse:
    """Render who needs what; nothing has been done so far."""
    carried = [(name, value) for name in CARRIED for value in request.POST.getlist(name)]
    context = {
        "asked": asked,
        "action": action or request.get_full_path(),
        "carried": carried,
        "note": note,
        "sure": SURE,
    }
    return render(request, "courses/admin/uses.html", context, status=409 if request.method in METHODS[2:] else 200)


def question_of(request: HttpRequest) -> Callable[[HttpRequest, User, dict[str, Any], datetime], Asked | None] | None:
    """Return what is asked at the address of this request; None where nothing is. No query."""
    match = request.resolver_match
    if match is None or not request.path.startswith("/admin/"):
        return None
    if match.view_name == "wagtail_bulk_action":
        # Wagtail's own page comes first where it has something to choose; only what deletes is said at once.
        kwargs = match.kwargs
        key = (kwargs["app_label"], kwargs["model_name"], kwargs["action"])
        return BULK.get(key) if kwargs["action"] == "delete" or request.method == "POST" else None
    return QUESTIONS.get(match.view_name)


def ask(request: HttpRequest) -> Asked | None:
    """Return what the request is about to do, if something is asked there and this person may do it; else None."""
    question = question_of(request)
    if question is None or not isinstance(request.user, User) or request.resolver_match is None:
        return None
    return question(request, request.user, request.resolver_match.kwargs, timezone.now())


def _pages(user: User, ids: Iterable[Any], may: str) -> list[Any]:
    """Those of the pages with which this person may do that, as what they are; only what a given course may need."""
    pages: Any = given_among(Page.objects.filter(pk__in=list(ids)))
    allowed = (page for page in pages.specific() if getattr(page.permissions_for_user(user), may)())
    return list(islice(allowed, MOST_AT_ONCE + 1))


def _names(things: list[Any]) -> tuple[str, ...]:
    """The names of what is chosen, the first of many."""
    names = [str(thing) for thing in things[:MOST_AT_ONCE]]
    return (*names, "…") if len(things) > MOST_AT_ONCE else tuple(names)


def _too_many(things: list[Any], back: str, title: str) -> Asked | None:
    """Nobody reads what hundreds of things do to thousands of people, and nobody waits for it."""
    if len(things) <= MOST_AT_ONCE:
        return None
    words = _("选的里面，正在用和用过的超过 %(most)s 个，一次看不过来：请分几次选")
    use = Use(words % {"most": MOST_AT_ONCE}, blocks=True)
    return Asked(title, _names(things), "", (use,), back)


def _deleting(things: list[Any], user: User, back: str, as_of: datetime, instead: str = "") -> Asked | None:
    if not things:
        return None
    if refused := _too_many(things, back, _("删除")):
        return refused
    uses = [use for thing in things for use in uses_of(thing, user=user, as_of=as_of)]
    return Asked(_("删除"), _names(things), _("我知道了，删除"), tuple(dict.fromkeys(uses)), back, instead)


def _delete_page(request: HttpRequest, user: User, kwargs: dict[str, Any], as_of: datetime) -> Asked | None:
    pages = _pages(user, [kwargs["page_id"]], "can_delete")
    back = reverse("wagtailadmin_pages:edit", args=[kwargs["page_id"]])
    instead = ""
    if pages and pages[0].live and pages[0].permissions_for_user(user).can_unpublish():
        instead = reverse("wagtailadmin_pages:unpublish", args=[kwargs["page_id"]])
    return _deleting(pages, user, back, as_of, instead)


def _unpublish_page(request: HttpRequest, user: User, kwargs: dict[str, Any], as_of: datetime) -> Asked | None:
    pages = _pages(user, [kwargs["page_id"]], "can_unpublish")
    return _withdrawing(pages, user, reverse("wagtailadmin_pages:edit", args=[kwargs["page_id"]]), as_of)


def _withdrawing(pages: list[Any], user: User, back: str, as_of: datetime) -> Asked | None:
    if refused := _too_many(pages, back, _("撤下")):
        return refused
    uses = when_withdrawn(pages, user=user, as_of=as_of)
    return Asked(_("撤下"), _names(pages), _("我知道了，撤下"), tuple(uses), back) if pages else None


def _move_page(request: HttpRequest, user: User, kwargs: dict[str, Any], as_of: datetime) -> Asked | None:
    pages = _movable(user, [kwargs["page_to_move_id"]])
    back = reverse("wagtailadmin_pages:edit", args=[kwargs["page_to_move_id"]])
    return _moving(pages, kwargs["destination_id"], user, back, as_of)


def _movable(user: User, ids: Iterable[Any]) -> list[Any]:
    """Also lessons of a course that nobody was given: they may join one that somebody was."""
    pages = LessonPage.objects.filter(pk__in=list(ids), live=True)[: MOST_AT_ONCE + 1]
    return [page for page in pages if page.permissions_for_user(user).can_move()]


def _moving(pages: list[Any], to_id: Any, user: User, back: str, as_of: datetime) -> Asked | None:
    """Lessons leave their courses, and join another one."""
    to = CoursePage.objects.filter(pk=to_id).first()
    if refused := _too_many(pages, back, _("移动")):
        return refused
    moved = [page for page in pages if (course := course_of(page)) is not None and course.pk != int(to_id)]
    if to is None or not moved:
        return None
    uses = when_withdrawn(moved, user=user, as_of=as_of)
    if to.live:
        added = [Lesson(page, shown_by(page.body.raw_data)) for page in moved]
        uses += changes(to, [*lessons_of(to), *added], user=user, as_of=as_of)
    return Asked(_("移动"), _names(moved), _("我知道了，移动"), tuple(uses), back)


def _delete_of(
    model: type[Model], name: str, back: str, *, methods: tuple[str, ...] = METHODS
) -> Callable[..., Asked | None]:
    def question(request: HttpRequest, user: User, kwargs: dict[str, Any], as_of: datetime) -> Asked | None:
        if request.method not in methods:
            return None
        return _deleting(list(_deletable(model, user).filter(pk=kwargs[name])), user, reverse(back), as_of)

    return question


def _deletable(model: type[Model], user: User) -> QuerySet[Any]:
    return policy_registry.get_by_type(model).instances_user_has_permission_for(user, "delete")


def _delete_video(request: HttpRequest, user: User, kwargs: dict[str, Any], as_of: datetime) -> Asked | None:
    try:
        videos = list(managed_by(user).filter(pk=kwargs["pk"]))
    except ValueError:
        return None
    return _deleting(videos, user, reverse("videos:index"), as_of)


def _ids(request: HttpRequest) -> list[str]:
    """The keys of what was ticked in a list; all of a page's children where everything was."""
    asked = request.GET.getlist("id")
    if "all" not in asked:
        return [key for key in asked if key.isdecimal() and len(key) < 19]
    parent = request.GET.get("childOf", "")
    children = Page.objects.none()
    if parent.isdecimal() and (page := Page.objects.filter(pk=parent).first()) is not None:
        children = Page.objects.child_of(page)
    return [str(pk) for pk in children.values_list("pk", flat=True)]


def _paths(user: User, ids: Iterable[Any]) -> dict[PathPage, list[Use]]:
    """The learning paths among these pages that this person may publish although a step is not out, with what is said.

    Also those that members do not see yet.
    """
    found: dict[PathPage, list[Use]] = {}
    for path in PathPage.objects.filter(pk__in=list(ids)).select_related("latest_revision"):
        uses = when_path_made_public(path.get_latest_revision_as_object())
        if uses and len(found) <= MOST_AT_ONCE and path.permissions_for_user(user).can_publish():
            found[path] = uses
    return found


def _back(request: HttpRequest) -> str:
    asked = request.GET.get("next", "")
    return asked if asked.startswith("/admin/") else reverse("wagtailadmin_home")


def _delete_pages(request: HttpRequest, user: User, kwargs: dict[str, Any], as_of: datetime) -> Asked | None:
    return _deleting(_pages(user, _ids(request), "can_delete"), user, _back(request), as_of)


def _unpublish_pages(request: HttpRequest, user: User, kwargs: dict[str, Any], as_of: datetime) -> Asked | None:
    return _withdrawing(_pages(user, _ids(request), "can_unpublish"), user, _back(request), as_of)


def _move_pages(request: HttpRequest, user: User, kwargs: dict[str, Any], as_of: datetime) -> Asked | None:
    to_id = request.POST.get("chooser", "")
    if not to_id.isdecimal():
        return None
    return _moving(_movable(user, _ids(request)), to_id, user, _back(request), as_of)


def _publish_pages(request: HttpRequest, user: User, kwargs: dict[str, Any], as_of: datetime) -> Asked | None:
    ids = set(_ids(request))
    if request.POST.get("include_descendants"):
        paths = Page.objects.filter(pk__in=ids).values_list("path", flat=True)
        below = Q(pk__in=())
        for path in paths:
            below |= Q(path__startswith=path)
        ids |= set(Page.objects.not_live().filter(below).values_list("pk", flat=True))
    paths = _paths(user, ids)
    pages = list(dict.fromkeys([*_pages(user, ids, "can_publish"), *paths]))
    if refused := _too_many(pages, _back(request), _("发布")):
        return refused
    uses = [use for some in paths.values() for use in some]
    for page in pages:
        if isinstance(page, CoursePage | LessonPage):
            uses += when_made_public(page.get_latest_revision_as_object(), user=user, as_of=as_of)
    return Asked(_("发布"), _names(pages), _("我知道了，发布"), tuple(uses), _back(request)) if pages else None


def _bulk_delete_of(model: type[Model], back: str) -> Callable[..., Asked | None]:
    def question(request: HttpRequest, user: User, kwargs: dict[str, Any], as_of: datetime) -> Asked | None:
        chosen = _deletable(model, user).filter(pk__in=_ids(request))
        # What no lesson shows needs no question: of a whole page of the library one query finds the rest.
        shown = chosen.filter(material__isnull=False).distinct()
        return _deleting(list(shown[: MOST_AT_ONCE + 1]), user, reverse(back), as_of)

    return question


QUESTIONS: dict[str, Callable[..., Asked | None]] = {
    "wagtailadmin_pages:delete": _delete_page,
    "wagtailadmin_pages:unpublish": _unpublish_page,
    "wagtailadmin_pages:move_confirm": _move_page,
    "wagtailimages:delete": _delete_of(get_image_model(), "image_id", "wagtailimages:index"),
    # By the page of many uploads, which has no page of its own to ask on.
    "wagtailimages:delete_multiple": _delete_of(
        get_image_model(), "image_id", "wagtailimages:index", methods=("POST",)
    ),
    "wagtaildocs:delete": _delete_of(get_document_model(), "document_id", "wagtaildocs:index"),
    "wagtaildocs:delete_multiple": _delete_of(get_document_model(), "doc_id", "wagtaildocs:index", methods=("POST",)),
    "videos:delete": _delete_video,
}
BULK: dict[tuple[str, str, str], Callable[..., Asked | None]] = {
    ("wagtailcore", "page", "delete"): _delete_pages,
    ("wagtailcore", "page", "unpublish"): _unpublish_pages,
    ("wagtailcore", "page", "move"): _move_pages,
    ("wagtailcore", "page", "publish"): _publish_pages,
    ("wagtailimages", "image", "delete"): _bulk_delete_of(get_image_model(), "wagtailimages:index"),
    ("wagtaildocs", "document", "delete"): _bulk_delete_of(get_document_model(), "wagtaildocs:index"),
}
