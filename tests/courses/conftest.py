"""A county, and a course that is given there and was published as an editor publishes it."""

import pytest

from tests.factories.courses import Given, give_course
from tests.factories.organizations import County, make_county


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture
def given(world: County) -> Given:
    given = give_course(world.branch)
    for page in (given.page, given.lesson):
        type(page).objects.get(pk=page.pk).save_revision().publish()
    return given
