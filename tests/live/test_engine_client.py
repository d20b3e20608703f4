"""The connection to the engine without an engine: what happens to a request when it is gone."""

import asyncio
import gc

import pytest

from live.engines.base import UnableToReachEngine
from live.engines.janus import client
from live.engines.janus.client import Connection

pytestmark = pytest.mark.asyncio


class Frozen:
    """A socket whose other end reads nothing any more: sending hangs."""

    async def send(self, _text: str) -> None:
        await asyncio.sleep(60)


async def test_a_request_that_hangs_while_the_engine_goes_leaves_no_error_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Finding recording 8: "Future exception was never retrieved", of an answer that nobody had begun to wait for."""
    monkeypatch.setattr(client, "ANSWER_TIMEOUT_S", 0.05)
    complaints: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context["message"]))
    failed = await _asked_while_it_goes()
    for _ in range(3):
        await asyncio.sleep(0.01)  # the loop lets go of what it had called
        gc.collect()
    assert (failed, complaints) == ("no answer to keepalive", [])


async def _asked_while_it_goes() -> str:
    """What the request says; its frames, which hold the answer, are gone afterwards."""
    connection = Connection(Frozen(), "secret")  # type: ignore[arg-type]
    asked = asyncio.ensure_future(connection.request({"janus": "keepalive"}))
    await asyncio.sleep(0.01)
    connection._end()
    (failed,) = await asyncio.gather(asked, return_exceptions=True)
    return str(failed) if isinstance(failed, UnableToReachEngine) else repr(failed)
