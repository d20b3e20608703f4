"""The first process of a simulated host: starts its parts and starts again what ends, as systemd does on a server.

``python init.py NAME PARTS``, PARTS being JSON: of each part its argv, environment, cwd and log. When it is killed the
kernel ends everything in its process namespace: the host's power is off.
"""

import json
import os
import socket
import subprocess
import sys
import time
from typing import Any

AGAIN_S = 1.0


def start(part: dict[str, Any]) -> int:
    with open(part["log"], "ab") as log:
        process = subprocess.Popen(
            part["argv"], env=part["environment"], cwd=part["cwd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    return process.pid


def main() -> None:
    socket.sethostname(sys.argv[1])
    parts = json.loads(sys.argv[2])
    running = {start(part): name for name, part in parts.items()}
    while True:
        pid, _status = os.wait()  # orphans come to the first process, too
        if (name := running.pop(pid, "")) != "":
            time.sleep(AGAIN_S)
            running[start(parts[name])] = name


if __name__ == "__main__":
    main()
