"""Small pictures above the seek bar: they show their moments, come with a film, and cost nothing where they are not."""

import subprocess
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from PIL import Image

from media import leftovers, storage, storyboard
from media.core.playlists import STORYBOARD
from media.core.storyboard import Storyboard
from media.models import Clip, Video
from media.operations import add_storyboard, storyboards
from media.queries import playback
from media.storyboard import make_storyboard
from organizations.models import Role
from tests.factories.media import ReadyVideoFactory, VideoFactory
from tests.factories.organizations import RoleGrantFactory

pytestmark = [pytest.mark.integration]
COLOURS = {"red": (254, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 254)}
BOARD = Storyboard(3, 3, 128, 72, 10_000)
FILM = [{"name": "240p", "file": "240p.m3u8", "kind": "video", "width": 128, "height": 72}]
SOUND = [{"name": "audio", "file": "audio.m3u8", "kind": "audio", "width": 0, "height": 0}]


def made(folder: Path, renditions: list[dict[str, Any]], duration_ms: int = 30_000) -> Storyboard | None:
    return make_storyboard(folder, folder, renditions=renditions, duration_ms=duration_ms, on_beat=lambda: None)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Half a minute, ten seconds red, ten green and ten blue, in segments of four."""
    parts = [f"-f lavfi -i color={colour}:s=128x72:r=5:d=10" for colour in COLOURS]
    joined = "-filter_complex concat=n=3 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 20 -keyint_min 20"
    hls = "-sc_threshold 0 -f hls -hls_time 4 -hls_list_size 0 -hls_segment_type fmp4 -hls_fmp4_init_filename i.mp4"
    command = ["ffmpeg", "-v", "error", *" ".join([*parts, joined, hls]).split(), "240p.m3u8"]
    subprocess.run(command, check=True, timeout=180, cwd=tmp_path)
    return tmp_path


@pytest.mark.engine
def test_each_tile_shows_its_part_of_the_film(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert made(film, FILM) == BOARD
    with Image.open(film / STORYBOARD) as sheet:
        assert sheet.size == (384, 72)
        for number, colour in enumerate(COLOURS.values()):
            pixel = sheet.convert("RGB").getpixel((64 + 128 * number, 36))
            assert isinstance(pixel, tuple)
            assert all(abs(one - other) < 12 for one, other in zip(pixel, colour, strict=True))
    assert [file.name for file in film.iterdir() if file.name.startswith(".")] == []
    # The best that is small enough is kept, and rather none than one that is too large.
    monkeypatch.setattr(storyboard, "most_bytes", lambda _seconds: 10)
    assert made(film, FILM) is None


def test_a_film_is_whole_without(tmp_path: Path) -> None:
    assert made(tmp_path, SOUND) is None
    assert made(tmp_path, FILM, 29_000) is None
    assert made(tmp_path, FILM) is None  # its files are gone
    (tmp_path / "240p.m3u8").write_text(
        '#EXTM3U\n#EXT-X-MAP:URI="a"\n#EXTINF:20,\nb\n#EXT-X-MAP:URI="c"\n#EXTINF:20,\nd\n'
    )
    assert made(tmp_path, FILM) is None  # its moments do not go on


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(_published: Path, folder: Path, **_given: Any) -> Storyboard:
        (folder / STORYBOARD).write_bytes(b"sheet")
        return BOARD

    monkeypatch.setattr(storyboards, "make_storyboard", make)


def published(**fields: Any) -> Video:
    video = ReadyVideoFactory(**fields)
    storage.absolute(video.folder).mkdir(parents=True)
    return video  # type: ignore[no-any-return]


@pytest.mark.django_db
def test_films_made_before_get_theirs_once(drawn: None, client: Client) -> None:
    viewer = RoleGrantFactory(role=Role.ORGANISER).user
    video, gone = published(created_by=viewer), ReadyVideoFactory()
    part = published()
    Clip.objects.create(video=part, source=video, spans=[[0, 30_000]])
    published(renditions=SOUND, width=None, height=None)
    VideoFactory()
    assert playback(video=video, viewer_id=1, as_of=timezone.now()).storyboard is None
    said = StringIO()
    call_command("add_storyboards", stdout=said)
    assert said.getvalue() == "1 of 2\n"
    assert list(Video.objects.exclude(storyboard=None).values_list("pk", "storyboard")) == [(video.pk, asdict(BOARD))]
    assert not list(leftovers.work_folders())
    # Private as the film is.
    video.refresh_from_db()
    board = playback(video=video, viewer_id=viewer.pk, as_of=timezone.now()).storyboard
    assert board is not None
    assert client.get(board["url"]).status_code == 404
    client.force_login(viewer)
    assert client.get(board["url"]).content == b"sheet"
    assert not add_storyboard(video_id=gone.pk)
    assert not add_storyboard(video_id=part.pk)
    said.truncate(0)
    said.seek(0)
    call_command("add_storyboards", stdout=said)
    assert said.getvalue() == "0 of 1\n"


@pytest.mark.django_db
def test_what_cannot_be_drawn_changes_nothing() -> None:
    video = published(renditions=SOUND)
    assert not add_storyboard(video_id=video.pk)
    video.refresh_from_db()
    assert video.storyboard is None


@pytest.mark.django_db
def test_a_full_disk_is_said(full_disk: None) -> None:
    published()
    with pytest.raises(CommandError, match="too full"):
        call_command("add_storyboards")
