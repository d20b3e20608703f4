"""The same small world for every page."""

from collections.abc import Callable

import pytest
from django.test import Client

from organizations.models import User
from tests.attendance.reports.conftest import World, world

__all__ = ["World", "sign_in", "world"]


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """Give a signed-in client for a person."""

    def signed(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed
