"""Managers and querysets of people and the organisation tree."""

import secrets
from typing import Any

from django.contrib.auth.base_user import BaseUserManager
from treebeard.mp_tree import MP_NodeManager


class UserManager(BaseUserManager[Any]):
    def create_user(self, *, name: str, username: str = "", password: str | None = None, **fields: Any) -> Any:
        """Create a person; the username is random unless given (people sign in by phone)."""
        user = self.model(name=name, username=username or secrets.token_hex(12), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, name: str, password: str | None = None, **fields: Any) -> Any:
        return self.create_user(
            name=name, username=username, password=password, is_staff=True, is_superuser=True, **fields
        )


class NodeManager(MP_NodeManager):
    pass
