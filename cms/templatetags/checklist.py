"""What a page in the editor lacks (cms/checklist.py)."""

from typing import Any

from django import template

from cms.checklist import Checklist, checklist_of, refused_in
from cms.models import CoursePage, LessonPage, PathPage

register = template.Library()


@register.inclusion_tag("cms/admin/_checklist.html")
def checklist(page: Any, form: Any = None) -> dict[str, Any]:
    """Draw what a lesson, a course or a learning path lacks; of a page that is not stored yet nothing is known, but for
    what refused a ``form`` that was sent."""
    if not isinstance(page, CoursePage | LessonPage | PathPage):
        return {"found": None}
    if page.pk is None:
        refused = tuple(refused_in(form)) if form is not None and form.is_bound else ()
        return {"found": Checklist(refused, ()) if refused else None}
    return {"found": checklist_of(page, form)}
