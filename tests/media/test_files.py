"""Signed files: who gets them, which bytes, and nothing outside."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.signing import Signer
from django.test import AsyncClient, Client
from django.utils import timezone

from media.models import Video
from media.queries import UnableToPlay, playback
from media.signing import UnableToVerify, signed_url, token, verify
from media.views import files
from organizations.models import Role, User
from tests.factories.media import ReadyVideoFactory, VideoFactory
from tests.factories.organizations import RoleGrantFactory, UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
BIG = files.SMALL_BYTES * 3 + 17
Url = Callable[..., str]
ASKED: list[tuple[int, str]] = []


def yes(user_id: int, object_id: str) -> bool:
    ASKED.append((user_id, object_id))
    return True


def no(_user_id: int, _object_id: str) -> bool:
    return False


@pytest.fixture
def allowed(settings: Any) -> list[tuple[int, str]]:
    here = f"{__name__}"
    settings.MEDIA_RIGHTS = {"videos": [f"{here}.no", f"{here}.yes"], "live": [f"{here}.yes"]}
    ASKED.clear()
    return ASKED


@pytest.fixture
def lecture(media_root: Path, settings: Any, allowed: Any) -> Path:
    """A live folder with a playlist, a small and a big segment, that everybody signed in may see."""
    folder = Path(settings.VAR_DIR) / "live" / "17"
    folder.mkdir(parents=True)
    (folder / "live.m3u8").write_text("#EXTM3U\n")
    (folder / "small.m4s").write_bytes(b"0123456789")
    (folder / "big.m4s").write_bytes(os.urandom(BIG))
    (folder / "empty.m4s").touch()
    (folder / "ffmpeg.log").write_text("secret")
    (folder / ".hidden.mp4").write_text("secret")
    (folder.parent / "18").mkdir()
    (folder.parent / "18" / "other.m4s").write_text("secret")
    return folder


@pytest.fixture
def viewer() -> User:
    return UserFactory()


@pytest.fixture
def client(client: Client, viewer: User) -> Client:
    """The viewer's own browser."""
    client.force_login(viewer)
    return client


@pytest.fixture
def url(viewer: User) -> Callable[..., str]:
    """An address made for the viewer."""

    def made(path: str, *, ago: timedelta = timedelta()) -> str:
        return signed_url(root="live", object_id="17", viewer_id=viewer.pk, path=path, as_of=timezone.now() - ago)

    return made


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.mark.parametrize(
    ("name", "kind", "caching"),
    [
        ("live.m3u8", "application/vnd.apple.mpegurl", "private, max-age=1"),
        ("small.m4s", "video/iso.segment", "private, max-age=31536000, immutable"),
    ],
)
def test_files_have_their_type_and_lifetime(
    client: Client, lecture: Path, allowed: Any, name: str, kind: str, caching: str, url: Url
) -> None:
    response = client.get(url(name))
    assert (response.status_code, body(response)) == (200, (lecture / name).read_bytes())
    assert (response["Content-Type"], response["Cache-Control"], response["Accept-Ranges"]) == (kind, caching, "bytes")
    assert response["Content-Length"] == str((lecture / name).stat().st_size)


@pytest.mark.parametrize("name", ["small.m4s", "big.m4s"])
@pytest.mark.parametrize("asked", [(0, 1), (3, 7), (0, None), (None, 4), (9, 500)])
def test_range_gives_exactly_these_bytes(
    client: Client, lecture: Path, name: str, asked: tuple[int | None, int | None], url: Url
) -> None:
    data = (lecture / name).read_bytes()
    first, last = asked
    text = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    wanted = data[-last:] if first is None and last else data[first : None if last is None else last + 1]
    response = client.get(url(name), headers={"Range": text})
    start = len(data) - len(wanted) if first is None else first
    assert (response.status_code, body(response)) == (206, wanted)
    assert response["Content-Range"] == f"bytes {start}-{start + len(wanted) - 1}/{len(data)}"
    assert response["Content-Length"] == str(len(wanted))


