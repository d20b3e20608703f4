"""Somebody at a form of the back office that asks before it saves: sends it, reads what is asked, agrees."""

import re
from typing import Any

from django.test import Client


def hidden(page: str, name: str) -> str:
    """What a page carries under that name without anybody typing it."""
    found = re.search(rf'name="{name}" value="([0-9a-f]+)"', page)
    assert found, name
    return found[1]


def sure(answer: Any) -> dict[str, str]:
    """What is sent back by somebody who agrees to exactly what this page says; nothing where it has no button."""
    found = re.search(r'name="sure" value="([^"]+)"', answer.content.decode())
    return {"sure": found[1]} if found else {}


class Office:
    """One person at the form of one thing."""

    def __init__(self, client: Client, url: str) -> None:
        self.client = client
        self.url = url

    def post(self, values: dict[str, Any]) -> Any:
        return self.client.post(self.url, values)

    def open(self) -> dict[str, str]:
        """What the page carries unseen."""
        return {"seen": hidden(self.client.get(self.url).content.decode(), "seen")}

    def saved(self, values: dict[str, Any]) -> list[str]:
        """Save, agree to what is asked, and return what was asked."""
        first = self.post(values)
        if first.status_code == 302:
            return []
        effects = first.context["form"].effects
        assert effects, first.context["form"].errors
        page = first.content.decode()
        again = self.post({**values, "seen": hidden(page, "seen"), "agreed": hidden(page, "agreed")})
        assert again.status_code == 302, again.context["form"].errors
        return list(effects)

    def refused(self, values: dict[str, Any]) -> dict[str, Any]:
        """Save what cannot be, and return the errors by field."""
        answer = self.post(values)
        assert answer.status_code == 200
        errors: dict[str, Any] = answer.context["form"].errors
        assert errors
        return errors
