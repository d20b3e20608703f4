"""Pictures and documents where they are shown: in the back office, in a draft, in a lesson that members read.

The library is one for the whole tree, with small numbers for keys; so an id that stands in a lesson's body is no proof
that it was put there by right. It is asked again where the bytes leave.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.cache import cache
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Page, Revision
from wagtail.permissions import policy_registry

from cms.belonging import unit_of
from cms.core.lesson import values_of
from cms.models import CoursePage, LessonPage
from cms.permissions import EDITORS
from organizations.models import RoleGrant, User

LOOKING = ("choose", "change")
REMEMBERED_S = 600
REFUSED_S = 2  # long enough for the pictures of one page
REVISIONS_READ = 50  # of the right people, newest first


def kind_of(item: Any) -> str:
    """Return the block in which such an item stands in a lesson: ``picture`` or ``document``."""
    return {get_image_model(): "picture", get_document_model(): "document"}[type(item)]


def picture_named(path: str) -> Any | None:
    """Return the picture of which the path is the original or a smaller version, None where there is none."""
    pictures = get_image_model()
    picture = pictures.objects.filter(file=path).first()
    return picture or pictures.objects.filter(renditions__file=path).first()


def may_look_at(user: Any, item: Any) -> bool:
    """Say whether somebody of the back office may see an item: one they may choose, or one in a lesson they edit.

    The second is for what a colleague from above put into the lesson. Yes is remembered for ten minutes, no for a
    moment: the lesson that shows it may come to this person any time.
    """
    if policy_registry.get(item).instances_user_has_any_permission_for(user, LOOKING).filter(pk=item.pk).exists():
        return True
    key = f"cms.looks:{user.pk}:{kind_of(item)}:{item.pk}"
    answer = cache.get(key)
    if answer is None:
        answer = _is_shown_to_editors_by(user, item)
        cache.set(key, answer, REMEMBERED_S if answer else REFUSED_S)
    return bool(answer)


def is_shown_by_right(*, lesson: LessonPage, item: Any) -> bool:
    """Say whether a lesson may hand out a picture or document that stands in its body.

    So it is where the item is nobody's, where its unit - or, of one that belongs to no unit, a place where its owner
    works or worked - lies in line with the course's (above it or below), or where a revision of the lesson holds it
    that was written by somebody who may choose it - the course may have been given to another unit since. One answer
    serves all readers of this version for ten minutes, as long as the lesson stays in its course.
    """
    version = f"{lesson.path}:{lesson.live_revision_id}:{lesson.latest_revision_id}"
    key = f"cms.shows:{lesson.pk}:{version}:{kind_of(item)}:{item.pk}:{item.uploaded_by_user_id}"
    return bool(cache.get_or_set(key, lambda: _was_put_in_by_right(lesson, item), REMEMBERED_S))


def _is_shown_to_editors_by(user: Any, item: Any) -> bool:
    pages = policy_registry.get_by_type(Page).instances_user_has_any_permission_for(user, ["change"])
    if kind_of(item) == "picture" and pages.filter(coursepage__cover=item).exists():
        return True
    return any(is_shown_by_right(lesson=lesson, item=item) for lesson in _lessons_holding(pages, item))


def _lessons_holding(pages: QuerySet[Page], item: Any) -> Iterator[LessonPage]:
    """The lessons among the pages that hold the item, published or in their latest draft."""
    lessons = LessonPage.objects.filter(pk__in=pages.values("pk")).select_related("latest_revision")
    lessons = lessons.annotate(stored=Cast("body", TextField()), drafted=Cast("latest_revision__content", TextField()))
    # The number alone narrows it down; which blocks really hold it is read below.
    for lesson in lessons.filter(Q(stored__contains=str(item.pk)) | Q(drafted__contains=str(item.pk))):
        if _holds(lesson.body.raw_data, item) or _revision_holds(lesson.latest_revision, item):
            yield lesson


def _was_put_in_by_right(lesson: LessonPage, item: Any) -> bool:
    places = _places_of(item)
    if item.uploaded_by_user_id is None and not places:
        return True
    course = CoursePage.objects.ancestor_of(lesson).select_related("node").first()
    if course is None:
        return False
    unit = course.node.path
    if any(place.startswith(unit) or unit.startswith(place) for place in places):
        return True
    revisions = Revision.page_revisions.filter(object_id=str(lesson.pk))
    editors = _who_may_choose(item, places, revisions.values("user_id"))
    written = revisions.filter(user_id__in=editors).order_by("-created_at", "-pk")[:REVISIONS_READ]
    return any(_revision_holds(revision, item) for revision in written)


def _places_of(item: Any) -> set[str]:
    """The path of the item's unit; of one without a unit those where its owner holds or held a role."""
    if (unit := unit_of(item)) is not None:
        return {unit.path}
    return set(RoleGrant.objects.filter(user_id=item.uploaded_by_user_id).values_list("node__path", flat=True))


def _who_may_choose(item: Any, places: Iterable[str], among: Any) -> set[int]:
    """Of those people: the owner, superusers, and who ever was organiser above a place of the item."""
    found = set(User.objects.filter(pk__in=among, is_superuser=True).values_list("pk", flat=True))
    held = RoleGrant.objects.filter(user_id__in=among, role__in=EDITORS).values_list("user_id", "node__path")
    above = {user_id for user_id, path in held if any(place.startswith(path) for place in places)}
    return found | above | {item.uploaded_by_user_id}


def _revision_holds(revision: Revision | None, item: Any) -> bool:
    return revision is not None and _holds(json.loads(revision.content.get("body") or "[]"), item)


def _holds(raw: Any, item: Any) -> bool:
    return str(item.pk) in values_of(raw, kind_of(item))
