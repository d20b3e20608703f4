"""A member downloads all about themselves, whatever app holds it; and nothing about anybody else."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from live.models import ChatMessage
from tests.factories.live import LectureFactory
from tests.factories.organizations import UserFactory

pytestmark = pytest.mark.django_db


def test_own_words_are_in_the_download_and_others_are_not(client: Client) -> None:
    member, other = UserFactory(), UserFactory()
    lecture, now = LectureFactory(), timezone.now()
    for number, (author, text) in enumerate([(member, "我说的"), (other, "别人说的")]):
        ChatMessage.objects.create(
            lecture=lecture, author=author, client_id=str(number), text=text, at=now + timedelta(seconds=number),
            is_host=author == member,
        )  # fmt: skip
    client.force_login(member)
    answer = client.get("/me/data.json")
    assert answer.status_code == 200
    assert [(one["text"], one["is_host"]) for one in answer.json()["chat"]] == [("我说的", True)]
    assert "别人说的" not in answer.content.decode()
