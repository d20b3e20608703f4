"""What belongs to others does not exist in Wagtail's admin, whichever of its many addresses is asked.

Wagtail looks most things up by key alone and asks for the right later, or shows the title first; some of its views
read a key as text and break on it. So every key in an address, in its question and in a form is read here, by what it
names, before the view runs. ``tests/trust`` fails on an address whose keys are not known here.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.core.exceptions import BadRequest
from django.db import DataError
from django.db.models import IntegerField, QuerySet
from django.db.models.functions import Cast
from django.http import Http404, HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils.datastructures import MultiValueDictKeyError
from wagtail.admin.views.pages.search import page_filter_search
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Page, TaskState, WorkflowState
from wagtail.permissions import policy_registry

from cms.library import LOOKING

ADMIN = "admin/"
LARGEST_KEY = 2**63 - 1
LONGEST_KEY = len(str(LARGEST_KEY))

# Nobody's: they know no owners, look across the whole tree, or belong to parts of Wagtail that are not used.
CLOSED = (
    "api/main/documents/", "api/main/images/",
    "embeds/", "failwhale/", "forms/",
    "images/<int:image_id>/generate_url/", "images/<int:image_id>/preview/",
    "images/chooser/<int:image_id>/select_format/", "pages/<int:page_id>/convert_alias/",
    "pages/<int:page_id>/privacy/", "pages/create/", "pages/usage/", "pages/workflow/action/",
    "pages/workflow/preview/", "password_reset/", "redirects/", "reports/", "settings/", "snippets/",
    "tag-autocomplete/", "test404/", "workflows/",
)  # fmt: skip
# Set up once, from nobody's menu but a superuser's.
SUPERUSERS = ("collections/", "groups/", "sites/", "users/")
# A link must not sign anybody out: Wagtail's view does it for a GET too, and leaves the session behind.
POSTED = ("logout/",)
# What people write may be any number; everything else that is one names something or counts.
WORDS = {"q", "search", "title", "link_text", "link_url"}
# Django's own forms take a PUT for a POST, and find nothing in it.
SENT_BY_HAND = ("POST", "PUT")
# Moments that are none any more in another time zone.
EDGES_OF_TIME = ("0001-", "9999-")
COPY = "pages/<int:page_id>/copy/"
# Here ``id`` names a kind of block.
EXAMPLES = "block-preview/"
# Where Wagtail keeps which hints a person has closed; it merges whatever JSON comes.
HINTS = "dismissibles/"
# What a reviewer wrote, as the editor's script sends it: the words of a form.
OPINION = "workflow-action-extra-data"
# Wagtail's form breaks where the field is missing altogether.
ALWAYS_SENT = {"choose-external-link/": "external-link-chooser-url"}


def number(text: str) -> int | None:
    """Return what can be a key of the database, None for anything else."""
    if not (text.isascii() and text.isdigit()) or len(text) > LONGEST_KEY:
        return None
    return int(text) if int(text) <= LARGEST_KEY else None


def uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Kind:
    """What a key names. ``theirs`` gives the person's own; without it the view asks by itself."""

    name: str
    read: Callable[[str], Any]
    theirs: Callable[[Any], QuerySet[Any]] | None = None


def _pages_of(user: Any) -> QuerySet[Any]:
    found: QuerySet[Any] = policy_registry.get_by_type(Page).explorable_instances(user)
    return found


def _steps_of(model: type[Any], page_key: str, user: Any) -> QuerySet[Any]:
    """Reviews, or steps of them, of the person's own pages."""
    return model.objects.alias(page_id=Cast(page_key, IntegerField())).filter(page_id__in=_pages_of(user).values("pk"))


def _of_the_library(model: type[Any]) -> Callable[[Any], QuerySet[Any]]:
    return lambda user: policy_registry.get_by_type(model).instances_user_has_any_permission_for(user, LOOKING)


