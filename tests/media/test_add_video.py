"""``manage.py add_video``: JSON on standard output, exit status 1 with the reason."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from media import storage
from media.management.commands import add_video
from media.models import Job, Video
from media.operations.jobs import claim

pytestmark = [pytest.mark.integration, pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(add_video, "PATIENCE", add_video.timedelta(0))
    monkeypatch.setattr(add_video, "ASK_EVERY_S", 0.01)


def run(*arguments: str) -> tuple[int, dict[str, Any], str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("add_video", *arguments, stdout=out, stderr=err)
    except SystemExit as stop:
        return int(stop.code or 0), json.loads(out.getvalue()), err.getvalue()
    return 0, json.loads(out.getvalue()), err.getvalue()


def test_waiting_makes_it_playable_without_a_worker(clips: Any, tmp_path: Path) -> None:
    file = tmp_path / "防汛 第一讲.mp4"
    file.write_bytes(clips("h264").read_bytes())
    status, said, _ = run(str(file), "--title", "防汛", "--wait")
    assert (status, said["title"], said["state"], said["width"], said["height"]) == (0, "防汛", "ready", 1280, 720)
    assert abs(said["duration_ms"] - 2000) <= 60
    assert [rung["name"] for rung in said["renditions"]] == ["240p", "480p", "720p", "audio"]
    assert storage.absolute(said["hls"]).read_text().startswith("#EXTM3U")
    assert file.exists()


def test_without_waiting_it_is_queued(clips: Any) -> None:
    status, said, _ = run(str(clips("sound", ".m4a")))
    assert (status, said["state"], said["hls"]) == (0, "queued", "")
    assert Job.objects.get().state == Job.State.QUEUED


def test_job_that_a_dead_worker_holds_is_taken_over(clips: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(job_id: int) -> None:
        claim(job_id=job_id, as_of=timezone.now() - add_video.timedelta(hours=1))

    video = add_video.add(clips("sound", ".m4a"), title="")
    die(video.jobs.get().pk)
    add_video.wait_for(video)
    video.refresh_from_db()
    assert (video.state, video.jobs.get().attempt) == (Video.State.READY, 2)


@pytest.mark.parametrize(
    ("content", "error"), [(b"", "empty"), (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "unrecognised")]
)
def test_bad_file_is_refused_and_nothing_is_stored(
    tmp_path: Path, media_root: Path, content: bytes, error: str
) -> None:
    file = tmp_path / "a.mp4"
    file.write_bytes(content)
    status, said, reason = run(str(file), "--wait")
    assert (status, said["error"], said["message"]) == (1, error, reason.strip())
    assert (Video.objects.count(), [path for path in media_root.rglob("*") if path.is_file()]) == (0, [])


def test_missing_file_is_refused() -> None:
    status, said, _ = run("/nonexistent/a.mp4")
    assert (status, said["error"]) == (1, "unreadable")


def test_full_disk_is_said(clips: Any, full_disk: None) -> None:
    status, said, _ = run(str(clips("sound", ".m4a")))
    assert (status, said["error"], Video.objects.count()) == (1, "disk_full", 0)


def test_failure_ends_with_the_reason(clips: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(*_args: Any, **_kwargs: Any) -> None:
        raise add_video.UnableToTranscode("truncated")

    monkeypatch.setattr("media.transcoder.encode", encode)
    status, said, reason = run(str(clips("sound", ".m4a")), "--wait")
    assert (status, said["state"]) == (1, "failed")
    assert "文件不完整" in reason
