"""deploy/upgrade.sh and its parts, without a machine: what it refuses, and the steps that it shares with install.sh."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.deploy.test_install import ROOT

pytestmark = pytest.mark.unit


def bash(script: str, *, root: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run a few lines that use deploy/lib.sh, writing below ``root``."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f'. "{ROOT}/deploy/lib.sh"; {script}'],
        env={"PATH": os.environ["PATH"], "ROOT": str(root), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_unknown_word_is_refused() -> None:
    done = subprocess.run([ROOT / "deploy/upgrade.sh", "--now"], capture_output=True, text=True, check=False)
    assert (done.returncode, "不认识 --now" in done.stderr) == (2, True)


@pytest.mark.skipif(Path("/etc/fingertip/install.conf").exists(), reason="this machine has the site installed")
def test_a_machine_without_the_site_is_told_to_install() -> None:
    done = subprocess.run([ROOT / "deploy/upgrade.sh"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "deploy/install.sh" in done.stderr if os.geteuid() == 0 else "root" in done.stderr


def test_a_file_is_written_once_and_never_with_wider_rights(tmp_path: Path) -> None:
    twice = 'put /etc/a 640 root:root <<<"one"; put /etc/a 640 root:root <<<"one"; echo "$CHANGED"'
    done = bash(twice, root=tmp_path)
    assert done.stdout.splitlines()[-1] == "1"
    assert (tmp_path / "etc/a").stat().st_mode & 0o777 == 0o640
    (tmp_path / "etc/a").chmod(0o644)
    assert bash('put /etc/a 640 root:root <<<"one"; echo "$CHANGED"', root=tmp_path).stdout.splitlines()[-1] == "1"
    assert (tmp_path / "etc/a").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in (tmp_path / "etc").iterdir()] == ["a"]


def test_what_a_pipe_writes_is_counted(tmp_path: Path) -> None:
    done = bash('printf x | put /a 600 root:root; echo "$CHANGED"', root=tmp_path)
    assert done.stdout.splitlines()[-1] == "1"


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    done = bash(
        "put /a 600 root:root <<<x; folder /b 700 root:root; link c /d; echo $CHANGED", root=tmp_path, DRY_RUN="1"
    )
    assert done.stdout.splitlines()[-1] == "3"
    assert list(tmp_path.iterdir()) == []


def test_a_placeholder_without_a_value_stops(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("# what @NAME@ is\nname=@NAME@ other=@OTHER@\n", encoding="utf-8")
    assert (
        bash(f"render {tmp_path}/in NAME=a OTHER='b & c'", root=tmp_path).stdout == "# what a is\nname=a other=b & c\n"
    )
    done = bash(f"render {tmp_path}/in NAME=a", root=tmp_path)
    assert done.returncode == 1
    assert "@OTHER@" in done.stderr


def test_a_setting_is_changed_in_its_place_and_the_rest_kept(tmp_path: Path) -> None:
    text = "# first\\nA=1\\nB=x=y & z\\n"
    done = bash(f"printf '{text}' | env_with A 2 | env_with C 3", root=tmp_path)
    assert done.stdout == "# first\nA=2\nB=x=y & z\nC=3\n"


def test_a_release_is_named_by_its_commit_and_by_its_files_without_git(tmp_path: Path) -> None:
    made = tmp_path / "made"
    (made / "node_modules").mkdir(parents=True)
    (made / "a").write_text("1", encoding="utf-8")
    first = bash(f"release_name {made}", root=tmp_path).stdout
    (made / "node_modules/b").write_text("no part of it", encoding="utf-8")
    assert bash(f"release_name {made}", root=tmp_path).stdout == first
    (made / "a").write_text("2", encoding="utf-8")
    assert bash(f"release_name {made}", root=tmp_path).stdout != first
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.cn", "-C", made]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "a"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "a"], check=True)
    commit = subprocess.check_output([*git, "rev-parse", "--short=12", "HEAD"], text=True).strip()
    assert bash(f"release_name {made}", root=tmp_path).stdout == commit


def test_a_step_that_fails_quietly_is_told_aloud(tmp_path: Path) -> None:
    """Where it stopped must reach the terminal, not the log that the step writes."""
    script = (
        f"set -E; LOG={tmp_path}/log; trap 'echo stopped; exit 1' ERR; quietly sh -c 'echo why; exit 3'; echo after"
    )
    done = bash(script, root=tmp_path)
    assert (done.returncode, done.stdout) == (1, "stopped\n")
    assert (tmp_path / "log").read_text(encoding="utf-8") == "why\n"
