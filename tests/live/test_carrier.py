"""What a carrier knows of the time in which nothing was recorded: ended, frozen, away, or the lecturer's own pause."""

import datetime as dt
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from attendance.core.intervals import Spans, ms_of
from attendance.models import WorkerLease
from live import operations
from live.agent.agent import Agent
from live.agent.carrier import FROZEN_S, Carrier
from live.agent.ends import with_web
from live.core.media import playlist
from live.core.media.backlog import Lost
from live.core.media.holes import Hole
from live.core.media.scrubber import Frame, Shape
from live.models import Lecture
from live.queries import holes_of_web
from tests.factories.live import make_live
from tests.factories.organizations import make_county

S = 1000
SECOND = dt.timedelta(seconds=1)
SHAPE = Shape("h264", 640, 360, b"")


def seconds(count: float) -> dt.timedelta:
    return dt.timedelta(seconds=count)


def carrier_in(folder: Path, *, recorded: list[tuple[dt.datetime, dt.datetime]], **options: Any) -> Carrier:
    """A carrier of a lecture of which this is recorded."""
    carrier = Carrier(occasion_id=1, folder=folder, engine=None, record=True, **options)  # type: ignore[arg-type]
    runs = [
        playlist.Run("i", begin, (playlist.Segment("s", (end - begin).total_seconds()),)) for begin, end in recorded
    ]
    carrier.packager.tracks = lambda: (runs, runs)  # type: ignore[method-assign]
    spans = Spans.of((ms_of(begin), ms_of(end)) for begin, end in recorded)
    carrier.packager.recorded = lambda: spans  # type: ignore[method-assign]
    return carrier


def picture_comes(carrier: Carrier, at: dt.datetime) -> None:
    """A frame, as it comes off the socket at this moment."""
    since = (at - timezone.now()).total_seconds()
    carrier._saw(Frame("video", time.monotonic() + since, b"", shape=SHAPE))


# --- an end that was undone (finding recording 2) ---------------------------------------------------------------------


@pytest.mark.parametrize("known", [[], [Hole(0, 2**45, "agent")]])
def test_the_time_between_an_end_and_its_undoing_is_no_hole(tmp_path: Path, known: list[Hole]) -> None:
    """Four minutes ended; the lecturer's picture is back twelve seconds after. Nor if an agent had told it before."""
    now = timezone.now()
    end, undone = now - seconds(300), now - seconds(60)
    ended = Spans.of([(ms_of(end), ms_of(undone))])
    told = [hole._replace(start=ms_of(end), end=ms_of(undone)) for hole in known]
    carrier = carrier_in(tmp_path, recorded=[(end - seconds(100), end)], ended=ended, earlier=told)
    carrier.was_away(picture_at=end - SECOND, up_since=end - seconds(900))
    picture_comes(carrier, undone + seconds(12))
    assert carrier.holes(until=now) == []
    assert carrier.holes(until=now, over=True) == []


def test_an_end_that_is_undone_at_once_leaves_no_hole(tmp_path: Path) -> None:
    """The last picture is fresh for some seconds: the agent notes it once more, after the undoing."""
    now = timezone.now()
    end, undone = now - seconds(20), now - seconds(17)
    carrier = carrier_in(tmp_path, recorded=[(end - seconds(100), end)], ended=Spans.of([(ms_of(end), ms_of(undone))]))
    carrier.was_away(picture_at=undone + SECOND, alive_at=undone, up_since=end - seconds(900))
    picture_comes(carrier, undone + seconds(3))
    assert carrier.holes(until=now) == []
    assert carrier.holes(until=now, over=True) == []


def test_a_picture_that_came_after_the_undoing_and_was_not_recorded_is_a_hole(tmp_path: Path) -> None:
    """Noted longer after it than any picture of before, or by an agent that was not there when it ended."""
    now = timezone.now()
    end, undone = now - seconds(60), now - seconds(50)
    ended = Spans.of([(ms_of(end), ms_of(undone))])
    for picture, up in ((9, undone - seconds(900)), (1, undone + SECOND)):
        carrier = carrier_in(tmp_path, recorded=[(end - seconds(100), end)], ended=ended)
        carrier.was_away(picture_at=undone + seconds(picture), up_since=up)
        picture_comes(carrier, undone + seconds(20))
        (hole,) = carrier.holes(until=now, over=True)
        assert (hole.start, hole.because) == (ms_of(undone), "agent")