def test_range_outside_is_416(client: Client, lecture: Path, url: Url) -> None:
    response = client.get(url("small.m4s"), headers={"Range": "bytes=10-"})
    assert (response.status_code, response["Content-Range"]) == (416, "bytes */10")
    assert response["Cache-Control"] == "no-store"


def test_several_ranges_get_the_whole_file(client: Client, lecture: Path, url: Url) -> None:
    assert body(client.get(url("small.m4s"), headers={"Range": "bytes=0-1,4-5"})) == b"0123456789"


def test_empty_file_is_empty(client: Client, lecture: Path, url: Url) -> None:
    response = client.get(url("empty.m4s"))
    assert (response.status_code, body(response), response["Content-Length"]) == (200, b"", "0")


def test_head_tells_without_a_body(client: Client, lecture: Path, url: Url) -> None:
    response = client.head(url("big.m4s"))
    assert (response.status_code, response["Content-Length"], body(response)) == (200, str(BIG), b"")


def test_same_file_is_not_sent_twice(client: Client, lecture: Path, url: Url) -> None:
    etag = client.get(url("small.m4s"))["ETag"]
    again = client.get(url("small.m4s"), headers={"If-None-Match": etag})
    assert (again.status_code, body(again)) == (304, b"")
    changed = client.get(url("small.m4s"), headers={"Range": "bytes=0-1", "If-Range": '"other"'})
    assert (changed.status_code, body(changed)) == (200, b"0123456789")
    same = client.get(url("small.m4s"), headers={"Range": "bytes=0-1", "If-Range": etag})
    assert (same.status_code, body(same)) == (206, b"01")


@pytest.mark.django_db(transaction=True)
async def test_big_file_streams_under_asgi(async_client: AsyncClient, lecture: Path, viewer: User, url: Url) -> None:
    await async_client.aforce_login(viewer)
    response = await async_client.get(url("big.m4s"), headers={"Range": f"bytes=5-{BIG - 2}"})
    assert response.status_code == 206
    assert b"".join([part async for part in response]) == (lecture / "big.m4s").read_bytes()[5 : BIG - 1]


@pytest.mark.parametrize(
    "path",
    [
        "../18/other.m4s",
        "..%2f18%2fother.m4s",
        "%2e%2e/18/other.m4s",
        "./small.m4s",
        "a//small.m4s",
        "/etc/passwd",
        "small.m4s/",
        "small.m4s%00.jpg",
        "..\\18\\other.m4s",
        "ffmpeg.log",
        ".hidden.mp4",
        "missing.m4s",
        "",
    ],
)
def test_nothing_else_is_served(client: Client, lecture: Path, path: str, url: Url) -> None:
    assert client.get(url("") + path).status_code == 404


def test_link_out_of_the_folder_is_not_followed(client: Client, lecture: Path, url: Url) -> None:
    (lecture / "link.m4s").symlink_to(lecture.parent / "18" / "other.m4s")
    assert client.get(url("link.m4s")).status_code == 404


def test_forged_and_expired_tokens_are_404(client: Client, lecture: Path, settings: Any, url: Url) -> None:
    good = url("small.m4s")
    assert client.get(good).status_code == 200
    assert client.get(good.replace("/m/l.17.", "/m/l.18.")).status_code == 404
    assert client.get("/m/x/small.m4s").status_code == 404
    assert client.get(url("small.m4s", ago=timedelta(seconds=settings.MEDIA_URL_TTL_S + 3600))).status_code == 404
    other = Signer(sep="~", salt="something else").sign("l.17.1.zzzzzz")
    assert client.get(f"/m/{other}/small.m4s").status_code == 404
    assert client.post(good).status_code == 405


