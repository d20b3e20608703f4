"""How many packets a second the scrubber takes in, on a recorded trace; the goal is 3 % of a core at 600 kbit/s."""

import time
from pathlib import Path

from bench._figure import figure
from live.agent.trace import read_trace
from live.core.media import rtp
from live.core.media.matroska import Stream
from live.core.media.scrubber import Scrubber

TRACE = Path(__file__).resolve().parent.parent / "tests" / "data" / "rtp-truncated.rtp"
ROUNDS = 20
GOAL_SHARE = 0.03


def main() -> None:
    records = list(read_trace(TRACE))
    seconds = records[-1][1] - records[0][1]
    began = time.process_time()
    for _ in range(ROUNDS):
        for _, _, datagram in records:
            rtp.parse(datagram)
    parsing = (time.process_time() - began) / ROUNDS
    began = time.process_time()
    for _ in range(ROUNDS):
        scrubber, stream = Scrubber(), None
        for kind, at, datagram in records:
            for frame in scrubber.feed(kind, datagram, at):
                if stream is None and frame.kind == "video":
                    stream = Stream(frame)
                if stream is not None:
                    b"".join(stream.write(frame))
    took = (time.process_time() - began) / ROUNDS
    figure(
        bench="scrubber", figure="packets", value=len(records) / took, unit="packets/s", peer="parsing alone",
        peer_value=len(records) / parsing, higher_is_better=True,
    )  # fmt: skip
    figure(bench="scrubber", figure="one_lecture", value=took / seconds, unit="cores", goal=GOAL_SHARE)


if __name__ == "__main__":
    main()