PAGE = Kind("page", number, _pages_of)
PICTURE = Kind("picture", number, _of_the_library(get_image_model()))
DOCUMENT = Kind("document", number, _of_the_library(get_document_model()))
TASK = Kind("task", number, lambda user: _steps_of(TaskState, "workflow_state__object_id", user))
REVIEW = Kind("review", number, lambda user: _steps_of(WorkflowState, "object_id", user))
VIDEO = Kind("video", uuid)
OTHER = Kind("other", number)

# By the name under which an address, a question or a form holds the key.
NAMES = {
    **dict.fromkeys(("page_id", "parent_page_id", "page_to_move_id", "destination_id", "page_pk"), PAGE),
    **dict.fromkeys(("new_parent_page", "parent_page", "target_pages[]", "chooser", "root_page"), PAGE),
    **dict.fromkeys(("child_of", "descendant_of", "ancestor_of", "translation_of"), PAGE),
    "task_state_id": TASK,
    "workflow_state_id": REVIEW,
    "image_id": PICTURE,
    **dict.fromkeys(("document_id", "doc_id"), DOCUMENT),
}
# By the beginning of the address, for what is only called a key there.
PLACES = {
    "api/main/pages/": PAGE,
    "choose-page/": PAGE,
    "documents/": DOCUMENT,
    "images/": PICTURE,
    "pages/": PAGE,
    "videos/": VIDEO,
}
KEYS = ("pk", "id")
# By the model in the address: bulk actions, and who else edits the same.
MODELS = {
    ("cms", "courseindexpage"): PAGE,
    ("cms", "coursepage"): PAGE,
    ("cms", "lessonpage"): PAGE,
    ("cms", "pathpage"): PAGE,
    ("wagtailcore", "page"): PAGE,
    ("wagtailimages", "image"): PICTURE,
    ("wagtaildocs", "document"): DOCUMENT,
    ("media", "video"): VIDEO,
}
BULK = "bulk/"


class OthersThingsAreNotFound:
    """Answers 404 to a closed address, and to a key that is none or that names what this person may not see.

    Stands after AuthenticationMiddleware. One query for each kind of thing that a request to the admin names.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        place = _place(request)
        if place is None:
            return
        user = request.user
        if is_closed(place) or (place.startswith(POSTED) and request.method != "POST"):
            raise Http404
        if not user.is_authenticated:
            return  # Wagtail leads to the sign-in
        if place.startswith(SUPERUSERS) and not user.is_superuser:
            raise Http404
        _refuse_what_is_no_value(request, kwargs)
        _refuse_what_no_page_sends(place, request)
        if place.startswith(BULK):
            if model_in(kwargs) not in MODELS and not user.is_superuser:
                raise Http404
            _name_all_of_the_listing(request, kwargs)
        asked: dict[Kind, set[Any]] = defaultdict(set)
        for kind, text in _keys_in(place, request, kwargs):
            asked[kind].add(kind.read(text))
        for kind, keys in asked.items():
            if None in keys or (kind.theirs and kind.theirs(user).filter(pk__in=keys).count() < len(keys)):
                raise Http404

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Tell a form made by hand from a fault of ours, which stays one.

        A number that no database's key can be names nothing: 404. A form without a field that its page always sends,
        or with text where the editor sends JSON: 400.
        """
        if _place(request) is None or request.method not in SENT_BY_HAND:
            return
        sent = [str(text) for _name, texts in request.POST.lists() for text in texts]
        if isinstance(exception, (OverflowError, DataError)) and any(map(_is_impossible, sent)):
            raise Http404 from exception
        if isinstance(exception, OverflowError) and any(text.startswith(EDGES_OF_TIME) for text in sent):
            raise BadRequest from exception
        if isinstance(exception, (MultiValueDictKeyError, json.JSONDecodeError)):
            raise BadRequest from exception


def is_closed(place: str) -> bool:
    """Say whether nobody gets in at an address, given as a match's route below ``admin/``."""
    return place.startswith(CLOSED)


