"""To which unit a picture or document belongs, beside Wagtail's own rows of them (ADR 30)."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.db import models
from django.db.models import Q
from django.db.models.signals import post_save
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.documents import get_document_model, get_document_model_string
from wagtail.images import get_image_model, get_image_model_string

from organizations.belonging import home_of, homes_for, workplaces_of
from organizations.models import Node, Role, User
from organizations.unit_choice import WORK, UnitChoice

UPLOADERS: Collection[str] = (Role.ORGANISER, Role.LECTURER)
# The field of Wagtail's that names the uploader, and the way from there to the unit.
OWNER, UNIT = "uploaded_by_user", "belonging__node"


class Belonging(models.Model):
    """A picture or a document belongs to this unit. What has no row is its uploader's."""

    image = models.OneToOneField(
        get_image_model_string(), on_delete=models.CASCADE, related_name="belonging", null=True, blank=True
    )
    document = models.OneToOneField(
        get_document_model_string(), on_delete=models.CASCADE, related_name="belonging", null=True, blank=True
    )
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = gettext_lazy("所属组织")
        verbose_name_plural = gettext_lazy("所属组织")
        constraints = [
            models.CheckConstraint(
                condition=Q(image__isnull=False, document=None) | Q(image=None, document__isnull=False),
                name="belonging_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_id or self.document_id}@{self.node_id}"

    @staticmethod
    def field_for(model: type[Any]) -> str:
        """Return the field that names an item of this model."""
        return "image" if issubclass(model, get_image_model()) else "document"


def unit_of(item: Any) -> Node | None:
    """Return the unit of a picture or document, None where it is its uploader's."""
    found = Belonging.objects.filter(**{_field_of(item): item}).select_related("node").first()
    return found.node if found else None


def give_to(item: Any, node: Node | None) -> None:
    """Let a picture or document belong to a unit from now on; None: to its uploader. Safe to repeat."""
    rows = Belonging.objects.filter(**{_field_of(item): item})
    if node is None:
        rows.delete()
    elif not rows.update(node=node):
        Belonging.objects.create(**{_field_of(item): item, "node": node})


def _field_of(item: Any) -> str:
    return Belonging.field_for(type(item))


def belongs_where_its_uploader_works(*, instance: Any, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """However a file comes in, it belongs to the unit of whoever brought it; a form may say another."""
    owner = getattr(instance, OWNER)
    if created and not raw and isinstance(owner, User) and (node := home_of(owner, roles=UPLOADERS)):
        give_to(instance, node)


def connect() -> None:
    """Listen to both models; once every app is loaded."""
    for model in (get_image_model(), get_document_model()):
        post_save.connect(belongs_where_its_uploader_works, sender=model, dispatch_uid=f"cms.belongs.{model.__name__}")


class BelongsToAUnit(forms.BaseForm):
    """Mixed into Wagtail's forms of pictures and documents: to which unit it belongs, where there is a choice.

    Offered is where the person organises and next below, where they work themselves for a file of their own, and where
    it is now: so a file moves only between units of which somebody holds both.
    """

    instance: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        user = kwargs.get("user")
        super().__init__(*args, **kwargs)
        self._stored = unit_of(self.instance) if self.instance.pk else None
        if not isinstance(user, User):
            return
        home = home_of(user, roles=UPLOADERS) if self.instance.pk is None else None
        offered = Q(pk__in=homes_for(user).values("pk")) | Q(pk=self._stored.pk if self._stored else None)
        if self.instance.pk is None or getattr(self.instance, OWNER) == user:
            offered |= Q(pk__in=workplaces_of(user, roles=UPLOADERS).values("pk"))
        nodes = Node.objects.filter(offered).order_by("path")
        if nodes[:2].count() < 2 and (self._stored or self.instance.pk is None):  # nothing to choose between
            return
        self.fields["node"] = UnitChoice(
            nodes,
            scope=WORK,
            label=_("所属组织"),
            required=False,
            initial=self._stored or home,
            empty="" if self._stored or home else _("不填就只归上传的人"),
            help_text=_("归哪个组织，那里和上级的组织员就能用它、管理它；上传的人调走了也不会没人管。"),
        )

    def clean_node(self) -> Node | None:
        node: Node | None = self.cleaned_data["node"]
        return node or self._stored  # what belongs to a unit is not taken back from it

    def save(self, commit: bool = True) -> Any:
        item = super().save(commit=commit)  # type: ignore[misc]
        chosen = self.cleaned_data.get("node")
        if commit and chosen is not None and chosen != self._stored:
            give_to(item, chosen)
        return item
