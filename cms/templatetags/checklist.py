"""What a page in the editor lacks (cms/checklist.py)."""

from typing import Any

from django import template

from cms.checklist import checklist_of
from cms.models import CoursePage, LessonPage, PathPage

register = template.Library()


@register.inclusion_tag("cms/admin/_checklist.html")
def checklist(page: Any) -> dict[str, Any]:
    """Draw what a lesson, a course or a learning path lacks; of a page that is not stored yet nothing is known."""
    known = isinstance(page, CoursePage | LessonPage | PathPage) and page.pk is not None
    return {"found": checklist_of(page) if known else None}
