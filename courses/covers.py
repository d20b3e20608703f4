"""The covers of courses as their members see them."""

import hashlib
from typing import Any

from django.urls import reverse

from cms.covers import Cover
from courses.models import CourseRun


def cover_of(run: CourseRun) -> Cover:
    """Return the cover of a course that is given; no query where ``page__cover`` was loaded with the run."""
    picture = run.page.cover
    if picture is None:
        return Cover(run.page.title)
    return Cover(run.page.title, of_file(reverse("courses_cover", args=[run.pk]), picture))


def of_file(url: str, item: Any) -> str:
    """Return an address that changes with the file: browsers keep what they have got for a day."""
    version = hashlib.sha256(f"{item.file.name} {item.file_hash} {item.file_size}".encode()).hexdigest()[:10]
    return f"{url}?f={version}"
