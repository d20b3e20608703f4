"""What an author may put into a lesson: videos, pictures and documents that are theirs to choose, or stood there.

A key comes back from a form, so it is asked again on the way in: the library's ids are small numbers in a row.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Revision
from wagtail.permissions import policy_registry

from cms.core.lesson import values_of
from media.choosers import choosable, key_of
from packages.choosers import choosable as choosable_packages
from quizzes.choosers import choosable as choosable_quizzes
from quizzes.choosers import choosable_questions

# Kinds of what the blocks of a lesson hold (cms/core/lesson.py).
VIDEO, PICTURE, DOCUMENT, QUIZ, QUESTION, PACKAGE = "video", "picture", "document", "quiz", "question", "package"


def _of_library(model: Any) -> Callable[[Any], QuerySet[Any]]:
    return lambda user: policy_registry.get_by_type(model()).instances_user_has_any_permission_for(user, ["choose"])


CHOOSABLE: Mapping[str, Callable[[Any], QuerySet[Any]]] = {
    VIDEO: choosable,
    PICTURE: _of_library(get_image_model),
    DOCUMENT: _of_library(get_document_model),
    QUIZ: choosable_quizzes,
    QUESTION: choosable_questions,
    PACKAGE: choosable_packages,
}


def may_use(kind: str, ids: Collection[str], *, user: Any, page: Any = None) -> set[str]:
    """Return those of ``ids`` (keys as text) that this person may NOT put into the page: empty when all is well.

    Allowed is what the person may choose now, and what the page (None or unsaved: a new one) ever held, whoever put it
    there: an author can save and restore a colleague's lesson although the colleague's film is not theirs.
    """
    asked = {str(pk) for pk in ids}
    if not asked:
        return set()
    choosable_now = CHOOSABLE[kind](user)
    keys = {key_of(choosable_now.model, pk) for pk in asked} - {None}
    refused = asked - {str(pk) for pk in choosable_now.filter(pk__in=keys).values_list("pk", flat=True)}
    if not refused or page is None or page.pk is None:
        return refused
    for body in _bodies(page, refused):
        refused -= set(values_of(body, kind))
        if not refused:
            break
    return refused


def _bodies(page: Any, ids: Collection[str]) -> Iterator[list[dict[str, Any]]]:
    """Yield what the page's body holds and held: as published, then its revisions, newest first.

    Only asked when something would be refused, and then only of revisions that mention one of the ids.
    """
    stored = type(page).objects.filter(pk=page.pk).first()
    if stored is not None:
        yield list(stored.body.raw_data)
    revisions = Revision.objects.for_instance(page).annotate(text=Cast("content", TextField()))
    for revision in revisions.order_by("-created_at").iterator(chunk_size=20):
        if any(pk in revision.text for pk in ids):
            yield _blocks(revision.content.get("body"))


def _blocks(body: Any) -> list[dict[str, Any]]:
    blocks = json.loads(body) if isinstance(body, str) and body else body
    return [block for block in blocks or [] if isinstance(block, dict)]
