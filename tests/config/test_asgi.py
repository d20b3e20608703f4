"""The ASGI process serves a page in one thread, whatever looks at it on its way."""

from typing import Any

import pytest
from asgiref.sync import AsyncToSync, SyncToAsync
from asgiref.testing import ApplicationCommunicator

from config.asgi import pages

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


async def test_a_page_crosses_between_loop_and_thread_for_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its beginning, the page with all its middleware, its end; Django's own handler crosses fourteen times."""
    crossings: list[str] = []
    to_thread, to_loop = SyncToAsync.__call__, AsyncToSync.__call__

    async def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        crossings.append("thread")
        return await to_thread(self, *args, **kwargs)

    def counted_back(self: Any, *args: Any, **kwargs: Any) -> Any:
        crossings.append("loop")
        return to_loop(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", counted)
    monkeypatch.setattr(AsyncToSync, "__call__", counted_back)
    path = "/accounts/login/"
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("testserver", 80)}
    browser = ApplicationCommunicator(pages, {**scope, "headers": [(b"host", b"testserver")]})
    await browser.send_input({"type": "http.request", "body": b"", "more_body": False})
    started = await browser.receive_output(30)
    body = await browser.receive_output(30)
    await browser.wait(30)
    assert started["status"] == 200
    assert b"<form" in body["body"] or dict(started["headers"]).get(b"Content-Encoding") == b"gzip"
    assert len(crossings) <= 3, crossings
    assert "loop" not in crossings
