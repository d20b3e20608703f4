"""What happens around Wagtail's editor: two authors on one page, a draft that is not complete, a session that ends.

Wagtail asks by hooks; cms/apps.py imports this module when all apps are there.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from wagtail import hooks
from wagtail.admin.widgets.button import HeaderButton
from wagtail.models import Page

from cms.checklist import lesson_to_add, refused_for
from cms.forms import WINDOW
from cms.models import CoursePage, LessonPage, PathPage
from cms.operations import give_page
from cms.permissions import editable_nodes
from cms.queries import lessons_written
from cms.review import APPROVE
from cms.reviewing import edit_url
from cms.sentences import editor_words
from organizations.models import User
from organizations.unit_choice import UnitInput


@hooks.register("before_edit_page")
def notice_a_newer_version(request: HttpRequest, page: Page) -> None:
    """Tell the form (cms/forms.py) of a version stored after this author opened the page.

    Wagtail asks this only for its autosave; a click on save would put the older text over the newer one in silence.
    """
    opened = request.POST.get("loaded_revision_id")
    if not opened or not page.latest_revision_id or not request.accepts("text/html"):
        return
    latest = page.latest_revision
    as_opened = opened == str(latest.pk) and request.POST.get("loaded_revision_created_at", "") in (
        "",
        latest.created_at.isoformat(),
    )
    # The answer to this very page's autosave may be on its way yet, or lost.
    window = request.POST.get("editor_window", "")
    is_own = bool(window) and latest.user_id == request.user.pk and latest.content.get(WINDOW) == window
    if not as_opened and not is_own:
        page.saved_meanwhile = latest


def is_complete(page: LessonPage | CoursePage | PathPage) -> bool:
    """Say whether a lesson, a course or a learning path has all that publishing asks for."""
    return not refused_for(page)


@hooks.register("before_bulk_action")
def publish_complete_lessons_only(
    request: HttpRequest, action_type: str, objects: list[Any], action: Any
) -> HttpResponse | None:
    """The list's own 发布 shows no form that could ask for what is missing."""
    if action_type != "publish" or request.method != "POST":
        return None
    lacking = [page for page in [*_lessons_in(objects, action), *_paths_in(objects)] if not is_complete(page)]
    if not lacking:
        return None
    names = "、".join(f"《{page.title}》" for page in lacking)
    messages.error(request, _("%(names)s还没有写完，没有发布。请打开它，点“发布”，按提示补上。") % {"names": names})
    return redirect(reverse("wagtailadmin_explore", args=[lacking[0].get_parent().pk]))


def _lessons_in(objects: list[Any], action: Any) -> list[LessonPage]:
    paths = [page.path for page in objects]
    form = getattr(action, "cleaned_form", None)
    if form is not None and form.cleaned_data.get("include_descendants"):
        drafts = LessonPage.objects.not_live()
        lessons = [lesson for start in paths for lesson in drafts.filter(path__startswith=start)]
    else:
        lessons = list(LessonPage.objects.filter(path__in=paths))
    return [lesson.get_latest_revision_as_object() for lesson in lessons]


def _paths_in(objects: list[Any]) -> list[PathPage]:
    paths = PathPage.objects.filter(pk__in=[page.pk for page in objects])
    return [path.get_latest_revision_as_object() for path in paths]


@hooks.register("after_create_page")
@hooks.register("after_edit_page")
def go_on_with_lessons(request: HttpRequest, page: Page) -> HttpResponse | None:
    """Stay with a course that was published without lessons: they are next, and Wagtail's list has no word of them."""
    is_new = isinstance(page, CoursePage) and page.live and not lessons_written(page).exists()
    if not is_new or not request.POST.get("action-publish"):
        return None
    return redirect("wagtailadmin_pages:edit", page.pk)


@hooks.register("after_edit_page")
def show_why_it_is_not_published(request: HttpRequest, page: Page) -> HttpResponse | None:
    """Stay with a page that was approved just now and waits: at its top stands for what (cms/reviewing.py)."""
    if request.POST.get("action-workflow-action") and request.POST.get("workflow-action-name") == APPROVE:
        page.refresh_from_db(fields=["has_unpublished_changes"])
        return redirect(edit_url(page.pk)) if page.has_unpublished_changes else None
    return None


@hooks.register("after_copy_page")
def go_on_with_the_copy(request: HttpRequest, page: Page, new_page: Page) -> HttpResponse | None:
    """Give a copied course or learning path to the organisation that was chosen, and open it."""
    model = new_page.specific_class
    if model not in (CoursePage, PathPage) or not isinstance(request.user, User):
        return None
    if node := request.POST.get("node"):
        node_id = editable_nodes(request.user).get(pk=node).pk  # the form has asked
        give_page(model=model, page_id=new_page.pk, node_id=node_id, author_id=request.user.pk)
    return redirect("wagtailadmin_pages:edit", new_page.pk)


@hooks.register("register_page_header_buttons")
def add_a_lesson(page: Page, user: Any, view_name: str, next_url: str | None = None) -> list[HeaderButton]:
    """Offer the next lesson beside a course and beside each of its lessons."""
    course = page.specific if page.specific_class is CoursePage else None
    if page.specific_class is LessonPage:
        course = page.get_parent().specific
    if view_name != "edit" or course is None or not course.permissions_for_user(user).can_add_subpage():
        return []
    return [HeaderButton(_("加一讲"), url=lesson_to_add(course), icon_name="plus", priority=5)]


@require_safe
@never_cache
def signed_in(request: HttpRequest) -> JsonResponse:
    """Answer the editor's script whose session this is; anybody else is led to the sign-in page by Wagtail."""
    return JsonResponse({"user": request.user.pk})


@hooks.register("register_admin_urls")
def editing_urls() -> list[URLPattern]:
    return [path("signed-in/", signed_in, name="cms_signed_in")]


@hooks.register("insert_editor_js")
def units_in_choosers() -> SafeString:
    """What an editor chooses from comes in later, without the scripts and styles of its own (``cms.listings``)."""
    return UnitInput().media.render()


@hooks.register("insert_editor_js")
def editor_script() -> SafeString:
    """The island that keeps what was typed when the session ends (frontend/src/editor)."""
    data = {
        "signed_in": reverse("cms_signed_in"),
        "sign_in": reverse("account_login"),
        "words": editor_words(),
    }
    return format_html(
        '<link rel="stylesheet" href="{}">{}<script src="{}" defer></script>',
        static("css/editor.css"),
        json_script(data, "editor-data"),
        static("js/editor.js"),
    )
