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
from packages.models import Package
from packages.operations import change_package, drop_unnamed
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


def test_the_files_of_an_old_version_that_stayed_behind(package: Package, var_dir: Path) -> None:
    before = package.key
    changed = change_package(package_id=package.pk, title="新", file=make_package(), as_of=timezone.now())
    (storage.packages_folder(before)).mkdir(exist_ok=True)
    grow_old()
    task()
    assert folders() == {changed.key}


def test_nothing_there(var_dir: Path) -> None:
    assert drop_unnamed(as_of=timezone.now()) == 0


def test_an_old_version_that_cannot_be_dropped_takes_the_new_one_with_it_no_more(
    package: Package, var_dir: Path, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    before = package.key
    drop = storage.drop

    def refused(path: Path) -> None:
        if path.name == before:
            raise OSError("read-only")
        drop(path)

    monkeypatch.setattr(storage, "drop", refused)
    with django_capture_on_commit_callbacks(execute=True):
        changed = change_package(package_id=package.pk, title="新", file=make_package(), as_of=timezone.now())
    assert folders() == {before, changed.key}
    assert Package.objects.get(pk=package.pk).key == changed.key
