"""Videos, jobs and uploads; their files are made by tests/media/clips.py."""

import uuid
from datetime import timedelta

import factory
from django.utils import timezone

from media.models import Job, Upload, Video
from tests.factories.organizations import UserFactory


class VideoFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Video

    id = factory.LazyFunction(uuid.uuid4)
    title = factory.Sequence(lambda number: f"防汛安全 第{number}讲")
    source_name = "防汛.mp4"
    created_by = factory.SubFactory(UserFactory)


class ReadyVideoFactory(VideoFactory):
    """A row that says it is ready; its files are not there."""

    state = Video.State.READY
    progress = 100
    duration_ms = 60_000
    width, height = 1280, 720
    folder = factory.LazyAttribute(lambda video: f"videos/{video.id}/{'0' * 32}")
    renditions = factory.LazyFunction(
        lambda: [
            {
                "name": "480p",
                "file": "480p.m3u8",
                "kind": "video",
                "width": 854,
                "height": 480,
                "bandwidth": 664_000,
                "copied": False,
            },
            {
                "name": "audio",
                "file": "audio.m3u8",
                "kind": "audio",
                "width": 0,
                "height": 0,
                "bandwidth": 48_000,
                "copied": False,
            },
        ]
    )


class JobFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Job

    video = factory.SubFactory(VideoFactory)


class UploadFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Upload

    owner = factory.SubFactory(UserFactory)
    filename = "防汛.mp4"
    length = 1000
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))
