"""The image's steps and the containers' processes, without a container engine: ``make rehearse-image``.

Root and debootstrap. ``build FOLDER``: what the Dockerfile says is done in roots under FOLDER, a bare Debian 12 each in
place of ``debian:12-slim``: COPY from the last commit, RUN with mounts and processes of its own. ``run FOLDER`` (in a
network of its own, over a PostgreSQL and a Redis: DATABASE_URL, REDIS_URL): the services of compose.yaml that are made
of our images, each with its user, environment, secrets, volumes and read-only root, without rights and new privileges;
each health check is asked in its own container, and the site by https. NOT done: limits, seccomp and AppArmor profiles,
networks between containers, layers, coturn, the images of PostgreSQL, Redis and S3.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from tests.rehearsal.dockerfile import ROOT, Stage, stages, words_of

PATIENCE_S = 240
# What of this machine's environment says how registries are reached (as_user in deploy/lib.sh).
REACHING = r"(?i)pip_|npm_config_|uv_|.*_proxy$|ssl_cert_|node_extra_ca_certs$|requests_ca_bundle$"
ENTER = """set -e; umask 022
mount --bind "$0" "$0"; cd "$0"; mkdir -p old
mount -t proc proc proc; mount --rbind /dev dev; mount -t sysfs sysfs sys
eval "$1"
pivot_root . old; cd /; umount -l /old; %s
eval "$2" """
COMPILERS = ["cc", "gcc", "g++", "c++", "clang", "tcc", "go", "rustc", "ld", "as", "make", "node", "npm", "pip", "pip3"]
failures: list[str] = []


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def holds(what: str, is_so: bool) -> None:
    say(f"  {'ok      ' if is_so else 'FAILED  '}{what}")
    if not is_so:
        failures.append(what)


def inside(root: Path, before: str, command: str, *, read_only: bool = False) -> list[str]:
    """``command`` with ``root`` for its root and mounts and processes of its own; ``before``: mounts from outside."""
    entered = ENTER % ("mount -o remount,bind,ro /" if read_only else "true")
    own = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--propagation", "private"]
    return [*own, "bash", "-c", entered, str(root), before, command]


# --- The image's steps -----------------------------------------------------------------------------------------------
def reachable(root: Path) -> None:
    """How this machine reaches the registries, by files; nothing of it is the project's."""
    for name in ("resolv.conf", "hosts", "pip.conf", "ssl/certs/ca-certificates.crt"):
        if (Path("/etc") / name).exists():
            (root / "etc" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path("/etc") / name, root / "etc" / name)
    if (npmrc := Path.home() / ".npmrc").exists():
        shutil.copy(npmrc, root / "root/.npmrc")