def kind_at(place: str, name: str, kwargs: Mapping[str, Any] | None = None) -> Kind:
    """Return what a key of this name is at an address; ``kwargs`` where the address names the model."""
    if name in NAMES:
        return NAMES[name]
    if kwargs and "model_name" in kwargs:
        return MODELS.get(model_in(kwargs), OTHER)
    return next((kind for start, kind in PLACES.items() if place.startswith(start)), OTHER)


def model_in(kwargs: Mapping[str, Any]) -> tuple[str, str]:
    """Return the model that an address names, as Django's registry does."""
    return kwargs.get("app_label", ""), kwargs.get("model_name", "").lower()


def _place(request: HttpRequest) -> str | None:
    match = request.resolver_match
    return match.route.removeprefix(ADMIN) if match is not None and match.route.startswith(ADMIN) else None


def _keys_in(place: str, request: HttpRequest, kwargs: dict[str, Any]) -> Iterator[tuple[Kind, str]]:
    for name, value in kwargs.items():
        if name in NAMES or name in KEYS or name == "object_id":
            yield kind_at(place, name, kwargs), str(value)
    for sent in (request.GET, request.POST):
        for name, values in sent.lists():
            if name in NAMES or (name == "id" and sent is request.GET and place != EXAMPLES):
                # An empty field is none chosen; an empty id in an address is nobody's.
                keys = [str(value) for value in values if value or name == "id"]
                yield from ((kind_at(place, name, kwargs), key) for key in keys)


def _refuse_what_is_no_value(request: HttpRequest, kwargs: dict[str, Any]) -> None:
    asked = [(name, str(text)) for name, texts in request.GET.lists() for text in texts]
    asked += [(name, str(value)) for name, value in kwargs.items()]
    if any("\x00" in text or (name not in WORDS and _is_impossible(text)) for name, text in asked):
        raise Http404


def _refuse_what_no_page_sends(place: str, request: HttpRequest) -> None:
    if request.method == "POST" and place in ALWAYS_SENT and ALWAYS_SENT[place] not in request.POST:
        raise BadRequest
    if not _is_object(request.POST.get(OPINION, "{}").encode(errors="replace")):
        raise BadRequest
    if place == COPY and request.POST.get("new_parent_page") == "":
        raise BadRequest  # Wagtail looks for the page before it asks the form
    if request.method == "PATCH" and place == HINTS and not _is_object(request.body):
        raise BadRequest
    try:
        urlsplit(request.GET.get("link_url", ""))
    except ValueError as error:
        raise BadRequest from error
    # Wagtail takes what is no path for the name of a route of its own, and breaks on it.
    if any(text and not text.startswith("/") for sent in (request.GET, request.POST) for text in sent.getlist("next")):
        raise BadRequest


def _is_object(body: bytes) -> bool:
    """Whether a body is a JSON object that can be stored: PostgreSQL keeps no character zero and no lone surrogate."""
    try:
        text = body.decode()
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "\\u0000" not in text


def _is_impossible(text: str) -> bool:
    digits = text.strip().removeprefix("-")
    return digits.isdigit() and number(digits) is None


def _name_all_of_the_listing(request: HttpRequest, kwargs: dict[str, Any]) -> None:
    """Put the person's own pages in the place of "all", which in Wagtail are those of the whole tree."""
    if "all" not in request.GET.getlist("id") or MODELS.get(model_in(kwargs)) is not PAGE:
        return
    own, question = _pages_of(request.user), request.GET.get("q", "")
    if parent_id := request.GET.get("childOf"):
        parent = own.filter(pk=number(parent_id)).first()
        if parent is None:
            raise Http404
        below = Page.objects.descendant_of(parent) if question else Page.objects.child_of(parent)
        own = own.filter(pk__in=below.values("pk"))
    found = page_filter_search(question, own)[0].results() if question else own
    changed: QueryDict = request.GET.copy()
    changed.setlist("id", [str(page.pk) for page in found])
    request.GET = changed  # type: ignore[assignment]
