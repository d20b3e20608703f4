"""What every list and form of the ledger in Wagtail's admin shares: only one's own subtree exists, and nothing that is
refused loses what was typed."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import Model, ProtectedError, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.components import MediaContainer
from wagtail.admin.views import generic
from wagtail.admin.views.generic import history
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.permission_policies.base import BasePermissionPolicy

from organizations.uses import Use


class Guarded:
    """Puts the policy in front of every list and every single object of a viewset; outside the subtree is 404."""

    request: HttpRequest
    permission_policy: BasePermissionPolicy
    instance_action = "view"

    def get_base_queryset(self) -> QuerySet[Any, Any]:
        mine = self.permission_policy.instances_user_has_any_permission_for(self.request.user, ["view"])
        return super().get_base_queryset() & mine  # type: ignore[misc]

    def get_object(self, *args: Any, **kwargs: Any) -> Model:
        found: Model = super().get_object(*args, **kwargs)  # type: ignore[misc]
        if not self.permission_policy.user_has_permission_for_instance(self.request.user, self.instance_action, found):
            raise Http404
        return found


class GuardedIndex(Guarded, generic.IndexView):
    joined: tuple[str, ...] = ()

    def get_base_queryset(self) -> QuerySet[Any, Any]:
        found = super().get_base_queryset()
        return found.select_related(*self.joined) if self.joined else found


class RefusedBySaving:
    """An operation's refusal becomes a sentence above the form; everything typed stays."""

    error_message = _("请看下面写的。")

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            return super().form_valid(form)  # type: ignore[misc]
        except ValidationError as error:
            form.add_error(None, error)
            # Wagtail asks its own validation for this sentence; ours came later.
            self.produced_error_message = self.error_message
            return self.form_invalid(form)  # type: ignore[attr-defined]


class WithoutStatus:
    """No panel at the side: Wagtail's says "published" and "used 0 times", and its index knows nothing of either."""

    def get_side_panels(self) -> MediaContainer:
        return MediaContainer([])


class SavedIfChanged:
    """Whoever saves what stands there already has changed nothing: there is nothing to write, and no history of it."""

    form: Any

    def save_instance(self) -> Model:
        if self.form.is_unchanged:
            kept: Model = self.form.instance
            return kept
        saved: Model = super().save_instance()  # type: ignore[misc]
        return saved


class GuardedCreate(WithoutStatus, RefusedBySaving, generic.CreateView):
    template_name = "attendance/admin/create.html"


class GuardedEdit(WithoutStatus, SavedIfChanged, RefusedBySaving, Guarded, generic.EditView):
    instance_action = "change"
    template_name = "attendance/admin/edit.html"


class GuardedDelete(Guarded, generic.DeleteView):
    """Deletes what nothing needs; of everything else it says in words what needs it, and what can be done instead."""

    instance_action = "delete"
    template_name = "attendance/admin/delete.html"
    http_method_names = ["get", "head", "post", "options"]  # Django's DELETE would ask nobody
    why_not = _("还不能删除，因为：")
    instead: Any = ""

    def uses(self) -> list[Use]:
        """Return what needs the object."""
        return []

    def get_usage(self) -> None:
        return None

    def get_usage_url(self) -> None:
        return None

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.uses():
            return self.refused()
        key = self.object.pk
        try:
            return super().post(request, *args, **kwargs)
        except (ProtectedError, IntegrityError):
            # Somebody began to use it in this moment: Django saw it, or the database did when it committed.
            self.object.pk = key  # Django takes it away before the commit that fails
            return self.refused()

    def refused(self) -> HttpResponse:
        return self.render_to_response(self.get_context_data(), status=409)

    def uses_now(self) -> list[Use]:
        """Return what needs it; where it was refused and nothing does any more, that somebody did."""
        late = [Use(str(_("刚刚有人用上了它，请过一会儿再看")), blocks=True)]
        return self.uses() or (late if self.request.method == "POST" else [])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        told = {"uses": self.uses_now(), "why_not": self.why_not, "instead": self.instead}
        return {**context, **told, "back_url": self.get_success_url()}


class GuardedObject:
    """The same for views whose list is about one object."""

    request: HttpRequest
    permission_policy: BasePermissionPolicy

    def get_object(self, *args: Any, **kwargs: Any) -> Model:
        found: Model = super().get_object(*args, **kwargs)  # type: ignore[misc]
        if not self.permission_policy.user_has_permission_for_instance(self.request.user, "change", found):
            raise Http404
        return found


class GuardedHistory(GuardedObject, history.HistoryView):
    pass


class GuardedViewSet(ModelViewSet):
    """A viewset all of whose views ask the policy for the object, not only for the model."""

    index_view_class = GuardedIndex
    add_view_class = GuardedCreate
    edit_view_class = GuardedEdit
    delete_view_class = GuardedDelete
    history_view_class = GuardedHistory
    create_template_name = "attendance/admin/create.html"
    edit_template_name = "attendance/admin/edit.html"
    delete_template_name = "attendance/admin/delete.html"
    copy_view_enabled = False
    add_to_reference_index = False
    list_export: list[str] = []

    def get_urlpatterns(self) -> list[Any]:
        return without_usage(super().get_urlpatterns())


def without_usage(patterns: list[Any]) -> list[Any]:
    """Leave out Wagtail's page of uses: its index knows none, and the page would say so."""
    return [pattern for pattern in patterns if pattern.name != "usage"]