def context(folder: Path) -> Path:
    """The last commit without what .dockerignore names."""
    made = folder / "context"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    archive = subprocess.run(["git", "-C", ROOT, "archive", "HEAD"], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", made], input=archive, check=True)
    for line in (made / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#"):
            for path in list(made.glob(line)):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    return made


def copy(words: str, root: Path, workdir: str, sources: dict[str, Path]) -> None:
    parts = words.split()
    begin = sources[parts.pop(0).removeprefix("--from=")] if parts[0].startswith("--from=") else sources[""]
    *what, to = parts
    target = root / os.path.join(workdir, to).lstrip("/")  # an absolute one replaces the folder
    target.mkdir(parents=True, exist_ok=True)
    for name in what:
        path = begin / name.lstrip("/")
        subprocess.run(["cp", "-a", f"{path}/." if path.is_dir() else path, target], check=True)
    subprocess.run(["chown", "-R", "0:0", target], check=True)


def build(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    bare = folder / "bare"
    if not (bare / ".done").exists():
        say("=== debian:12-slim's place: a bare Debian 12")
        mirror = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
        subprocess.run(
            ["debootstrap", "--variant=minbase", "bookworm", bare, mirror], check=True, stdout=subprocess.DEVNULL
        )
        (bare / "etc/dpkg/dpkg.cfg.d/rehearsal").write_text("force-unsafe-io\n")
        (bare / ".done").touch()
    sources = {"": context(folder)}
    for stage in stages().values():
        root = sources[stage.name] = folder / stage.name
        say(f"=== Stage {stage.name}, from {stage.base}")
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["cp", "-a", sources.get(stage.base, bare), root], check=True)
        steps(stage, root, sources)


def steps(stage: Stage, root: Path, sources: dict[str, Path]) -> None:
    workdir = "/"
    for instruction, words in stage.steps:
        say(f"--- {instruction} {words[:150]}")
        if instruction == "WORKDIR":
            workdir = words
            (root / words.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif instruction == "COPY":
            copy(words, root, workdir, sources)
        elif instruction == "RUN":
            reachable(root)
            kept = {name: value for name, value in os.environ.items() if re.match(REACHING, name)}
            env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", **kept}
            command = f"cd {workdir} && exec sh -c {shlex.quote(words)}"
            done = subprocess.run(inside(root, "", command), env=env, check=False, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}\nthe step ended with status {done.returncode}")
    for name in ("etc/pip.conf", "root/.npmrc"):
        (root / name).unlink(missing_ok=True)


# --- The containers ---------------------------------------------------------------------------------------------------
class Container:
    """A service of compose.yaml as a process in its stage's root."""

    def __init__(self, name: str, service: dict[str, Any], folder: Path) -> None:
        self.name, self.service, self.folder = name, service, folder
        self.stage = stages()["nginx" if name == "nginx" else "app"]
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        """The image's, site/env's and the service's own; nothing of this machine's."""
        env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        env |= dict(re.findall(r"(\w+)=(\S+)", self.stage.last("ENV")))
        lines = (self.folder / "site/env").read_text().splitlines()
        env |= dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        return env | self.service.get("environment", {})

    def mounts(self) -> str:
        """Volumes by copy of what the image has there at first, secrets one by one, an empty /tmp."""
        made = [f"hostname {self.service['hostname']}"]
        root = self.folder / self.stage.name
        for volume in self.service.get("volumes", []):
            source, target, *how = volume.split(":")
            path = (
                self.folder / source.removeprefix("./") if source.startswith("./") else self.folder / "volumes" / source
            )
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                has = root / target.lstrip("/")
                subprocess.run(["cp", "-a", has, path] if has.exists() else ["mkdir", path], check=True)
            made.append(f"mkdir -p .{target}; mount --bind {path} .{target}")
            if "ro" in how:
                made.append(f"mount -o remount,bind,ro .{target}")
        made.append("mkdir -p run/secrets; mount -t tmpfs -o mode=755 tmpfs run/secrets")
        for secret in self.service.get("secrets", []):
            path = self.folder / "site/secrets" / secret
            made.append(f"touch run/secrets/{secret}; mount --bind {path} run/secrets/{secret}")
        made.append("mount -t tmpfs -o mode=1777,size=1g tmpfs tmp")
        return "; ".join(made)

    def command(self) -> list[str]:
        entry = self.service.get("entrypoint", words_of(self.stage.last("ENTRYPOINT")))
        return [*entry, *self.service.get("command", words_of(self.stage.last("CMD")))]

    def as_user(self, argv: list[str]) -> str:
        """Without rights, and without the way to any."""
        user = self.service["user"]
        who = f"--reuid {user} --regid {user} --init-groups --no-new-privs --bounding-set=-all --inh-caps=-all"
        pairs = " ".join(shlex.quote(f"{key}={value}") for key, value in self.environment().items())
        return f"cd {self.stage.last('WORKDIR')} && exec setpriv {who} env -i {pairs} {shlex.join(argv)}"

    def start(self) -> None:
        say(f"--- {self.name}: {shlex.join(self.command())}")
        log = self.folder / f"logs/{self.name}.log"
        log.parent.mkdir(exist_ok=True)
        log.unlink(missing_ok=True)
        log.touch(mode=0o666)
        log.chmod(0o666)  # an engine gives its container's output to the container's user
        argv = inside(self.folder / self.stage.name, self.mounts(), self.as_user(self.command()), read_only=True)
        with log.open("ab") as to:
            self.process = subprocess.Popen(
                argv, stdout=to, stderr=to, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def door(self) -> list[str]:
        """The way into its mounts and processes; raises LookupError once it has ended."""
        assert self.process is not None
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}")
        children = (task / "children").read_text().split() if task.exists() else []
        if not children:
            raise LookupError(self.name)
        return ["nsenter", "-t", children[0], "-m", "-p", "-u", "-r"]

    def ask(self, argv: list[str]) -> "subprocess.CompletedProcess[str]":
        """Run something beside its process, as ``docker compose exec`` does."""
        try:
            command = [*self.door(), "bash", "-c", self.as_user(argv)]
        except LookupError as error:
            return subprocess.CompletedProcess(argv, 125, "", f"{error} has ended")
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def is_healthy(self) -> bool:
        argv = [word.replace("$$", "$") for word in self.service["healthcheck"]["test"][1:]]
        return self.ask(argv).returncode == 0

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def site(folder: Path) -> None:
    """What an operator's first command writes; the two addresses are those of this rehearsal's servers."""
    shutil.rmtree(folder / "site", ignore_errors=True)
    shutil.rmtree(folder / "volumes", ignore_errors=True)
    command: list[str | Path] = [
        ROOT / "deploy/image/site.sh",
        "--domain",
        "ketang.example.cn",
        "--folder",
        folder / "site",
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for name in ("database_url", "redis_url"):
        (folder / "site/secrets" / name).write_text(os.environ[name.upper()])
    if address := os.environ.get("MEDIA_ICE_ADDRESSES"):  # of a network of its own (tests/netns.sh)
        with (folder / "site/env").open("a") as env:
            env.write(f"MEDIA_ICE_ADDRESSES={address}\n")


def run(folder: Path) -> None:
    site(folder)
    subprocess.run(["sysctl", "-qw", "net.ipv4.ip_unprivileged_port_start=0"], check=True)
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    ours = [
        name for name, one in services.items() if "FINGERTIP" in str(one["image"]).upper() and "profiles" not in one
    ]
    running = {name: Container(name, services[name], folder) for name in [*ours, "manage"] if name in services}
    try:
        first = running.pop("prepare")
        first.start()
        assert first.process is not None
        holds("prepare ends well", first.process.wait(PATIENCE_S) == 0)
        manage = running.pop("manage", None)
        for one in running.values():
            one.start()
        wait(running)
        look(running, folder)
        if manage:
            doctor(running)
    finally:
        for one in running.values():
            one.stop()


def wait(running: dict[str, Container]) -> None:
    until = time.monotonic() + PATIENCE_S
    waiting = dict(running)
    while waiting and time.monotonic() < until:
        waiting = {name: one for name, one in waiting.items() if not one.is_healthy()}
        time.sleep(1)
    for name, one in running.items():
        holds(f"{name} is healthy by its own check", name not in waiting)
        if name in waiting:
            say("\n".join((one.folder / f"logs/{name}.log").read_text(errors="replace").splitlines()[-15:]))


def look(running: dict[str, Container], folder: Path) -> None:
    """From outside by https, and what no container may be or have."""
    for address, expected in (
        ("/healthz", 200),
        ("/readyz", 200),
        ("/accounts/login/", 200),
        ("/metrics/pages-1", 404),
    ):
        asked = ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "--resolve", "ketang.example.cn:443:127.0.0.1"]
        said = subprocess.run(
            [*asked, f"https://ketang.example.cn{address}"], capture_output=True, text=True, check=False
        )
        holds(f"https://ketang.example.cn{address} answers {expected} ({said.stdout})", said.stdout == str(expected))
    page = ["curl", "-sk", "--resolve", "ketang.example.cn:443:127.0.0.1", "https://ketang.example.cn/accounts/login/"]
    sheet = re.search(r"/static/[^\"]*\.css", subprocess.run(page, capture_output=True, text=True, check=False).stdout)
    said = subprocess.run(
        [*page[:-1], "-I", f"https://ketang.example.cn{sheet[0] if sheet else '/'}"],
        capture_output=True,
        text=True,
        check=False,
    )
    holds("a sheet of styles comes from nginx for a year", "immutable" in said.stdout)
    for name, one in running.items():
        who = one.ask(["id", "-u"]).stdout.strip()
        holds(
            f"{name} is not root ({who}) and cannot write to its root",
            who not in ("", "0") and one.ask(["touch", "/opt/fingertip/current/x"]).returncode != 0,
        )
    found = [
        name
        for name in COMPILERS
        for place in ("usr/bin", "usr/local/bin", "opt/fingertip/current/.venv/bin")
        if (folder / "app" / place / name).exists()
    ]
    holds(f"no compiler, Node or pip in the last stage {found or ''}", not found)
    for name in ("secret_key", "phone_key"):
        value = (folder / "site/secrets" / name).read_text()
        seen = subprocess.run(["grep", "-rqsF", value, "/proc", "--include=environ", "--include=cmdline"], check=False)
        holds(f"{name} stands in no environment and no command line", seen.returncode == 1)


TELL_PARTS = """
import sys
sys.path.insert(0, "deploy/image")
import healthy
print(healthy.ask("sockets-1", "/readyz")[1].decode())
"""
TELL_SANDBOX = """
import os, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
from media.ffmpeg import sandbox_state
print(sandbox_state())
"""


def doctor(running: dict[str, Container]) -> None:
    """Every part is known; films and the media engine are shut in."""
    parts = json.loads(running["sockets-1"].ask([".venv/bin/python", "-c", TELL_PARTS]).stdout)["checks"]
    say(json.dumps(parts, ensure_ascii=False))
    holds("films are prepared inside bubblewrap", parts["sandbox"] == {"ok": True, "detail": "bubblewrap"})
    said = running["worker"].ask(["deploy/start.sh", "manage", "doctor"])
    say(said.stdout + said.stderr[-500:])
    holds("doctor names the containers' own commands", "docker compose run --rm manage" in said.stdout)
    # What Docker does to /proc where systempaths=unconfined is missing: bubblewrap cannot start, and says so.
    media = running["worker-media"]
    asked = media.as_user([".venv/bin/python", "-c", TELL_SANDBOX])
    there = [*media.door(), "unshare", "--mount", "bash", "-c", f"mount --bind /dev/null /proc/kcore; {asked}"]
    told = subprocess.run(there, capture_output=True, text=True, check=False)
    say(f"with /proc covered: {told.stdout.strip()} {told.stderr.strip()[-300:]}")
    holds("with /proc covered bubblewrap refuses, in words", "bwrap refuses" in told.stdout)


if __name__ == "__main__":
    {"build": build, "run": run}[sys.argv[1]](Path(sys.argv[2]).resolve())
    say(f"=== {len(failures)} things are not as they must be" if failures else "=== all as it must be")
    sys.exit(len(failures))