def test_an_agent_that_died_before_the_end_leaves_a_hole_up_to_the_end(tmp_path: Path) -> None:
    now = timezone.now()
    died, end, undone = now - seconds(340), now - seconds(300), now - seconds(60)
    ended = Spans.of([(ms_of(end), ms_of(undone))])
    carrier = carrier_in(tmp_path, recorded=[(died - seconds(100), died)], ended=ended)
    carrier.was_away(picture_at=died - SECOND, up_since=undone + seconds(20))
    picture_comes(carrier, undone + seconds(25))
    held = [(hole.start, hole.because) for hole in carrier.holes(until=now, over=True)]
    lengths = [round((hole.end or 0) - hole.start, -3) for hole in carrier.holes(until=now, over=True)]
    assert held == [(ms_of(died), "agent"), (ms_of(undone), "agent")]
    assert lengths == [40 * S, 25 * S]


def test_a_pause_of_the_lecturer_while_the_agent_is_killed_is_no_hole(tmp_path: Path) -> None:
    now = timezone.now()
    left = now - seconds(100)
    carrier = carrier_in(tmp_path, recorded=[(left - seconds(100), left)])
    carrier.was_away(picture_at=left, alive_at=now - seconds(40), up_since=now - seconds(20))
    picture_comes(carrier, now)
    assert carrier.holes(until=now + SECOND, over=True) == []


def test_an_agent_that_is_killed_while_the_picture_is_there_leaves_a_hole(tmp_path: Path) -> None:
    now = timezone.now()
    killed = now - seconds(40)
    carrier = carrier_in(tmp_path, recorded=[(killed - seconds(100), killed - seconds(2))])
    carrier.was_away(picture_at=killed - seconds(4), alive_at=killed - seconds(4), up_since=now - seconds(20))
    picture_comes(carrier, now)
    (hole,) = carrier.holes(until=now + SECOND, over=True)
    assert (hole.start, hole.because) == (ms_of(killed - seconds(2)), "agent")
    assert abs((hole.end or 0) - ms_of(now)) < S


# --- a process that stood still (finding recording 3) -----------------------------------------------------------------


def with_socket(carrier: Carrier) -> tuple[socket.socket, socket.socket]:
    listener, sender = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.setblocking(False)
    carrier._sockets["video"] = listener
    return listener, sender


