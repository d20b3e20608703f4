"""Publishing what people study now, or a path with steps that nobody sees: said beforehand, done when somebody says
yes.

What was written is a draft by then: nothing is lost whatever they answer.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from wagtail.models import Page

from cms.editing import is_complete
from cms.models import CoursePage, LessonPage, PathPage
from courses.changes import when_made_public, when_path_made_public
from courses.guard import Asked, answer
from organizations.models import User


def before_publishing(request: HttpRequest, page: Page) -> HttpResponse | None:
    """Wagtail's hook, after the draft was stored: answer with who is touched, if anybody is; None goes on.

    What is to be published later is asked about as of then.
    """
    if not isinstance(page, CoursePage | LessonPage | PathPage) or not isinstance(request.user, User):
        return None
    asked = _asked(page, request.user)
    if not asked.uses:
        return None
    action = reverse("uses_publish", args=[page.pk, page.latest_revision_id])
    return answer(request, asked, action=action, note=_("写的内容已经存为草稿，还没有发布。"))


@require_POST
def publish(request: HttpRequest, page_id: int, revision_id: int) -> HttpResponse:
    """Publish the draft about which was asked; a newer one is looked at first."""
    page = get_object_or_404(Page, pk=page_id).specific
    if (
        not isinstance(page, CoursePage | LessonPage | PathPage)
        or not page.permissions_for_user(request.user).can_publish()
    ):
        raise Http404
    if (lock := page.get_lock()) is not None and lock.for_user(request.user):
        messages.error(request, _locked_said(page))
        return redirect("wagtailadmin_pages:edit", page_id)
    if page.latest_revision_id != revision_id:
        messages.warning(request, _("刚才又有新的修改，请看过以后再发布。"))
        return redirect("wagtailadmin_pages:edit", page_id)
    draft = page.get_latest_revision_as_object()
    if not is_complete(draft):
        messages.error(
            request, _("《%(title)s》还没有写完，没有发布。请点“发布”，按提示补上。") % {"title": draft.title}
        )
        return redirect("wagtailadmin_pages:edit", page_id)
    asked = _asked(draft, request.user)
    if asked.uses and not asked.is_agreed(request):
        return answer(request, asked, action=request.path, note=_("写的内容已经存为草稿，还没有发布。"))
    page.latest_revision.publish(user=request.user)
    is_later = draft.go_live_at is not None and draft.go_live_at > timezone.now()
    said = _("“%(title)s”会按时发布。") if is_later else _("“%(title)s”已发布。")
    messages.success(request, said % {"title": draft.title})
    return redirect("wagtailadmin_explore", page.get_parent().pk)


def _locked_said(page: Any) -> str:
    said = {"title": page.get_admin_display_title(), "name": page.locked_by.name if page.locked_by else ""}
    if said["name"]:
        return _("“%(title)s”被%(name)s锁定了，没有发布。请先请%(name)s解锁；写的内容还在草稿里。") % said
    return _("“%(title)s”锁定了，没有发布。请先解锁；写的内容还在草稿里。") % said


def _asked(page: Any, user: Any) -> Asked:
    is_path = isinstance(page, PathPage)
    uses = when_path_made_public(page) if is_path else when_made_public(page, user=user, as_of=timezone.now())
    back = reverse("wagtailadmin_pages:edit", args=[page.pk])
    return Asked(_("发布"), (page.title,), _("我知道了，发布"), tuple(uses), back)
