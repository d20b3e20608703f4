"""Two media hosts that share no disk: one is killed in a lecture, the other goes on, both parts are one recording."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone
from playwright.async_api import Page

from attendance.core.intervals import ms_of
from attendance.models import Occasion
from live.engines import get_engine
from live.engines.base import EngineError, lecture_room, lecture_spec
from live.engines.janus import JanusEngine, JanusHost
from live.engines.janus.config import SOCKET
from live.models import Lecture, LecturePart, MediaNode
from live.operations import end_lecture
from media import storage
from media.core.playlists import read_segments
from media.models import Video
from tests.front.site import MediaFront, rendered_media, start_nginx
from tests.services import free_port

from .conftest import Guest, network, until
from .test_agent import decode_errors, make_lecture, packed
from .test_command import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]
STARTS_S = 180.0  # a process that reads the whole program, on a machine that other tests keep busy


def database_url() -> str:
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    return f"postgres://{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}/{known['NAME']}"


class MediaHost:
    """A media agent as a process of its own, with a disk of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.var_dir = folder / name
        self.var_dir.mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "REDIS_URL"))},
            "DEBUG": "1", "VAR_DIR": str(self.var_dir), "DATABASE_URL": database_url(), "MEDIA_NODE": self.name,
            "STORAGE_URL": f"file://{storage.root()}", "MEDIA_UDP_RANGE": network().udp_range,
            "MEDIA_ICE_ADDRESSES": ",".join(network().addresses),
        }  # fmt: skip
        command = [sys.executable, "manage.py", "media_agent"]
        with (self.var_dir / "agent.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def kill(self, how: int = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    async def is_there(self) -> None:
        async def beats() -> bool:
            began = timezone.now() - timezone.timedelta(seconds=10)
            return await MediaNode.objects.filter(name=self.name, beat_at__gt=began).aexists()

        await until(beats, within=STARTS_S, what=f"{self.name} reports: {self.log}")

    @property
    def log(self) -> str:
        return (self.var_dir / "agent.log").read_text()[-2000:]

    def playlist(self, lecture: Lecture, name: str = "live.m3u8") -> str:
        path = self.var_dir / "live" / str(lecture.pk) / name
        return path.read_text() if path.exists() else ""

    def segments(self, lecture: Lecture) -> list[str]:
        text = self.playlist(lecture, "dvr.m3u8")
        return [each.uri for each in read_segments(text)] if text else []

    async def gets_picture(self, lecture: Lecture, page: Page, name: str) -> list[str]:
        """The lecturer's page publishes here, as it does after every hang-up; returns what came of it."""
        engine = get_engine(f"janus+unix:{self.var_dir / 'engine' / SOCKET}")
        guest = Guest(page, engine, lecture_room(lecture.pk), name)

        async def is_open() -> bool:
            with contextlib.suppress(EngineError):
                return guest.room_id in await engine.rooms()
            return False

        await until(is_open, within=STARTS_S, what=f"the room is open at {self.name}: {self.log}")
        await guest.publish()
        await until(lambda: len(self.segments(lecture)) >= 3, what=f"segments at {self.name}")
        return self.segments(lecture)


@pytest.fixture
def made(tmp_path: Path, var_dir: Path) -> Iterator[Callable[[str], MediaHost]]:
    hosts: list[MediaHost] = []

    def make(name: str) -> MediaHost:
        hosts.append(MediaHost(name, tmp_path))
        hosts[-1].start()
        return hosts[-1]

    yield make
    for host in hosts:
        host.kill()


async def carried_by(lecture: Lecture, host: MediaHost) -> None:
    def carried() -> Any:
        return Lecture.objects.filter(pk=lecture.pk, media_node__name=host.name).aexists()

    await until(carried, within=STARTS_S, what=f"{host.name} carries the lecture")


async def test_a_host_is_killed_and_its_part_is_joined_when_it_is_back(
    made: Callable[[str], MediaHost], page: Page
) -> None:
    first = made("first")
    await first.is_there()
    lecture = await sync_to_async(make_lecture)()
    await carried_by(lecture, first)
    before = await first.gets_picture(lecture, page, "lecturer")
    second = made("second")
    await second.is_there()
    first.kill()
    long_ago = timezone.now() - timezone.timedelta(minutes=1)
    await MediaNode.objects.filter(name="first").aupdate(beat_at=long_ago)  # instead of waiting for three beats
    await carried_by(lecture, second)
    after = await second.gets_picture(lecture, page, "lecturer-again")
    # Names of their own, and places after those of before: a player's place in the playlist never goes back.
    assert set(before).isdisjoint(after)
    assert "#EXT-X-MEDIA-SEQUENCE:1000" in second.playlist(lecture)
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:1000\n" in second.playlist(lecture)

    async def hole() -> list[Any]:
        await lecture.arefresh_from_db()
        return lecture.holes

    await until(hole, what="what is missing is told")
    assert lecture.live_at is not None
    assert next((start, why) for start, _end, why in lecture.holes) == (ms_of(lecture.live_at), "agent")

    first.start()
    await first.is_there()
    await carried_by(lecture, second)  # it has no right to it because it had it once

    def brought() -> Any:
        return LecturePart.objects.filter(lecture=lecture, node__name="first").exclude(handed_in_at=None).aexists()

    await until(brought, within=STARTS_S, what=f"the part is brought: {first.log}")
    await sync_to_async(end_lecture)(occasion_id=lecture.pk, as_of=timezone.now())
    await packed(lecture, Lecture.State.RECORDED)

    video = await Video.objects.aget(lecture=lecture)
    folder = storage.root() / video.folder
    named = (folder / "video.m3u8").read_text()
    assert [uri for uri in (*before, *after) if uri not in named] == []
    assert named.index(before[-1]) < named.index(after[0])
    assert await decode_errors(folder / "master.m3u8") == ""
    occasion = await Occasion.objects.aget(pk=lecture.pk)
    assert occasion.media_ms == video.duration_ms
    assert sum(length for _at, length in occasion.media_cuts) > 0  # nobody carried it for a while
    # Told is what is missing between the parts, no longer the first of them.
    assert all(start > ms_of(lecture.live_at) + 2000 for start, _end, _why in lecture.holes), lecture.holes
    assert [why for _start, _end, why in lecture.holes] == ["agent"]
    # Until no end can be undone: after the next one all of it is packed once more, wherever it is carried then.
    assert (storage.root() / "parts" / str(lecture.pk)).exists()


async def test_the_engine_of_another_host_is_reached_by_its_nginx(tmp_path: Path, page: Page, settings: Any) -> None:
    if shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip("nginx is not installed")
    address, folder = f"127.0.0.1:{free_port()}", tmp_path / "engine"
    folder.mkdir(mode=0o700)
    host = JanusHost(folder, network(), address)
    await host.start()
    site = rendered_media(tmp_path / "nginx", listen=address, pages=free_port(), var=tmp_path)
    nginx = start_nginx(MediaFront(tmp_path), site)
    near, far = get_engine(host.url), get_engine(f"janus+tcp:{address}")
    try:

        async def is_open() -> bool:
            with contextlib.suppress(EngineError):
                await far.open_room(lecture_spec(7))
                return True
            return False

        await until(is_open, what="the engine is reached")
        assert await near.rooms() == await far.rooms() == [lecture_room(7)]
        await Guest(page, far, lecture_room(7), "lecturer").publish()
        viewer = Guest(page, far, lecture_room(7), "viewer")
        await viewer.watch()
        await viewer.sees_more()
        settings.SECRET_KEY = "of another site"
        stranger = JanusEngine(f"tcp:{address}")
        with pytest.raises(EngineError):
            await stranger.rooms()
    finally:
        for engine in (near, far):
            await engine.aclose()
        await host.stop()
        nginx.terminate()
        nginx.wait()
