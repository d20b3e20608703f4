"""``python -m tests.e2e.browsers.firefox ARGUMENT…``: Debian's Firefox as Playwright starts it, by WebDriver BiDi.

Playwright asks every Firefox to emulate what only newer ones than the ESR know, such as a colour scheme, and gives up
at the first "unknown command". So a door stands between them: of ``emulation.*`` alone, what this Firefox does not know
is answered as if it were done. Nothing that a test looks at is emulated by those.
"""

import asyncio
import contextlib
import json
import re
import signal
import sys

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

FIREFOX = "/usr/bin/firefox-esr"
LISTENS = re.compile(r"(WebDriver BiDi listening on )(ws://\S+)")
SAME_PATH = "/session"


class Door:
    """One client's line to the browser at ``url``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.emulating: set[int] = set()

    async def open(self, client: ServerConnection) -> None:
        async with connect(self.url + SAME_PATH, max_size=None, compression=None) as browser:
            ways = [asyncio.create_task(self.ask(client, browser)), asyncio.create_task(self.answer(browser, client))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()

    async def ask(self, client: ServerConnection, browser: ClientConnection) -> None:
        async for text in client:
            asked = json.loads(text)
            if asked["method"].startswith("emulation."):
                self.emulating.add(asked["id"])
            await browser.send(text)

    async def answer(self, browser: ClientConnection, client: ServerConnection) -> None:
        async for text in browser:
            said = json.loads(text)
            if said.get("id") in self.emulating and said.get("error") == "unknown command":
                text = json.dumps({"type": "success", "id": said["id"], "result": {}})
            await client.send(text)


async def main(arguments: list[str]) -> int:
    """Run Firefox, say the door's address instead of its own, end with it."""
    firefox = await asyncio.create_subprocess_exec(FIREFOX, *arguments, stderr=asyncio.subprocess.PIPE)
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, firefox.terminate)
    async with contextlib.AsyncExitStack() as stack:
        assert firefox.stderr
        async for line in firefox.stderr:
            text = line.decode(errors="replace")
            if found := LISTENS.search(text):
                door = Door(found[2])
                server = await stack.enter_async_context(
                    serve(door.open, "127.0.0.1", 0, max_size=None, compression=None)
                )
                port = server.sockets[0].getsockname()[1]
                text = f"{found[1]}ws://127.0.0.1:{port}\n"
            sys.stderr.write(text)
            sys.stderr.flush()
        return await firefox.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
