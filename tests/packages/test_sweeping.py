"""Files of a package that no row names: what a kill at the worst moment leaves, and what the sweep lets lie."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as given
from django.utils import timezone

from media import storage
from media.events import is_named
from packages.models import Package, Replaced
from packages.operations import change_package, delete_package, drop_replaced, drop_unnamed
from packages.operations.sweeping import LEFT_AFTER
from packages.tasks import drop_unnamed as task
from tests.packages.zips import make_package

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
KILLED = """
import os, signal, sys, django
django.setup()
from django.conf import settings
settings.MEDIA_ROOT = sys.argv[1]
from packages.models import Package
from packages import operations
from tests.packages.zips import make_package
Package.objects.create = lambda **values: os.kill(os.getpid(), signal.SIGKILL)
operations.add_package(file=make_package(), title="", node_id=1, made_by_id=1, as_of=None)
"""


def folders() -> set[str]:
    return {one.name for one in (storage.root() / "packages").iterdir()}


def grow_old(days: float = 1.1) -> None:
    then = time.time() - days * 86400
    for folder in (storage.root() / "packages").iterdir():
        os.utime(folder, (then, then))


def test_what_a_kill_before_the_row_leaves_is_removed_a_day_later(package: Package, var_dir: Path) -> None:
    environment = {**os.environ, "VAR_DIR": str(var_dir), "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "1"}
    command = [sys.executable, "-c", KILLED, str(storage.root())]
    killed = subprocess.run(command, env=environment, cwd=given.BASE_DIR, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert len(folders()) == 2
    assert drop_unnamed(as_of=timezone.now()) == 0  # its row may be on its way
    grow_old()
    assert drop_unnamed(as_of=timezone.now()) == 1
    assert folders() == {package.key}
    assert drop_unnamed(as_of=timezone.now()) == 0


def test_the_files_of_a_replaced_version_stay_for_a_day(package: Package, var_dir: Path) -> None:
    before, now = package.key, timezone.now()
    changed = change_package(package_id=package.pk, title="新", file=make_package(), as_of=now)
    grow_old()
    task()
    assert folders() == {before, changed.key}, "no row of their own would have let them go"
    assert [is_named(f"packages/{key}") for key in (before, changed.key, "0" * 32)] == [True, True, False]
    Replaced.objects.update(replaced_at=now - LEFT_AFTER)
    task()
    assert folders() == {changed.key}
    assert not Replaced.objects.exists()


def test_a_bucket_that_is_away_keeps_its_rows_for_the_next_turn(
    package: Package, var_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    for _ in range(2):
        change_package(package_id=package.pk, title="新", file=make_package(), as_of=now)

    def away(_path: Path) -> None:
        raise storage.UnableToReach("away")

    with monkeypatch.context() as patched:
        patched.setattr(storage, "drop", away)
        assert drop_replaced(as_of=now + LEFT_AFTER) == 0
    assert Replaced.objects.count() == 2
    assert drop_replaced(as_of=now + LEFT_AFTER) == 2
    assert folders() == {Package.objects.get().key}


def test_a_deleted_package_takes_its_old_versions_along(
    package: Package, var_dir: Path, django_capture_on_commit_callbacks: Any
) -> None:
    change_package(package_id=package.pk, title="新", file=make_package(), as_of=timezone.now())
    assert len(folders()) == 2
    with django_capture_on_commit_callbacks(execute=True):
        delete_package(package_id=package.pk)
    assert folders() == set()
    assert not Replaced.objects.exists()


def test_nothing_there(var_dir: Path) -> None:
    assert drop_unnamed(as_of=timezone.now()) == 0
