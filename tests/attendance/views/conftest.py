"""The same small world for every page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from organizations.models import User
from tests.attendance.reports.conftest import World, world

__all__ = ["World", "sign_in", "world"]


@pytest.fixture
def sign_in(settings: Any) -> Callable[[User], Client]:
    """Give a signed-in client for a person."""

    def signed(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed
