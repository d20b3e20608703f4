"""A private storage root for every test of this app, and one folder of clips for the whole run."""

from pathlib import Path
from typing import Any

import pytest

from media import storage
from tests.media.clips import make_clip


@pytest.fixture(autouse=True)
def media_root(settings: Any, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.MEDIA_ACCEL_PREFIX = ""
    settings.MEDIA_RIGHTS = {"videos": ["media.permissions.may_preview_video"], "live": []}
    settings.MEDIA_JOBS_AT_ONCE = 0
    return tmp_path / "files"


@pytest.fixture(autouse=True)
def hints(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What would have been sent to the broker."""
    sent: list[int] = []
    monkeypatch.setattr("media.operations.videos.current_app.send_task", lambda _name, args, **_: sent.append(args[0]))
    return sent


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """``clips(kind, suffix, seconds)``: a real file, made once."""
    folder = tmp_path_factory.mktemp("clips")

    def clip(kind: str, suffix: str = ".mp4", seconds: float = 2) -> Path:
        path = folder / f"{kind}-{seconds}{suffix}"
        return path if path.exists() else make_clip(path, kind, seconds=seconds)

    return clip


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"total": 1000, "used": 930, "free": 70})
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _path: usage)
