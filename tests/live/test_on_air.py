"""``manage.py on_air``: which lectures an upgrade waits for."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from live import operations
from tests.factories.live import make_lecture, make_live
from tests.factories.organizations import make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def on_air() -> list[str]:
    out = StringIO()
    call_command("on_air", stdout=out)
    return out.getvalue().splitlines()


def test_only_what_is_on_the_air_is_named_and_nothing_when_none_is() -> None:
    world = make_county()
    make_lecture(world)
    assert on_air() == []
    lecture = make_live(world)
    named = on_air()
    assert [line.split("\t")[0] for line in named] == [str(lecture.pk)]
    assert named[0].endswith(lecture.occasion.title)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert on_air() == []
