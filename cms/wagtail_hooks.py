"""Wagtail's admin, cut down to what organisers need."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin import filters as media_filters
from wagtail.admin.views.account import AvatarSettingsPanel
from wagtail.admin.views.pages.bulk_actions.page_bulk_action import DefaultPageForm
from wagtail.admin.views.pages.listing import GenericPageFilterSet, PageFilterSet
from wagtail.admin.widgets.button import Button
from wagtail.documents.models import AbstractDocument
from wagtail.images.views import chooser as picture_chooser
from wagtail.models import Page
from wagtail.permissions import policy_registry

import cms.links
import cms.office  # noqa: F401 - both register their hooks
from cms import pack_views
from cms.library import may_look_at
from cms.listings import tell_whose
from cms.models import CourseIndexPage, CoursePage
from cms.queries import LESSON_DELETED, editors_of, owners_of
from cms.reviewing import NOT_PUBLISHED, NOT_WITHDRAWN
from organizations.models import Role, User
from organizations.permissions import has_role

# Wagtail's own reports and help are about its machinery, not about learning; what is closed (middleware.py) is not
# offered.
HIDDEN = {"reports", "help"}
CLOSED_SETTINGS = {"redirects", "workflows", "workflow-tasks"}

# A portrait would be kept with all that the camera wrote into it, and no page of ours shows one.
AvatarSettingsPanel.is_active = lambda self: False


def no_tags(model: Any, count: int = 0) -> list[Any]:
    """Stand in the place of Wagtail's ten most popular tags, which are words from the whole tree."""
    return []


media_filters.popular_tags_for_model = picture_chooser.popular_tags_for_model = no_tags


tell_whose()


# Wagtail left the name of this field to be made from its English key.
DefaultPageForm.base_fields["include_descendants"].label = _("连同里面的课")


@hooks.register("construct_main_menu")
def keep_to_the_work(request: HttpRequest, items: list[Any]) -> None:
    items[:] = [item for item in items if item.name not in HIDDEN]


@hooks.register("construct_settings_menu")
def keep_to_what_is_open(request: HttpRequest, items: list[Any]) -> None:
    items[:] = [item for item in items if item.name not in CLOSED_SETTINGS]


def owners_of_ones_own(request: HttpRequest) -> QuerySet[User]:
    """Return the authors of the pages that this editor sees; Wagtail's list of pages offers those of the whole tree."""
    own = policy_registry.get_by_type(Page).explorable_instances(request.user)
    return owners_of(own)


def editors_of_ones_own(request: HttpRequest) -> QuerySet[User]:
    """Return who changed the pages that this editor sees."""
    own = policy_registry.get_by_type(Page).explorable_instances(request.user)
    return editors_of(own)


for page_filters in (PageFilterSet, GenericPageFilterSet):
    page_filters.base_filters["owner"].queryset = owners_of_ones_own
    page_filters.base_filters["edited_by"].queryset = editors_of_ones_own


@hooks.register("before_serve_document")
def documents_are_for_editors(document: AbstractDocument, request: HttpRequest) -> None:
    """Members get documents through the lesson that offers them; this address is the library's."""
    if not isinstance(request.user, User) or not may_look_at(request.user, document):
        raise Http404


@hooks.register("construct_page_chooser_queryset")
def choose_among_ones_own(pages: QuerySet[Page], request: HttpRequest) -> QuerySet[Page]:
    """Wagtail's chooser lists every child of a page; other organisations' courses do not exist for this editor."""
    own = policy_registry.get_by_type(Page).explorable_instances(request.user)
    return pages.filter(pk__in=own.values("pk"))


@hooks.register("register_log_actions")
def log_actions(actions: Any) -> None:
    """What a course's history says beyond Wagtail's own."""
    actions.register_action(LESSON_DELETED, _("删除一讲"), _("删除了其中的一讲"))
    actions.register_action(NOT_PUBLISHED, _("没有按时发布"), _("到了定好的时间，没有发布"))
    actions.register_action(NOT_WITHDRAWN, _("没有按时撤下"), _("到了定好的时间，没有撤下"))


@hooks.register("register_admin_urls")
def course_files() -> list[URLPattern]:
    return [
        path("course-files/import/", pack_views.course_import, name="cms_course_import"),
        path("course-files/<int:course_id>/export/", pack_views.course_export, name="cms_course_export"),
    ]


@hooks.register("register_page_header_buttons")
def ways_of_files(page: Page, user: Any, view_name: str, next_url: str | None = None) -> Iterator[Button]:
    """A course goes out where it is edited, and comes in where courses lie."""
    if page.specific_class is CoursePage and page.pk and page.permissions_for_user(user).can_edit():
        yield Button(_("导出成文件"), reverse("cms_course_export", args=[page.pk]), icon_name="download", priority=45)
    elif page.specific_class is CourseIndexPage and has_role(user, Role.ORGANISER):
        yield Button(_("从文件导入课程"), reverse("cms_course_import"), icon_name="upload", priority=45)
