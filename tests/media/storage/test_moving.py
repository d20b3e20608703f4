"""A site is moved from its disk to a bucket and back while films play, things are deleted, and the move is killed."""

import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from media import sides, storage
from media.core.place import Place
from media.models import Video
from media.sides import Disk, moving
from media.sides.bucket import Bucket
from media.signing import signed_url
from tests.factories.media import ReadyVideoFactory
from tests.media.storage.conftest import KEYS, Line, stored_in
from tests.media.storage.test_bucket import body, keys, put
from tests.media.test_uploads import uploader

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DISK = Place()
HEADERS = {"Range": "bytes=1-3"}


def yes(_user_id: int, _object_id: str) -> bool:
    return True


@pytest.fixture
def root(media_root: Path, settings: Any) -> Path:
    settings.MEDIA_RIGHTS = {"videos": [f"{__name__}.yes"], "live": [], "slides": []}
    return media_root


def written(root: Path, key: str, data: bytes) -> None:
    (root / key).parent.mkdir(parents=True, exist_ok=True)
    (root / key).write_bytes(data)


def filled(root: Path) -> tuple[Video, dict[str, bytes]]:
    """A site with something of every kind, and what is this machine's own."""
    video = ReadyVideoFactory()
    files = {
        f"{video.folder}/master.m3u8": b"#EXTM3U\n",
        f"{video.folder}/s-0.m4s": os.urandom(700_000),
        f"sources/{video.pk}": os.urandom(20 * 2**20 + 5),
        "slides/7/abc/source.pdf": b"%PDF",
        "slides/7/abc/1280/1.jpg": b"jpg",
        "papers/def/720/1.jpg": b"jpg2",
        "packages/xyz/index.html": b"<html>",
        "packages/xyz/.hidden/.nojekyll": b"h",
        "documents/须知 一.pdf": b"%PDF-1.4",
        "images/a.max-165x165.jpg": b"picture",
        "original_images/empty.png": b"",
    }
    for key, data in files.items():
        written(root, key, data)
    written(root, ".uploads/5", b"half")
    written(root, ".work/5/x", b"work")
    written(root, f"videos/{video.pk}/.swept-9/x", b"garbage")
    return video, files


def digests(side: sides.Side) -> dict[str, str]:
    found = {entry.key: side.find(entry.key) for entry in side.entries()}
    return {key: hashlib.sha256(one.read()).hexdigest() for key, one in found.items() if one is not None}


def wanted(files: dict[str, bytes]) -> dict[str, str]:
    return {key: hashlib.sha256(data).hexdigest() for key, data in files.items()}


def address(video: Video, viewer_id: int) -> str:
    path = f"{'0' * 32}/s-0.m4s"
    return signed_url(root="videos", object_id=str(video.pk), viewer_id=viewer_id, path=path, as_of=timezone.now())


