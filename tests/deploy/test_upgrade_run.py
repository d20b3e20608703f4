"""The whole of deploy/upgrade.sh on a machine made of folders.

Stand-ins for systemd, nginx and manage.py write down what was asked.
"""

import fcntl
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.test_install import ROOT

pytestmark = pytest.mark.unit

BIN = {
    "id": "echo 0",
    "nginx": "exit 0",
    "curl": "exit 0",
    "df": "printf 'Filesystem Size Used Available\\n/ 1 1 90000\\n'",
    "nproc": "echo 1",
    "sleep": 'echo "sleep $*" >> "${0%/*}/systemctl.log"',
    "systemctl": 'echo "systemctl $*" >> "$0.log"',
}
# manage.py of a release: "<words>.says" is printed, "<words>.fails" is its exit status.
PYTHON = """#!/bin/bash
here=$(cd "$(dirname "$0")/../.." && pwd); shift; machine=$here/../..
echo "${here##*/} $*" >> "$machine/../bin/systemctl.log"
for name in "$1${2:+ $2}" "$1"; do
  case $name in check*) [ "$2" = --deploy ] && name="check --deploy" ;; esac
  [ ! -e "$here/$name.says" ] || { cat "$here/$name.says"; break; }
done
[ "$1" != backup ] || { mkdir -p "$2/classroom-20261126T000000Z"; echo "已备份到 $2/classroom-20261126T000000Z：" ; }
exit "$(cat "$here/$name.fails" 2>/dev/null || echo 0)"
"""
INSTALL = """#!/bin/bash
here=$(cd "$(dirname "$0")/.." && pwd)
echo "install $here $(cat "$here/deploy/packages.txt" 2>/dev/null) $*" >> "{log}"
"""
ERRORS = "SystemCheckError: System check identified some issues:\n\nERRORS:\n"
E004 = "?: (site.E004) No text message can be sent.\n"
WARNINGS = "\nWARNINGS:\n?: (site.W001) Something small.\n"


