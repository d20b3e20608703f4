"""A lesson of a course that is given, with a package in it."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone

from packages.models import Package
from packages.operations import add_package
from tests.factories.cms import LessonPageFactory
from tests.factories.courses import Given, give_course
from tests.factories.organizations import County, make_county
from tests.packages.zips import make_package


@dataclass(frozen=True)
class Placed:
    """``lesson`` and ``url``: addresses of the lesson and of the package in it."""

    county: County
    given: Given
    package: Package
    lesson: str
    url: str


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def package(county: County, var_dir: Any) -> Package:
    return add_package(
        file=make_package(), title="", node_id=county.branch.pk, made_by_id=county.organiser.pk, as_of=timezone.now()
    )


@pytest.fixture
def placed(county: County, package: Package) -> Placed:
    given = give_course(county.branch)
    lesson = LessonPageFactory(course=given.page, body=[("package", package)])
    url = f"/courses/{given.run.pk}/{lesson.pk}/"
    return Placed(county, given, package, url, f"{url}packages/{package.pk}/")