def test_a_frozen_agent_tells_a_hole_and_drops_what_waited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped for 25 s with a picture on the air: what lay in the socket is not placed 25 s late."""
    now = time.monotonic()
    stopped = timezone.now() - seconds(25)
    carrier = carrier_in(tmp_path, recorded=[(stopped - seconds(60), stopped - seconds(2))])
    carrier._awake_at = now - 25.0
    picture_comes(carrier, stopped)
    listener, sender = with_socket(carrier)
    for _ in range(100):
        sender.send(b"old")
    fed: list[bytes] = []

    def feed(_kind: str, datagram: bytes, _now: float, *, track: int = 0) -> list[Frame]:
        fed.append(datagram)
        return []

    monkeypatch.setattr(carrier.scrubber, "feed", feed)
    carrier._receive("video", listener)
    assert fed == []
    sender.send(b"new")
    carrier._receive("video", listener)
    assert fed == [b"new"]
    (lost,) = [carrier._frames.take() for _ in range(len(carrier._frames))]
    assert isinstance(lost, Lost)  # a new run begins here
    picture_comes(carrier, timezone.now())
    (hole,) = carrier.holes(until=timezone.now() + SECOND, over=True)
    assert hole.because == "agent"
    assert abs(hole.start - ms_of(stopped)) < 3 * S
    assert abs((hole.end or 0) - ms_of(timezone.now())) < S
    listener.close()
    sender.close()


@pytest.mark.parametrize(("stood", "silent"), [(FROZEN_S - 1, 0.0), (25.0, 60.0)])
def test_a_busy_moment_and_a_pause_are_no_freeze(tmp_path: Path, stood: float, silent: float) -> None:
    now = time.monotonic()
    began = timezone.now() - seconds(stood)
    carrier = carrier_in(tmp_path, recorded=[(began - seconds(60), began)])
    carrier._awake_at = now - stood
    picture_comes(carrier, began - seconds(silent))
    assert carrier._was_frozen(now) is (stood > FROZEN_S)
    picture_comes(carrier, timezone.now())
    assert carrier.holes(until=timezone.now(), over=True) == []
    assert len(carrier._frames) == 0


# --- the web process (finding recording 4) ----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("beat_s", "ended_s", "because"),
    [
        pytest.param(-8, -8, "web", id="killed, the picture outlived it by eight seconds"),
        pytest.param(-8, None, "web", id="killed, nobody has buried it yet"),
        pytest.param(1, 1, "web", id="restarted in good order"),
        pytest.param(44, None, "", id="lives"),
        pytest.param(-120, -120, "", id="ended long before: a pause of the lecturer"),
        pytest.param(25, 25, "", id="ended in the middle of a pause"),
    ],
)
def test_a_gap_that_began_with_the_end_of_a_web_process_is_ours(
    tmp_path: Path, beat_s: float, ended_s: float | None, because: str
) -> None:
    now = timezone.now()
    gone, back = now - seconds(50), now - seconds(5)
    WorkerLease.objects.create(
        name="w",
        started_at=gone - seconds(600),
        beat_at=gone + seconds(beat_s),
        ended_at=None if ended_s is None else gone + seconds(ended_s),
    )
    recorded = [(gone - seconds(100), gone), (back, now)]
    carrier = carrier_in(tmp_path, recorded=recorded)
    expected = [Hole(ms_of(gone), ms_of(back), because)] if because else []
    assert with_web(carrier.holes(until=now), carrier) == expected
    # What is told already is not told twice, and no time between an end and its undoing is the web's.
    again = carrier_in(tmp_path, recorded=recorded, earlier=[Hole(ms_of(gone), ms_of(back), "engine")])
    assert with_web(again.holes(until=now), again) == [Hole(ms_of(gone), ms_of(back), "engine")]
    undone = carrier_in(tmp_path, recorded=recorded, ended=Spans.of([(ms_of(gone), ms_of(back))]))
    assert with_web(undone.holes(until=now), undone) == []
    assert holes_of_web(Spans(), as_of=now) == []


# --- the last packet, not the last look -------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_the_moment_of_the_last_packet_is_noted(tmp_path: Path) -> None:
    """Eight seconds after it the carrier is still "on air", but the room is not told that a picture is back."""
    lecture = await sync_to_async(lambda: make_live(make_county()))()
    last = timezone.now() - seconds(8)
    carrier = carrier_in(tmp_path, recorded=[])
    carrier.occasion_id, carrier.record = lecture.pk, False
    picture_comes(carrier, last)
    assert carrier.seen_at(timezone.now()) is not None
    agent = Agent(name="a", host=Host(), root=tmp_path)  # type: ignore[arg-type]
    agent.carriers[lecture.pk] = carrier
    await agent._beat()
    noted = (await Lecture.objects.aget(pk=lecture.pk)).published_at
    assert noted is not None
    assert abs(noted - last) < SECOND / 2


class Host:
    url, running = "unix:/none", True

    def cpu_seconds(self) -> float:
        return 0.0

    async def handles(self) -> int:
        return 0


@pytest.mark.django_db
def test_a_note_of_a_picture_is_never_taken_back() -> None:
    lecture = make_live(make_county())
    now = timezone.now()
    for at in (now, now - seconds(9)):
        operations.note_picture(occasion_id=lecture.pk, as_of=at)
    assert Lecture.objects.get(pk=lecture.pk).published_at == now
