#!/usr/bin/env python3
"""Stands in for systemctl in the rehearsal's root, where systemd cannot run: it starts the units' own commands itself.

Done as the unit says: ExecStartPre, ExecStart, ExecStartPost, ExecReload, ExecStop, User, Group, UMask,
WorkingDirectory, RuntimeDirectory, NoNewPrivileges, CapabilityBoundingSet, ProtectSystem=strict, ReadWritePaths,
ProtectHome, PrivateTmp, Restart, RestartSec, TimeoutStopSec, targets and instances.
NOT done: ordering, SystemCallFilter, RestrictAddressFamilies, PrivateDevices, Protect… of the kernel's, limits, timers.
``systemd-analyze verify`` (tests/deploy) reads those.
"""

import contextlib
import os
import pwd
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

STATE = Path("/run/rehearsal")
PLACES = [Path("/etc/systemd/system"), Path("/lib/systemd/system")]
LOGS = Path("/var/log/rehearsal")
PG_CTL = ["pg_ctlcluster", "--skip-systemctl-redirect", "15", "main"]
Unit = dict[str, list[str]]


def full(name: str) -> str:
    return name if re.search(r"\.(service|target|timer)$", name) else f"{name}.service"


def path_of(name: str) -> Path | None:
    template = re.sub(r"@[^.]*\.", "@.", name)
    for file in (folder / each for folder in PLACES for each in dict.fromkeys((name, template))):
        if file.is_symlink() and str(file.readlink()) == "/dev/null":
            return None
        if file.is_file():
            return file
    return None


def read(name: str) -> Unit:
    """Return the unit's keys; a key that comes again adds, an empty one of a command forgets what was."""
    file = path_of(name)
    if file is None:
        sys.exit(f"Unit {name} not found or masked")
    instance = match[1] if (match := re.search(r"@(.+)\.\w+$", name)) else ""
    unit: Unit = {}
    for line in re.sub(r"\\\n", " ", file.read_text(encoding="utf-8")).splitlines():
        if "=" in line and not line.lstrip().startswith(("#", ";")):
            key, value = line.split("=", 1)
            unit.setdefault(key.strip(), []).append(value.strip().replace("%i", instance).replace("%I", instance))
    return unit


def last(unit: Unit, key: str, default: str = "") -> str:
    return unit.get(key, [default])[-1]


def seconds(text: str) -> float:
    units = {"": 1, "s": 1, "sec": 1, "min": 60}
    match = re.fullmatch(r"(\d+)\s*(s|sec|min|)", text)
    return float(match[1]) * units[match[2]] if match else 90.0


def pid_file(name: str) -> Path:
    return STATE / f"{name}.pid"


def main_pid(name: str) -> int:
    with contextlib.suppress(OSError, ValueError):
        pid = int(pid_file(name).read_text(encoding="utf-8"))
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
        return 0 if state == "Z" else pid
    return 0


def confined(unit: Unit, argv: list[str]) -> list[str]:
    """Return the command with the unit's user and, for our own units, its view of the disk."""
    user = last(unit, "User")
    become = ["setpriv"]
    if last(unit, "NoNewPrivileges") in ("yes", "true"):
        become.append("--no-new-privs")
    if unit.get("CapabilityBoundingSet") == [""]:
        become += ["--bounding-set=-all", "--inh-caps=-all"]
    if user:
        become += ["--reuid", user, "--regid", last(unit, "Group", user), "--init-groups"]
    command = [*become, *argv] if len(become) > 1 else argv
    if last(unit, "ProtectSystem") != "strict" or user != "fingertip":
        return command
    writable = [shlex.quote(word) for word in shlex.split(" ".join(unit.get("ReadWritePaths", [])))]
    steps = ["set -e", *(f"mount --bind {path} {path}" for path in writable)]
    steps += ["mount -o remount,bind,ro /", "mount -o remount,bind,ro /run"]
    if last(unit, "PrivateTmp") in ("yes", "true"):
        steps += ["mount -t tmpfs -o mode=1777 tmpfs /tmp", "mount -t tmpfs -o mode=1777 tmpfs /var/tmp"]
    if last(unit, "ProtectHome") in ("yes", "true"):
        steps += ["mount -t tmpfs -o mode=0 tmpfs /home", "mount -t tmpfs -o mode=0 tmpfs /root"]
    if where := last(unit, "WorkingDirectory"):
        steps.append(f"cd {shlex.quote(where)}")
    return [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        "; ".join([*steps, 'exec "$@"']),
        "sh",
        *command,
    ]


def environment(unit: Unit) -> dict[str, str]:
    user = last(unit, "User") or "root"
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "USER": user}
    env["HOME"] = pwd.getpwnam(user).pw_dir
    for line in unit.get("Environment", []):
        env |= dict(word.split("=", 1) for word in shlex.split(line))
    return env


def options(name: str, unit: Unit) -> dict[str, object]:
    LOGS.mkdir(parents=True, exist_ok=True)
    log = (LOGS / f"{name}.log").open("ab")
    return {
        "env": environment(unit),
        "cwd": last(unit, "WorkingDirectory", "/"),
        "stdin": subprocess.DEVNULL,
        "stdout": log,
        "stderr": log,
        "umask": int(last(unit, "UMask", "0022"), 8),
        "start_new_session": True,
    }