@pytest.mark.parametrize("value", ["l.17.1", "x.17.1.zzzzzz", "l.17.!.zzzzzz", "l.17.1.2.3"])
def test_signed_nonsense_is_refused(value: str) -> None:
    with pytest.raises(UnableToVerify):
        verify(Signer(sep="~", salt="media.signing").sign(value), as_of=timezone.now())


def test_object_that_could_be_a_path_gets_no_token() -> None:
    with pytest.raises(ValueError, match="object"):
        token(root="live", object_id="../17", viewer_id=1, as_of=timezone.now())


def test_address_stays_the_same_for_a_while() -> None:
    hour = timezone.now().replace(minute=0, second=5)
    made = {
        signed_url(root="live", object_id="17", viewer_id=1, path="a", as_of=hour + timedelta(minutes=minutes))
        for minutes in (0, 20, 59)
    }
    assert len(made) == 1


def test_web_server_in_front_sends_the_file(client: Client, lecture: Path, settings: Any, url: Url) -> None:
    settings.MEDIA_ACCEL_PREFIX = "/internal"
    response = client.get(url("small.m4s"))
    assert (response["X-Accel-Redirect"], response.content) == ("/internal/live/17/small.m4s", b"")
    assert response["Content-Type"] == "video/iso.segment"


def test_playback_gives_addresses_that_work(client: Client, media_root: Path) -> None:
    organiser = RoleGrantFactory(role=Role.ORGANISER).user
    client.force_login(organiser)
    video = ReadyVideoFactory(created_by=organiser)
    folder = media_root / video.folder
    folder.mkdir(parents=True)
    for name in ("master.m3u8", "audio.m3u8", "poster.jpg"):
        (folder / name).write_text(name)
    shown = playback(video=video, viewer_id=organiser.pk, as_of=timezone.now())
    assert [body(client.get(address)) for address in (shown.hls_url, shown.audio_url, shown.poster_url)] == [
        *(b"master.m3u8", b"audio.m3u8", b"poster.jpg")
    ]
    assert shown.duration_ms == 60_000
    stranger = playback(video=video, viewer_id=(other := UserFactory()).pk, as_of=timezone.now())
    client.force_login(other)
    assert client.get(stranger.hls_url).status_code == 404
    client.force_login(organiser)
    assert client.get(shown.hls_url.replace("0" * 32, "1" * 32)).status_code == 404


def test_sound_with_a_cover_has_a_poster() -> None:
    video = ReadyVideoFactory(renditions=[{"name": "audio", "file": "audio.m3u8", "kind": "audio"}])
    shown = playback(video=video, viewer_id=1, as_of=timezone.now())
    assert shown.poster_url.endswith("/poster.jpg")


def test_sound_alone_has_no_poster() -> None:
    video = ReadyVideoFactory(
        width=None, height=None, renditions=[{"name": "audio", "file": "audio.m3u8", "kind": "audio"}]
    )
    shown = playback(video=video, viewer_id=1, as_of=timezone.now())
    assert (shown.poster_url, shown.audio_url[-11:]) == ("", "/audio.m3u8")


@pytest.mark.parametrize("state", [Video.State.QUEUED, Video.State.RUNNING, Video.State.FAILED])
def test_video_that_is_not_ready_has_no_addresses(state: str) -> None:
    with pytest.raises(UnableToPlay):
        playback(video=VideoFactory(state=state), viewer_id=1, as_of=timezone.now())


def test_an_address_that_another_key_signed_opens_nothing(settings: Any) -> None:
    """Whoever reads this program makes no address: what signs is this site's own key."""
    address = {"root": "videos", "object_id": "small", "viewer_id": 1, "as_of": timezone.now()}
    settings.SECRET_KEY = "another site's key, which everybody may know"
    foreign = token(**address)
    settings.SECRET_KEY = "this site's own"
    with pytest.raises(UnableToVerify):
        verify(foreign, as_of=timezone.now())
    assert verify(token(**address), as_of=timezone.now()).viewer_id == 1
