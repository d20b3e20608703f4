"""Who looked at whose record: one's own list, and the auditor's."""

import datetime as dt
from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from organizations.models import AccessEntry, Role
from organizations.permissions import role_required
from organizations.queries import access_entries, namesakes
from organizations.sentences.access import BY_COMMAND, KINDS, cards

ENTRIES_PER_PAGE = 50
MOST_EARLY, MOST_LATE = dt.date(2000, 1, 1), dt.date(2999, 12, 31)
MOST_MEANT = 5  # people of one name whose lists are looked through


@role_required()
@require_safe
def my_access(request: HttpRequest) -> HttpResponse:
    """谁看过我的记录: as many reads a page as before, together by reader and day."""
    page = Paginator(access_entries(subject_id=request.user.pk), ENTRIES_PER_PAGE).get_page(request.GET.get("page"))
    context = {"tab": "me", "page": page, "cards": cards(page), "has_store": bool(settings.LRS.url)}
    return render(request, "organizations/my_access.html", context)


class AuditForm(forms.Form):
    """Which reads: by whom, about whom, of what, on which day. What is no value asks for nothing."""

    by = forms.CharField(label=_("谁查阅的（姓名）"), max_length=60, required=False)
    about = forms.CharField(
        label=_("查阅了谁（姓名）"),
        max_length=60,
        required=False,
        help_text=_("写全名；有这个人的名单和文件也会列出。"),
    )
    what = forms.ChoiceField(label=_("看了什么"), choices=[("", _("全部")), *KINDS.items()], required=False)
    day = forms.DateField(
        label=_("哪一天"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    @property
    def is_used(self) -> bool:
        """Whether anything is asked for."""
        return self.is_valid() and any(self.cleaned_data.values())

    def clean_day(self) -> dt.date | None:
        """A day of this log; the first and the last that a calendar has would not fit into moments."""
        day: dt.date | None = self.cleaned_data["day"]
        if day is not None and not MOST_EARLY <= day <= MOST_LATE:
            raise forms.ValidationError(_("请填写 2000 年到 2999 年之间的日期。"))
        return day

    def chosen(self) -> QuerySet[AccessEntry]:
        """The entries that are asked for; of a question that is no question none, for the page then says why."""
        if not self.is_valid():
            return access_entries().none()
        asked: dict[str, Any] = self.cleaned_data
        entries = access_entries()
        if by := asked.get("by"):
            by_command = Q(reader=None) if by in str(BY_COMMAND) else Q(pk__in=())
            entries = entries.filter(Q(reader__name__icontains=by) | by_command)
        if about := asked.get("about"):
            covered = Q(subject__name__icontains=about)
            for person_id in namesakes(about).values_list("pk", flat=True)[:MOST_MEANT]:
                covered |= Q(pk__in=access_entries(subject_id=person_id).order_by().values("pk"))
            entries = entries.filter(covered)
        if what := asked.get("what"):
            entries = entries.filter(what=what)
        if day := asked.get("day"):
            start = timezone.make_aware(dt.datetime.combine(day, dt.time.min))
            entries = entries.filter(at__gte=start, at__lt=start + dt.timedelta(days=1))
        return entries


@role_required(Role.AUDITOR)
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """The whole log, newest first, or what is asked for; nobody can change or erase it here."""
    form = AuditForm(request.GET)
    page = Paginator(form.chosen(), ENTRIES_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "organizations/audit.html", {"tab": "audit", "page": page, "form": form})