def run_all(name: str, unit: Unit, key: str) -> None:
    for line in unit.get(key, []):
        argv = shlex.split(line.lstrip("-@+!:"))
        argv = [word.replace("$MAINPID", str(main_pid(name))) for word in argv]
        done = subprocess.run(confined(unit, argv), check=False, **options(name, unit))  # type: ignore[call-overload]
        if done.returncode and not line.startswith("-"):
            raise RuntimeError(f"{name}: {key} ended with status {done.returncode}")


def prepare(unit: Unit) -> None:
    for folder in shlex.split(" ".join(unit.get("RuntimeDirectory", []))):
        where = Path("/run") / folder
        where.mkdir(exist_ok=True)
        where.chmod(int(last(unit, "RuntimeDirectoryMode", "0755"), 8))
        if user := last(unit, "User"):
            entry = pwd.getpwnam(user)
            os.chown(where, entry.pw_uid, entry.pw_gid)


def start(name: str) -> None:
    if is_active(name):
        return
    unit = read(name)
    if name.endswith((".target", ".timer")):
        (STATE / f"{name}.on").touch()
        return
    if name == "postgresql.service":
        subprocess.run([*PG_CTL, "start"], check=False)
        return
    prepare(unit)
    run_all(name, unit, "ExecStartPre")
    if last(unit, "Type") in ("forking", "oneshot"):
        run_all(name, unit, "ExecStart")
    else:
        supervise(name, unit)
        if last(unit, "Type") == "notify":
            time.sleep(2)
            if not main_pid(name):
                raise RuntimeError(f"{name} ended at once")
    run_all(name, unit, "ExecStartPost")


def supervise(name: str, unit: Unit) -> None:
    """Start the process with a parent of its own that starts it again when it ends by itself."""
    argv = confined(unit, shlex.split(last(unit, "ExecStart")))
    given = options(name, unit)
    if os.fork():
        deadline = time.monotonic() + 10
        while not main_pid(name) and time.monotonic() < deadline:
            time.sleep(0.05)
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for each in (0, 1, 2):
        os.dup2(null, each)
    while True:
        process = subprocess.Popen(argv, **given)  # type: ignore[call-overload]
        pid_file(name).write_text(str(process.pid), encoding="utf-8")
        process.wait()
        if (STATE / f"{name}.{process.pid}.stop").exists() or last(unit, "Restart", "no") == "no":
            break
        time.sleep(seconds(last(unit, "RestartSec", "1")))
    os._exit(0)


def stop(name: str) -> None:
    if name.endswith((".target", ".timer")):
        (STATE / f"{name}.on").unlink(missing_ok=True)
        return
    if name == "postgresql.service":
        if is_active(name):
            subprocess.run([*PG_CTL, "stop", "-m", "fast"], check=False)
        return
    unit = read(name)
    pid = main_pid(name)
    (STATE / f"{name}.{pid}.stop").touch()  # its supervisor's alone: the next start has another
    if unit.get("ExecStop"):
        run_all(name, unit, "ExecStop")
    if not pid:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM) if last(unit, "KillMode") == "mixed" else os.killpg(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds(last(unit, "TimeoutStopSec", "90"))
    while main_pid(name) and time.monotonic() < deadline:
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    pid_file(name).unlink(missing_ok=True)


def is_active(name: str) -> bool:
    if name.endswith((".target", ".timer")):
        return (STATE / f"{name}.on").exists()
    if name == "postgresql.service":
        return subprocess.run(["pg_lsclusters", "-h"], capture_output=True, check=False).stdout.find(b"online") > 0
    if last(read(name), "Type") == "forking":
        with contextlib.suppress(OSError, ValueError):
            return Path(f"/proc/{int(Path(last(read(name), 'PIDFile')).read_text(encoding='utf-8'))}").exists()
        return False
    return bool(main_pid(name))


def verb(what: str, name: str) -> int:
    marks = STATE / "enabled"
    marks.mkdir(exist_ok=True)
    if what == "is-active":
        return 0 if is_active(name) else 3
    if what == "is-enabled":
        return 0 if (marks / name).exists() else 1
    if what == "enable":
        read(name)
        (marks / name).touch()
    elif what == "disable":
        (marks / name).unlink(missing_ok=True)
    elif what == "start":
        start(name)
    elif what == "stop":
        stop(name)
    elif what == "restart" and name == "fingertip.target":
        for each in sorted(marks.glob("fingertip-*.service")):
            verb("restart", each.name)
    elif what in ("restart", "try-restart"):
        if what == "restart" or (path_of(name) and is_active(name)):
            stop(name)
            start(name)
    elif what == "reload":
        run_all(name, read(name), "ExecReload")
    else:
        sys.exit(f"this stand-in for systemctl does not know {what}")
    return 0


def main() -> int:
    STATE.mkdir(parents=True, exist_ok=True)
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    if not words or words[0] in ("daemon-reload", "preset", "show", "is-system-running", "reset-failed"):
        return 0
    try:
        return max(verb(words[0], full(name)) for name in words[1:])
    except (RuntimeError, OSError) as error:
        sys.stderr.write(f"systemctl: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
