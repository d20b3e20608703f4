"""Films on their way while the worker, its child or Redis goes."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.faults.promises import measured
from tests.faults.stack import Stack, after
from tests.media.clips import make_clip

pytestmark = [pytest.mark.faults, pytest.mark.engine]
WITHIN_S = 120
RUNNING = "SELECT count(*) FROM media_job WHERE video_id = %s AND state = 'running' AND attempt >= %s"


def add_film(stack: Stack, folder: Path, seconds: float) -> str:
    """Taken in as the operator does it; returns the video's key."""
    path = make_clip(folder / f"film-{time.time_ns()}.mp4", "portrait", seconds=seconds)
    stack.site.manage("add_video", str(path), "--title", path.stem)
    return str(stack.value("SELECT id FROM media_video WHERE title = %s", path.stem))


def is_done(stack: Stack, video: str) -> bool:
    return bool(stack.value("SELECT state = 'ready' FROM media_video WHERE id = %s", video))


def outputs(stack: Stack, video: str) -> list[Path]:
    """Whole folders that lie there for it, and none that is only begun."""
    return [path for path in (stack.site.var_dir / "files" / "videos").glob(f"{video}/*") if path.is_dir()]


@pytest.mark.parametrize("who", ["child", "worker"])
def test_killed_worker_is_followed_by_another(stack: Stack, tmp_path: Path, who: str) -> None:
    fault = f"Celery {who} killed while it prepares a film"
    video = add_film(stack, tmp_path, 12)
    work = "SELECT count(*) FROM media_video WHERE id = %s AND state = 'running' AND progress > 0"
    assert after(lambda: stack.value(work, video), within=120) <= 120
    assert outputs(stack, video) == [], "no half film is seen"
    workers = sorted(stack.processes("celery", "worker"))
    main = min(workers)
    for pid in [main] if who == "worker" else [pid for pid in workers if pid != main]:
        os.kill(pid, signal.SIGKILL)
    again = after(lambda: stack.value(RUNNING, video, 2) or is_done(stack, video), within=200)
    halves = 0
    deadline = time.monotonic() + 300
    while not is_done(stack, video) and time.monotonic() < deadline:
        seen = outputs(stack, video)
        halves += bool(seen) and not is_done(stack, video)
        time.sleep(0.2)
    kept = [
        measured(fault, "running again within 120 s", again, unit="s", most=WITHIN_S),
        measured(fault, "no half film is seen", halves, unit="times seen", most=0),
        measured(fault, "exactly one published output", len(outputs(stack, video)), unit="folders", least=1, most=1),
    ]
    assert all(kept)


def test_job_whose_hint_was_lost_with_redis_is_remade(stack: Stack, tmp_path: Path) -> None:
    fault = "Redis killed and emptied"
    stack.redis.end()
    began = time.monotonic()
    video = add_film(stack, tmp_path, 2)
    took = time.monotonic() - began
    page = stack.get("/accounts/login/")
    stack.redis.start()
    remade = after(lambda: stack.value(RUNNING, video, 1) or is_done(stack, video), within=200)
    kept = [
        measured(fault, "films are taken in meanwhile", took, unit="s", most=60),
        measured(fault, "the sign-in page answers", page.status, unit="status", least=200, most=200),
        measured(fault, "queued jobs are remade within 120 s", remade, unit="s", most=WITHIN_S),
    ]
    after(lambda: is_done(stack, video), within=120)
    assert all(kept)
