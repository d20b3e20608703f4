"""The way to a package inside a lesson: it comes from whoever shows the lesson (cms/templatetags/lesson.py)."""

from typing import Any

from django import template

from packages.sentences import Shown

register = template.Library()


@register.simple_tag
def package_of(links: Any, package: Any) -> Shown:
    """Return where the package is studied, and what it said of the reader."""
    found: Shown = links.package(package)
    return found
