"""What lessons show or ask: a row for each thing (``FIELDS``) of each version that somebody may still publish.

The database itself then refuses to let go of what a lesson shows. Wagtail's reference index is no guard: it is written
after the fact, never holds a draft, and knows no keys but numbers (ADR 21).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import reduce
from operator import or_
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from wagtail.documents import get_document_model, get_document_model_string
from wagtail.images import get_image_model, get_image_model_string
from wagtail.models import Page, Revision

from cms.core.lesson import values_of
from media.models import Video
from packages.models import Package
from quizzes.models import Question

# What a block holds (cms/core/lesson.py), and the field in which it is kept.
FIELDS = {
    "video": "video", "picture": "image", "document": "document", "question": "question", "package": "package",
}  # fmt: skip


def _only(field: str) -> Q:
    """That this field is filled and no other is."""
    others = Q(**{f"{other}__isnull": True for other in FIELDS.values() if other != field})
    return Q(**{f"{field}__isnull": False}) & others


class Material(models.Model):
    """A lesson's version shows this video, picture, document or package, or asks this question: none can be deleted."""

    class Version(models.TextChoices):
        STORED = "stored", _("已发布")  # what stands in the page: what members read, or will when it is published again
        DRAFT = "draft", _("草稿")
        PLANNED = "planned", _("定时发布")

    lesson = models.ForeignKey("cms.LessonPage", on_delete=models.CASCADE, related_name="material")
    version = models.CharField(max_length=8, choices=Version.choices)
    video = models.ForeignKey(Video, on_delete=models.PROTECT, related_name="material", null=True, blank=True)
    image = models.ForeignKey(
        get_image_model_string(), on_delete=models.PROTECT, related_name="material", null=True, blank=True
    )
    document = models.ForeignKey(
        get_document_model_string(), on_delete=models.PROTECT, related_name="material", null=True, blank=True
    )
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="material", null=True, blank=True)
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="material", null=True, blank=True)

    class Meta:
        app_label = "cms"
        verbose_name = _("课里用到的内容")
        constraints = [
            models.CheckConstraint(
                condition=reduce(or_, (_only(field) for field in FIELDS.values())),
                name="material_is_one_thing",
            ),
            *(
                models.UniqueConstraint(fields=["lesson", "version", field], name=f"material_{field}_once")
                for field in FIELDS.values()
            ),
        ]

    def __str__(self) -> str:
        thing = next(filter(None, (getattr(self, f"{field}_id") for field in FIELDS.values())), None)
        return f"{self.lesson_id} {self.version}: {thing}"


def owner_model(field: str) -> type[models.Model]:
    """Return the model of what a field of Material holds."""
    models_of = {"video": Video, "image": get_image_model(), "document": get_document_model()}
    return {**models_of, "question": Question, "package": Package}[field]


@transaction.atomic
def keep_material(*, lesson_id: int) -> None:
    """Bring a lesson's rows up to what its page, its latest draft and its planned versions show. Safe to repeat.

    What is named is held until the end of the transaction: whoever deletes it meanwhile waits, and then meets the row;
    what was gone before gets no row.
    """
    from cms.models import LessonPage  # noqa: PLC0415 - the models import this one

    lesson = LessonPage.objects.select_for_update(no_key=True, of=("self",)).filter(pk=lesson_id).first()
    if lesson is None:
        return
    bodies: list[tuple[str, Iterable[Mapping[str, Any]]]] = [(Material.Version.STORED, lesson.body.raw_data)]
    revisions = Revision.page_revisions.filter(object_id=str(lesson_id))
    latest = revisions.order_by("-created_at", "-pk").first()
    if latest is not None:
        bodies.append((Material.Version.DRAFT, _body_of(latest)))
    bodies.extend((Material.Version.PLANNED, _body_of(row)) for row in revisions.exclude(approved_go_live_at=None))
    wanted = {
        (str(version), field, str(key))
        for version, body in bodies
        for kind, field in FIELDS.items()
        for key in _keys(field, values_of(body, kind))
    }
    had = {_key_of(row): row.pk for row in Material.objects.filter(lesson_id=lesson_id)}
    Material.objects.filter(pk__in=[pk for key, pk in had.items() if key not in wanted]).delete()
    fresh = wanted - had.keys()
    for field in FIELDS.values():
        _add(lesson_id, field, {(version, key) for version, found, key in fresh if found == field})


def _keys(field: str, values: Iterable[str]) -> Iterator[Any]:
    """Give the values that can be keys at all: what stands in a body may come from anywhere."""
    key = owner_model(field)._meta.pk  # noqa: SLF001 - Django's own way to ask a model
    for value in values:
        with suppress(ValidationError):
            yield key.to_python(value)


def _add(lesson_id: int, field: str, fresh: set[tuple[str, str]]) -> None:
    if not fresh:
        return
    model = owner_model(field)
    keys = {key for _version, key in fresh}
    held: QuerySet[Any] = QuerySet(model).select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
    there = {str(pk) for pk in held.values_list("pk", flat=True)}
    rows = [
        Material(lesson_id=lesson_id, version=version, **{f"{field}_id": key})
        for version, key in sorted(fresh)
        if key in there
    ]
    Material.objects.bulk_create(rows)


def _key_of(row: Material) -> tuple[str, str, str]:
    for field in FIELDS.values():
        key = getattr(row, f"{field}_id")
        if key is not None:
            return row.version, field, str(key)
    raise AssertionError(row.pk)  # the database has refused such a row


def _body_of(revision: Revision) -> list[dict[str, Any]]:
    """Return the raw stream in a revision of a lesson; empty where nothing readable is stored."""
    try:
        body = json.loads(revision.content.get("body") or "[]")
    except ValueError:
        return []
    return [block for block in body if isinstance(block, dict)] if isinstance(body, list) else []


def connect() -> None:
    """Keep the rows of whatever lesson or draft is stored (cms/apps.py)."""
    from django.db.models.signals import post_delete, post_save  # noqa: PLC0415

    from cms.models import LessonPage  # noqa: PLC0415

    post_save.connect(_lesson_stored, sender=LessonPage, dispatch_uid="cms.material.lesson")
    for signal in (post_save, post_delete):
        signal.connect(_draft_stored, sender=Revision, dispatch_uid="cms.material.draft")


def _lesson_stored(*, instance: Any, raw: bool = False, **kwargs: Any) -> None:
    if not raw:
        keep_material(lesson_id=instance.pk)


def _draft_stored(*, instance: Revision, raw: bool = False, origin: Any = None, **kwargs: Any) -> None:
    # Of a lesson that goes, with all its versions, nothing is kept.
    is_going = issubclass(getattr(origin, "model", None) or type(origin), Page)
    if not raw and not is_going and instance.content_type.model == "lessonpage":
        keep_material(lesson_id=int(instance.object_id))