def test_there_and_back_again(root: Path, place: Place, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    video, files = filled(root)
    stored_in(settings, place, DISK)
    call_command("move_storage", to=str(place), dry_run=True)
    assert keys(place) == []
    call_command("move_storage", to=str(place))
    assert "搬完了" in capsys.readouterr().out
    assert digests(Bucket(place)) == wanted(files)
    assert digests(Disk(root)) == {}
    assert sorted(each.name for each in root.iterdir()) == [".uploads", ".work", "videos"], "what is this machine's own"
    stored_in(settings, DISK, place)
    call_command("move_storage", to=f"file://{root}")
    assert (digests(Disk(root)), keys(place)) == (wanted(files), [])
    assert (root / video.folder / "master.m3u8").read_bytes() == b"#EXTM3U\n"
    assert not list(root.rglob("*.part"))
    assert KEYS["secret"] not in capsys.readouterr().out


def test_a_film_plays_while_it_is_moved(root: Path, place: Place, settings: Any) -> None:
    """Asked by a browser all the time, from before its first file moves until after its last."""
    video, files = filled(root)
    user, client = uploader()
    url, data = address(video, user.pk), files[f"{video.folder}/s-0.m4s"]
    answers: list[Any] = []

    def plays() -> None:
        for asked in ({}, HEADERS):
            response = client.get(url, headers=asked)
            answers.append((response.status_code, body(response) == (data[1:4] if asked else data)))

    stored_in(settings, DISK)
    plays()
    stored_in(settings, place, DISK)
    plays()
    moving.move(
        Disk(root),
        Bucket(place),
        scratch=root / ".work",
        progress=moving.Progress(1, 1),
        on_file=lambda _so_far: plays(),
    )
    stored_in(settings, place)
    plays()
    stored_in(settings, DISK, place)
    moving.move(
        Bucket(place),
        Disk(root),
        scratch=root / ".work",
        progress=moving.Progress(1, 1),
        on_file=lambda _so_far: plays(),
    )
    stored_in(settings, DISK)
    plays()
    assert len(answers) >= 8
    assert set(answers) == {(200, True), (206, True)}


def test_a_file_that_moves_between_two_looks_is_found(
    root: Path, place: Place, settings: Any, monkeypatch: Any
) -> None:
    """Asked on the new side before it came there, and on the old one after it had gone."""
    written(root, "papers/a/720/1.jpg", b"jpg")
    stored_in(settings, place, DISK)
    find = Disk.find

    def overtaken(side: Disk, key: str) -> Any:
        if (root / key).exists():
            put(place, key, b"jpg")
            (root / key).unlink()
        return find(side, key)

    monkeypatch.setattr(Disk, "find", overtaken)
    found = storage.stored("papers/a/720/1.jpg")
    assert found is not None
    assert found.read() == b"jpg"


def test_what_was_found_and_moved_before_it_was_opened_is_read_elsewhere(
    root: Path, place: Place, settings: Any
) -> None:
    written(root, "papers/a/720/1.jpg", b"jpg")
    stored_in(settings, place, DISK)
    found = storage.stored("papers/a/720/1.jpg")
    put(place, "papers/a/720/1.jpg", b"jpg")
    (root / "papers/a/720/1.jpg").unlink()
    assert found is not None
    assert found.read() == b"jpg"


@pytest.mark.parametrize("moment", ["before_reading", "after_reading", "after_sending"])
def test_what_is_deleted_during_the_move_stays_deleted(
    root: Path, place: Place, settings: Any, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    written(root, "papers/a/720/1.jpg", b"jpg")
    stored_in(settings, place, DISK)
    seen: list[str] = []

    def deleted() -> None:
        if not seen:
            seen.append(moment)
            storage.drop(storage.papers_folder("a"))

    find, put_up, see = Disk.find, Bucket.put, Bucket.find
    if moment == "before_reading":
        monkeypatch.setattr(Disk, "find", lambda side, key: (deleted(), find(side, key))[1])
    elif moment == "after_reading":
        monkeypatch.setattr(Bucket, "put", lambda side, *rest: (deleted(), put_up(side, *rest))[1])
    else:
        monkeypatch.setattr(Bucket, "put", lambda side, *rest: (put_up(side, *rest), deleted())[0])
    progress = moving.move(Disk(root), Bucket(place), scratch=root / ".work", progress=made(root))
    monkeypatch.setattr(Bucket, "find", see)
    assert (seen, keys(place), digests(Disk(root)), progress.left) == ([moment], [], {}, [])


def made(root: Path) -> moving.Progress:
    (root / ".work").mkdir(parents=True, exist_ok=True)
    return moving.Progress(1, 3)


def test_the_site_writes_to_the_new_side_and_deletes_on_both(
    root: Path, place: Place, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    video, files = filled(root)
    stored_in(settings, place, DISK)
    name = default_storage.save("documents/须知 一.pdf", ContentFile(b"another"))
    assert (name != "documents/须知 一.pdf", keys(place)) == (True, [name]), "a name of the old side is taken"
    with default_storage.open("documents/须知 一.pdf") as file:
        assert file.read() == b"%PDF-1.4"
    gone = str(video.pk)
    with django_capture_on_commit_callbacks(execute=True):
        video.delete()
    call_command("move_storage")
    left = {key: data for key, data in files.items() if gone not in key}
    assert digests(Bucket(place)) == wanted(left | {name: b"another"})


def test_what_a_run_left_half_done_is_compared_before_it_counts(root: Path, place: Place, settings: Any) -> None:
    for number, there in enumerate((b"same", b"wrong", b"longer than it was")):
        written(root, f"papers/{number}/1.jpg", b"same" if number != 1 else b"right")
        put(place, f"papers/{number}/1.jpg", there)
    written(root, "videos/v/t/.placed", b"old")
    written(root, "videos/v/t/storyboard.jpg", b"old")
    stored_in(settings, place, DISK)
    progress = moving.move(Disk(root), Bucket(place), scratch=root / ".work", progress=made(root))
    kept = {f"papers/{number}/1.jpg": b"same" if number != 1 else b"right" for number in range(3)}
    assert digests(Bucket(place)) == wanted(kept | {"videos/v/t/storyboard.jpg": b"old"})
    assert (progress.there, progress.left, digests(Disk(root))) == (1, [], {})


@pytest.mark.parametrize("mode", ["down", "forbidden", "full"])
def test_a_move_that_cannot_go_on_says_why_and_loses_nothing(
    root: Path, place: Place, settings: Any, line: Line, mode: str
) -> None:
    _video, files = filled(root)
    stored_in(settings, place, DISK)
    line.breaks(mode, "PUT", "POST")
    words = {"down": "连不上", "forbidden": "不让进", "full": "满了"}[mode]
    with pytest.raises(CommandError, match=words):
        call_command("move_storage")
    line.breaks("")
    assert digests(Disk(root)) == wanted(files)
    call_command("move_storage")
    assert digests(Bucket(place)) == wanted(files)


def test_a_file_that_cannot_be_read_is_named_and_the_others_go(
    root: Path, place: Place, settings: Any, monkeypatch: Any
) -> None:
    written(root, "papers/a/1.jpg", b"a")
    written(root, "papers/b/1.jpg", b"b")
    stored_in(settings, place, DISK)
    find = Disk.find

    def broken(side: Disk, key: str) -> Any:
        if key == "papers/a/1.jpg":
            raise OSError(5, "Input/output error")
        return find(side, key)

    monkeypatch.setattr(Disk, "find", broken)
    err = io.StringIO()
    with pytest.raises(CommandError, match="1 个文件没有搬成"):
        call_command("move_storage", stderr=err)
    assert ("papers/a/1.jpg" in err.getvalue(), keys(place)) == (True, ["papers/b/1.jpg"])


def test_it_can_be_stopped_and_goes_on(root: Path, place: Place, settings: Any) -> None:
    for number in range(80):
        written(root, f"papers/{number}/1.jpg", b"%d" % number)
    stored_in(settings, place, DISK)
    stop = threading.Event()
    with pytest.raises(moving.Stopped):
        moving.move(
            Disk(root),
            Bucket(place),
            scratch=root,
            progress=moving.Progress(80, 0),
            stop=stop,
            on_file=lambda _one: stop.set(),
        )
    here, there = digests(Disk(root)), digests(Bucket(place))
    assert (0 < len(there) < 80, set(here) | set(there)) == (True, {f"papers/{number}/1.jpg" for number in range(80)})
    call_command("move_storage")
    assert len(keys(place)) == 80


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_real_move_is_killed_in_the_middle_and_goes_on(
    root: Path, place: Place, settings: Any, tmp_path: Path, line: Line, number: int
) -> None:
    """The command itself, in a process of its own, as an operator runs it."""
    files = {f"papers/{n}/1.jpg": os.urandom(300_000) for n in range(40)} | {"sources/x": os.urandom(20 * 2**20)}
    for key, data in files.items():
        written(root, key, data)
    address = f"s3://{place.bucket}/site?endpoint={place.endpoint}"
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "1", "VAR_DIR": str(tmp_path),
        "DATABASE_URL": "", "STORAGE_URL": address,
        "STORAGE_OLD_URL": f"file://{root}", "STORAGE_KEY_ID": KEYS["key_id"],
        "STORAGE_SECRET": KEYS["secret"],
    }  # fmt: skip
    command = [sys.executable, "manage.py", "move_storage", "--to", f"s3://{place.bucket}/site"]
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        while sum(method == "PUT" for method, _path in list(line.asked)) < 10:
            assert child.poll() is None, child.stdout and child.stdout.read()
            threading.Event().wait(0.01)
    finally:
        child.send_signal(number)
        said, _none = child.communicate(timeout=300)
    assert child.returncode == (1 if number == signal.SIGTERM else -signal.SIGKILL)
    assert ("停下了" in said, KEYS["secret"] in said) == (number == signal.SIGTERM, False)
    here, there = digests(Disk(root)), digests(Bucket(place))
    assert {**here, **there}.keys() == files.keys()
    assert all(wanted(files)[key] == digest for side in (here, there) for key, digest in side.items())
    again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert (again.returncode, "搬完了" in again.stdout) == (0, True), again.stderr
    assert (digests(Bucket(place)), digests(Disk(root))) == (wanted(files), {})


def test_what_is_stored_while_a_site_moves_back_lies_on_the_disk(root: Path, place: Place, settings: Any) -> None:
    put(place, "documents/a.pdf", b"in the bucket")
    stored_in(settings, DISK, place)
    name = default_storage.save("documents/a.pdf", ContentFile(b"on the disk"))
    assert (name != "documents/a.pdf", (root / name).read_bytes()) == (True, b"on the disk")
    with default_storage.open("documents/a.pdf") as file:
        assert file.read() == b"in the bucket"
    default_storage.delete("documents/a.pdf")
    assert keys(place) == []


@pytest.mark.parametrize("is_back", [False, True])
@pytest.mark.parametrize("link", ["videos", "papers/a", "papers/b/1.jpg"])
def test_links_are_refused_before_anything_is_moved(
    root: Path, place: Place, settings: Any, tmp_path: Path, link: str, is_back: bool
) -> None:
    """What they lead to would stay behind, and the site would lose it with STORAGE_OLD_URL."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "1.jpg").write_bytes(b"jpg")
    written(root, "papers/c/1.jpg", b"jpg")
    (root / link).parent.mkdir(parents=True, exist_ok=True)
    (root / link).symlink_to(tmp_path / "other" / ("1.jpg" if link.endswith(".jpg") else ""))
    written(root, ".work/x", b"this machine's own")
    (root / ".work" / "y").symlink_to(root / ".work" / "x")
    stored_in(settings, *((DISK, place) if is_back else (place, DISK)))
    for is_dry in (True, False):
        with pytest.raises(CommandError, match=f"有链接.*：{link}。"):
            call_command("move_storage", dry_run=is_dry)
    assert (keys(place), (root / "papers/c/1.jpg").exists(), (root / link).is_symlink()) == ([], True, True)


def test_it_says_what_to_set_first(root: Path, place: Place, settings: Any) -> None:
    stored_in(settings, DISK)
    with pytest.raises(CommandError, match="STORAGE_OLD_URL"):
        call_command("move_storage", to="s3://x")
    stored_in(settings, place, DISK)
    with pytest.raises(CommandError, match="请核对"):
        call_command("move_storage", to="s3://another")


def test_nobody_signed_out_reads_during_a_move(root: Path, place: Place, settings: Any) -> None:
    video, _files = filled(root)
    user, _client = uploader()
    stored_in(settings, place, DISK)
    assert Client().get(address(video, user.pk)).status_code == 404
