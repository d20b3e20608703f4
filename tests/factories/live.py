"""Lectures for tests. ``make_live`` goes through the real operations, as a lecturer does."""

import datetime as dt
from typing import Any

import factory
from django.utils import timezone

from live.models import ChatMessage, Lecture
from live.operations import go_live
from tests.factories.attendance import OccasionFactory, TrainingFactory
from tests.factories.organizations import County, UserFactory

HOUR = dt.timedelta(hours=1)


class LectureFactory(factory.django.DjangoModelFactory[Lecture]):
    """A scheduled lecture; ``LectureFactory(occasion__starts_at=…)``."""

    class Meta:
        model = Lecture

    occasion = factory.SubFactory(OccasionFactory)
    lecturer = factory.SubFactory(UserFactory)


class ChatMessageFactory(factory.django.DjangoModelFactory[ChatMessage]):
    class Meta:
        model = ChatMessage

    lecture = factory.SubFactory(LectureFactory)
    author = factory.SubFactory(UserFactory)
    client_id = factory.Sequence(lambda n: f"phone-{n}")
    text = factory.Sequence(lambda n: f"第{n}句话")
    at = factory.LazyFunction(timezone.now)


def make_lecture(world: County, *, node: Any = None, **fields: Any) -> Lecture:
    """A lecture for ``node`` (the world's first branch), planned from a minute ago for an hour, by the lecturer."""
    node = node or world.branch
    start = fields.pop("starts_at", None) or timezone.now() - dt.timedelta(minutes=1)
    occasion = OccasionFactory(
        training=TrainingFactory(node=node), title="防汛避险", starts_at=start, ends_at=start + HOUR
    )
    return LectureFactory(occasion=occasion, lecturer=world.lecturer, **fields)


def make_live(world: County, **fields: Any) -> Lecture:
    """The same, planned and on air since ten minutes ago: long enough to have been held when it ends now."""
    began = timezone.now() - dt.timedelta(minutes=10)
    lecture = make_lecture(world, **{"starts_at": began, **fields})
    go_live(occasion_id=lecture.pk, as_of=began)
    lecture.refresh_from_db()
    return lecture
