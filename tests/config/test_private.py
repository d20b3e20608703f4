"""VAR_DIR is the program's own; what a web server must read is opened to one group, and nothing beside it."""

import grp
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.checks import folders_are_closed
from config.private import files_group, keep_private, open_to_group, readable_by_others

pytestmark = pytest.mark.unit
BASE_DIR = Path(__file__).resolve().parents[2]
STRANGER = 54321


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def var_dir(tmp_path: Path) -> Path:
    """As an older version left it."""
    tmp_path.chmod(0o755)
    (tmp_path / "db.sqlite3").write_text("phones")
    (tmp_path / "rosters").mkdir()
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "film.m4s").write_text("film")
    for path in (tmp_path / "db.sqlite3", tmp_path / "files" / "film.m4s"):
        path.chmod(0o644)
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def keep(var_dir: Path, group: int | None = None, command: str = "") -> int:
    return keep_private(var_dir=var_dir, trees=[var_dir / "files", var_dir / "live"], group=group, command=command)


@pytest.fixture
def group() -> int:
    """Another group than ours, in which we may put files."""
    if os.geteuid() == 0:
        return grp.getgrnam("www-data").gr_gid
    others = [each for each in os.getgroups() if each != os.getegid()]
    if not others:
        pytest.skip("needs root, or a user of two groups")
    return others[0]


def can_read(var_dir: Path, name: str, *, group: int) -> bool:
    """Asked of the kernel, as a stranger in this group."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    for above in var_dir.parents:
        if mode(above) & 0o011 != 0o011:
            above.chmod(mode(above) | 0o011)  # pytest's own folders on the way are closed to everybody
    who = ["setpriv", "--reuid", str(STRANGER), "--regid", str(group), "--clear-groups"]
    return subprocess.run([*who, "cat", str(var_dir / name)], capture_output=True, check=False).returncode == 0


def test_a_folder_that_was_open_is_closed_at_the_start(var_dir: Path) -> None:
    """Finding: VAR_DIR was 0755 and the database 0644; any user of the machine could read both."""
    assert can_read(var_dir, "db.sqlite3", group=STRANGER)
    assert keep(var_dir) == 0o077
    assert mode(var_dir) == mode(var_dir / "files") == 0o700
    assert not can_read(var_dir, "db.sqlite3", group=STRANGER)
    assert not can_read(var_dir, "files/film.m4s", group=STRANGER)
    (var_dir / "new").write_text("x")
    assert mode(var_dir / "new") == 0o600


def test_one_group_reads_the_media_and_nothing_else(var_dir: Path, group: int) -> None:
    assert keep(var_dir, group) == 0o027
    assert (mode(var_dir), mode(var_dir / "files"), mode(var_dir / "live")) == (0o710, 0o2750, 0o2750)
    folder = var_dir / "live" / "7"
    folder.mkdir()
    (folder / "run-0001.m4s").write_text("picture")
    (var_dir / "beat.db").write_text("x")
    assert (folder.stat().st_gid, mode(folder), mode(folder / "run-0001.m4s")) == (group, 0o2750, 0o640)
    assert can_read(var_dir, "live/7/run-0001.m4s", group=group)
    assert not can_read(var_dir, "live/7/run-0001.m4s", group=STRANGER)
    for name in ("db.sqlite3", "beat.db"):
        assert not can_read(var_dir, name, group=group), name
    assert mode(var_dir / "rosters") & 0o007 == 0


def test_what_vanishes_meanwhile_stops_no_start(var_dir: Path, group: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding: S3. Another process's passing file (a journal) was there in the list, and gone when asked."""
    there = Path.iterdir
    gone = var_dir / "db.sqlite3-journal"
    monkeypatch.setattr(Path, "iterdir", lambda path: [gone, *there(path)])
    assert keep(var_dir, group) == 0o027
    assert not can_read(var_dir, "db.sqlite3", group=group)


def test_what_lay_there_is_opened_once(var_dir: Path, group: int) -> None:
    (var_dir / "files" / "film.m4s").chmod(0o600)
    keep(var_dir, group)
    assert not can_read(var_dir, "files/film.m4s", group=group)
    assert open_to_group(trees=[var_dir / "files"], group=group) == 1
    assert can_read(var_dir, "files/film.m4s", group=group)
    assert open_to_group(trees=[var_dir / "files"], group=group) == 0


def test_groups_that_would_not_do_are_refused() -> None:
    assert files_group("") is None
    with pytest.raises(ImproperlyConfigured, match="no such group"):
        files_group("no-such-group-here")
    with pytest.raises(ImproperlyConfigured, match="own group"):
        files_group(grp.getgrgid(os.getegid()).gr_name)


def test_folder_of_several_users_stays_theirs(var_dir: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    os.chown(var_dir, 0, STRANGER)
    var_dir.chmod(0o2775)
    assert keep(var_dir) == 0o022
    assert mode(var_dir) == 0o2770
    os.chown(var_dir, STRANGER, STRANGER)
    assert keep(var_dir) == 0o022, "what root writes there, its owner must read"
    assert mode(var_dir) == 0o700


def test_the_programs_own_files_stay_public(var_dir: Path) -> None:
    assert keep(var_dir, command="collectstatic") == 0o022


def test_who_is_open_to_strangers_is_told(var_dir: Path, settings: Any) -> None:
    settings.VAR_DIR, settings.MEDIA_ROOT = var_dir, var_dir / "files"
    assert readable_by_others(var_dir, var_dir / "nothing") == [var_dir]
    assert [(error.id, str(var_dir) in error.msg) for error in folders_are_closed()] == [("site.E010", True)]
    keep(var_dir)
    assert folders_are_closed() == []


def test_every_process_follows_the_rule(tmp_path: Path) -> None:
    """Through the real start: settings close the folder and set the umask, whatever the shell's was."""
    folder = tmp_path / "var"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    code = "from django.conf import settings; open(settings.VAR_DIR / 'made', 'w').close()"
    environment = {**os.environ, "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings", "DEMO": "1"}
    subprocess.run(
        ["sh", "-c", 'umask 0; exec "$@"', "sh", sys.executable, "-c", code], cwd=BASE_DIR, env=environment, check=True
    )
    assert (mode(folder), mode(folder / "made"), mode(folder / "secrets")) == (0o700, 0o600, 0o700)
