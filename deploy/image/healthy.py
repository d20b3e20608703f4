"""Whether one part of the site works, by what the site knows of it: a container's health check.

Called by ``deploy/start.sh healthy``. ``pages N``, ``sockets N``: it answers /healthz at its own socket.
``worker QUEUES``, ``beat``, ``agent``: the site has heard of it lately, which the first process of sockets tells at
/readyz (METRICS_TOKEN). Exit status 0 or 1, and one line that says why. Needs nothing but Python: it is asked every
half minute, and Django would take seconds.
"""

import http.client
import json
import os
import re
import socket
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("RUNTIME_DIR", "/run/fingertip"))
TIMEOUT_S = 4
AGENT_SILENT_S = 60  # it beats every five seconds, also while nobody needs it


class Line(http.client.HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def token() -> str:
    """METRICS_TOKEN, as the settings read it."""
    if path := os.environ.get("METRICS_TOKEN_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get("METRICS_TOKEN", "")


def ask(part: str, address: str) -> tuple[int, bytes]:
    """Return status and body; raises OSError and HTTPException where nobody answers."""
    line = Line(FOLDER / f"{part}.sock")
    line.request("GET", address, headers={"Authorization": f"Bearer {token()}"})
    answer = line.getresponse()
    return answer.status, answer.read()


def unwell(part: str, checks: dict[str, dict[str, object]], queues: list[str]) -> str:
    """Return what is wrong with this part, by /readyz's checks; an empty text where nothing is."""
    name = {"agent": "media_agent"}.get(part, part)
    found = checks.get(name)
    if found is None:
        return f"nothing is known of {name}"
    detail = str(found["detail"])
    if part == "worker":  # another's queue is another's matter
        late = dict(one.split(": ", 1) for one in detail.split("; ")) if not found["ok"] else {}
        return "; ".join(f"{queue}: {late[queue]}" for queue in queues or late if queue in late)
    if part == "agent":  # /readyz is content while no lecture needs it
        heard = re.search(r"(\d+) s ago", detail)
        return "" if heard and int(heard[1]) <= AGENT_SILENT_S else detail
    return "" if found["ok"] else detail


def main(part: str, *more: str) -> str:
    if part in ("pages", "sockets"):
        status, _body = ask(f"{part}-{more[0]}", "/healthz")
        return "" if status == 200 else f"/healthz answers {status}"
    _status, body = ask("sockets-1", "/readyz")
    checks = json.loads(body).get("checks")
    if checks is None:
        return "/readyz tells no parts: METRICS_TOKEN is not the site's"
    return unwell(part, checks, "-".join(more).split("-") if more else [])


if __name__ == "__main__":
    try:
        why = main(*sys.argv[1:])
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = f"{type(error).__name__}: {error}"
    sys.exit(why or 0)