@dataclass
class Machine:
    """A site of release ``old``; ``new`` is built already, and its code lies in ``checkout``."""

    root: Path
    new: str

    def release(self, which: str) -> Path:
        return self.root / "opt/releases" / (self.new if which == "new" else which)

    def says(self, which: str, words: str, text: str, *, fails: int = 0) -> None:
        (self.release(which) / f"{words}.says").write_text(text, encoding="utf-8")
        (self.release(which) / f"{words}.fails").write_text(str(fails), encoding="utf-8")

    def upgrade(self, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.root / "checkout/deploy/upgrade.sh", *words],
            env={
                "PATH": f"{self.root}/bin:{os.environ['PATH']}",
                "ROOT": str(self.root),
                "HOME": str(self.root),
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    @property
    def log(self) -> str:
        return (self.root / "bin/systemctl.log").read_text(encoding="utf-8")

    @property
    def current(self) -> str:
        name = (self.root / "opt/current").readlink().name
        return "new" if name == self.new else name


def write(path: Path, text: str, mode: int = 0o755) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for name, text in BIN.items():
        write(tmp_path / "bin" / name, f"#!/bin/bash\n{text}\n")
    write(tmp_path / "bin/systemctl.log", "")
    checkout = tmp_path / "checkout"
    for name in ("upgrade.sh", "lib.sh"):
        write(checkout / "deploy" / name, (ROOT / "deploy" / name).read_text(encoding="utf-8"))
    install = INSTALL.format(log=tmp_path / "bin/systemctl.log")
    write(checkout / "deploy/install.sh", install)
    write(checkout / "deploy/packages.txt", "committed")
    write(checkout / ".env.example", "")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.cn", "-C", checkout]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "a"]):
        subprocess.run([*git, *words], check=True)
    new = subprocess.check_output([*git, "rev-parse", "--short=12", "HEAD"], text=True).strip()
    for name in ("old", new):
        release = tmp_path / "opt/releases" / name
        write(release / ".venv/bin/python", PYTHON)
        write(release / "deploy/install.sh", install)
        write(release / ".complete", f"{name}\n")
    (tmp_path / "opt/current").symlink_to("releases/old")
    again = tmp_path / str(tmp_path)[1:]  # links are made below ROOT, and this machine's code lies below it already
    again.parent.mkdir(parents=True, exist_ok=True)
    again.symlink_to(tmp_path)
    (tmp_path / "var/backups/fingertip").mkdir(parents=True)
    write(tmp_path / "etc/fingertip/install.conf", f"DOMAIN=ketang.example.cn\nDIR={tmp_path}/opt\n")
    write(tmp_path / "etc/fingertip/env", f"SITE_URL=https://ketang.example.cn\nBACKUP_DIR={tmp_path}/nas\n")
    (tmp_path / "nas").mkdir()
    return Machine(tmp_path, new)


def changes_tables(machine: Machine) -> None:
    machine.says("new", "migrate --check", "", fails=1)


LECTURE = "7\t2026-11-26 02:00 UTC\t冬季轮训\n"


def test_an_upgrade_goes_through_in_its_order(machine: Machine) -> None:
    changes_tables(machine)
    done = machine.upgrade()
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.current == "new"
    steps = [
        f"old backup {machine.root}/nas",
        "systemctl stop fingertip-beat",
        f"{machine.new} migrate --noinput",
        "--stage files",
        "restart fingertip-sockets@1",
        "restart fingertip-pages@2",
        "start fingertip-worker",
        "restart fingertip-agent",
    ]
    places = [machine.log.index(step) for step in steps]
    assert places == sorted(places)


def test_nginx_finds_a_process_again_before_the_next_one_goes(machine: Machine) -> None:
    """It asks one that was away only after fail_timeout, counted in whole seconds: both away is a page that fails."""
    nginx = (ROOT / "deploy/install.sh").read_text(encoding="utf-8")
    (away,) = re.findall(r"pages-\$n\.sock max_conns=32 max_fails=1 fail_timeout=(\d+)s", nginx)
    assert machine.upgrade().returncode == 0
    between = machine.log.split("restart fingertip-pages@1.service\n")[1].split("restart fingertip-pages@2")[0]
    assert int(between.split("sleep ")[1].split()[0]) >= int(away) + 2


def test_it_waits_for_a_lecture_before_tables_change(machine: Machine) -> None:
    changes_tables(machine)
    machine.says("old", "on_air", LECTURE)
    done = machine.upgrade()
    assert done.returncode == 1
    assert "冬季轮训" in done.stdout
    assert "等直播结束" in done.stderr
    assert machine.current == "old"
    assert "systemctl" not in machine.log
    assert "noinput" not in machine.log
    assert machine.upgrade("--force").returncode == 0
    assert machine.current == "new"


def test_without_tables_all_but_the_agent_moves_during_a_lecture(machine: Machine) -> None:
    for which in ("old", "new"):
        machine.says(which, "on_air", LECTURE)
    done = machine.upgrade()
    assert done.returncode == 0, done.stderr
    assert "upgrade.sh --agent" in done.stdout
    assert "冬季轮训" in done.stdout
    assert machine.current == "new"
    assert "fingertip-agent" not in machine.log
    machine.says("new", "on_air", "")
    assert machine.upgrade("--agent").returncode == 0
    assert "restart fingertip-agent" in machine.log


def test_a_question_without_an_answer_is_no_answer(machine: Machine) -> None:
    """A database that is away, a command that is missing: nobody knows that no lecture is on."""
    changes_tables(machine)
    machine.says("old", "on_air", "the database is away\n", fails=1)
    done = machine.upgrade()
    assert done.returncode == 1
    assert "问不出现在有没有直播" in done.stdout
    assert machine.current == "old"
    (machine.release("old") / "on_air.fails").write_text("0")
    (machine.release("old") / "on_air.says").write_text("")
    machine.says("new", "on_air", "", fails=1)
    assert machine.upgrade().returncode == 0
    assert "restart fingertip-agent" not in machine.log


def test_what_was_missing_before_is_told_and_stops_nothing(machine: Machine) -> None:
    for which in ("old", "new"):
        machine.says(which, "check --deploy", ERRORS + E004 + WARNINGS, fails=1)
    done = machine.upgrade()
    assert done.returncode == 0, done.stderr
    assert "site.E004" in done.stdout
    assert machine.current == "new"


def test_what_only_the_new_code_calls_an_error_stops(machine: Machine) -> None:
    machine.says("old", "check --deploy", ERRORS + E004, fails=1)
    machine.says("new", "check --deploy", ERRORS + E004 + "?: (site.E011) Another.\n" + WARNINGS, fails=1)
    done = machine.upgrade()
    assert done.returncode == 1
    assert "多要求：(site.E011)（" in done.stderr
    assert machine.current == "old"
    assert "systemctl" not in machine.log


@pytest.mark.parametrize("words", ["check", "check --deploy"])
def test_settings_that_the_new_code_cannot_read_stop(machine: Machine, words: str) -> None:
    machine.says("new", words, "ImproperlyConfigured: HASH_QUEUE\n", fails=1)
    done = machine.upgrade()
    assert done.returncode == 1
    assert "不接受这里的设置" in done.stderr
    assert "ImproperlyConfigured" in done.stderr
    assert machine.current == "old"


def test_a_backup_that_fails_stops(machine: Machine) -> None:
    machine.says("old", "backup", "no room\n", fails=1)
    done = machine.upgrade()
    assert done.returncode == 1
    assert "no room" in done.stderr
    assert "停在“备份数据库”" in done.stderr
    assert machine.current == "old"


def test_back_with_data_uses_the_backup_of_the_upgrade(machine: Machine) -> None:
    """BACKUP_DIR of the operator's; what lies in the usual folder is older."""
    (machine.root / "var/backups/fingertip/classroom-20270101T000000Z").mkdir()
    changes_tables(machine)
    assert machine.upgrade().returncode == 0
    assert "--with-data" in machine.upgrade("--back").stderr
    machine.says("old", "restore", "有 3 个文件不在 MEDIA_ROOT 里\n")
    done = machine.upgrade("--back", "--with-data")
    assert done.returncode == 0, done.stderr
    assert "有 3 个文件" in done.stdout
    assert f"old restore {machine.root}/nas/classroom-20261126T000000Z --replace" in machine.log
    assert machine.current == "old"


def test_a_restore_that_is_not_whole_starts_nothing(machine: Machine) -> None:
    changes_tables(machine)
    assert machine.upgrade().returncode == 0
    (machine.root / "bin/systemctl.log").write_text("")
    machine.says("old", "restore", "行数和备份里记的不一样：请不要启动，先查原因。\n", fails=1)
    done = machine.upgrade("--back", "--with-data")
    assert done.returncode == 1
    assert "请不要启动" in done.stderr
    assert machine.current == "new"
    assert "systemctl stop" in machine.log
    assert "start" not in machine.log.replace("restore", "").split("systemctl stop")[-1]


def test_a_dry_run_changes_nothing_and_reads_the_commit(machine: Machine) -> None:
    (machine.root / "checkout/deploy/packages.txt").write_text("not committed")
    before = sorted(str(path) for path in machine.root.rglob("*"))
    done = machine.upgrade("--dry-run", "--force")
    assert done.returncode == 0, done.stderr
    (line,) = machine.log.splitlines()
    assert line.endswith(" committed --domain ketang.example.cn --stage packages --dry-run")
    assert sorted(str(path) for path in machine.root.rglob("*")) == before


def test_two_at_once_are_refused(machine: Machine) -> None:
    lock = machine.root / "run/fingertip-install.lock"
    write(lock, "")
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = machine.upgrade()
    assert done.returncode == 1
    assert "另一个安装或升级正在进行" in done.stderr
    assert machine.log == ""


def test_what_an_upgrade_starts_does_not_keep_the_next_one_out(machine: Machine) -> None:
    write(
        machine.root / "bin/systemctl", '#!/bin/bash\n(exec /bin/sleep 900 >/dev/null 2>&1) &\necho $! >> "$0.pids"\n'
    )
    try:
        assert machine.upgrade().returncode == 0
        again = machine.upgrade()
        assert (again.returncode, "什么都不用改" in again.stdout) == (0, True)
        words = (machine.root / "checkout/deploy/upgrade.sh", "--now")
        assert subprocess.run(words, capture_output=True, check=False).returncode == 2
    finally:
        for pid in (machine.root / "bin/systemctl.pids").read_text().split():
            os.kill(int(pid), signal.SIGKILL)


def test_a_release_that_a_process_runs_from_is_kept(machine: Machine) -> None:
    """A process that ends while the others are looked at makes find fail: that says nothing of the others."""
    for n, name in enumerate(("used", "unused", "used-not", "third", "fourth")):
        write(machine.root / f"opt/releases/{name}/.complete", name)
        os.utime(machine.root / f"opt/releases/{name}", (n, n))
    write(machine.root / "bin/find", '#!/bin/bash\n/usr/bin/find "$@"; case $* in *lname*) exit 1 ;; esac\n')
    proc = machine.root / "proc/1"
    proc.mkdir(parents=True)
    (proc / "cwd").symlink_to(machine.root / "opt/releases/used/live")
    done = machine.upgrade(PROC=str(machine.root / "proc"))
    assert done.returncode == 0, done.stderr
    left = {path.name for path in (machine.root / "opt/releases").iterdir()}
    assert left == {"old", machine.new, "used", "fourth"}
