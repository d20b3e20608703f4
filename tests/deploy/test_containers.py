"""Dockerfile and compose.yaml: what they say is what deploy/ says, nobody is root, no secret stands in them."""

import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import queues
from config.database import database
from deploy.image import healthy
from tests.rehearsal import dockerfile

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent  # where the locks put both
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
STAGES = dockerfile.stages()
OURS = {name: one for name, one in SERVICES.items() if one["image"].startswith("${IMAGE:-fingertip}")}
PARTS = {name: one for name, one in OURS.items() if "phone_key" in one.get("secrets", [])}
ONCE = {"prepare", "manage"}  # they end by themselves
SANDBOXED = {"worker-media", "agent"}
OF_OTHER_IMAGES = {"PAGES", "SOCKETS", "REDIS_MEMORY_MB", "POSTGRES_PASSWORD_FILE", "POSTGRES_INITDB_ARGS"}
pytestmark = pytest.mark.unit


def known() -> set[str]:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))


def test_every_part_of_a_server_is_a_service() -> None:
    commands = {" ".join(one["command"]) for one in PARTS.values()}
    assert {"pages 1", "pages 2", "sockets 1", "sockets 2", "beat", "agent", "manage prepare"} <= commands
    assert {"nginx", "database", "redis"} <= set(SERVICES)
    taken = [queue for one in commands if one.startswith("worker ") for queue in one.split()[1].split("-")]
    assert sorted(taken) == sorted(queues.TASK_QUEUES), "each queue by one worker"
    assert {name: one["profiles"] for name, one in SERVICES.items() if "profiles" in one} == {
        "manage": ["tools"], "turn": ["turn"], "s3": ["s3"],
    }  # fmt: skip


def test_every_setting_is_one_of_the_product() -> None:
    for name, service in SERVICES.items():
        keys = {key.removesuffix("_FILE") for key in service.get("environment", {}) if key not in OF_OTHER_IMAGES}
        assert keys - known() == set(), name


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_is_root_or_may_do_more_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] not in ("", "root", "0", "0:0")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert not service.get("privileged", False)
    assert service["security_opt"][0] == "no-new-privileges:true"
    assert len(service["security_opt"]) == (4 if name in SANDBOXED else 1)
    limits = service["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}
    assert service["hostname"] == name, "marks of a container that is made anew are those of the one before"
    assert service["restart"] == ("no" if name in ONCE else "unless-stopped")


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONCE))
def test_each_is_asked_whether_it_works(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    if name in PARTS:
        assert check["test"] == ["CMD", "deploy/start.sh", "healthy", *SERVICES[name]["command"]]


def test_who_needs_tables_waits_for_the_migrations() -> None:
    for name in set(PARTS) - ONCE:
        assert PARTS[name]["depends_on"]["prepare"] == {"condition": "service_completed_successfully"}
    for name in ONCE:
        assert set(PARTS[name]["depends_on"]) == {"database", "redis"}


def test_only_what_phones_need_is_open_to_others() -> None:
    opened = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert opened.pop("nginx") == ["80:80", "443:443"]
    assert all(port.startswith("127.0.0.1:") for ports in opened.values() for port in ports)
    assert {name for name, service in SERVICES.items() if service.get("network_mode") == "host"} == {"agent", "turn"}
    assert SERVICES["database"]["network_mode"] == "none"


def test_no_secret_stands_in_a_file_that_is_kept() -> None:
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"site/secrets/{name}"}
    for service in SERVICES.values():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        for key, value in service.get("environment", {}).items():
            if re.search(r"KEY|SECRET|PASSWORD|TOKEN|_URL", key):
                assert key.endswith("_FILE")
                assert value.startswith("/run/secrets/")
                assert value.removeprefix("/run/secrets/") in service["secrets"]
    for name in (".gitignore", ".dockerignore"):
        assert re.search(r"^/?site/?$", (ROOT / name).read_text(), re.MULTILINE), f"{name} leaves out site/"


def test_versions_and_figures_are_those_of_a_server() -> None:
    install = (ROOT / "deploy/install.sh").read_text(encoding="utf-8")
    major = re.search(r"/etc/postgresql/(\d+)/", install)
    assert major
    assert SERVICES["database"]["image"] == f"postgres:{major[1]}-bookworm"
    assert f"postgresql-client-{major[1]}" in (ROOT / "deploy/packages-app.txt").read_text().split()
    assert SERVICES["redis"]["image"] == "redis:7.0-bookworm", "Debian 12's"
    assert dockerfile.base_of(STAGES["app"], STAGES) == "debian:12-slim"
    template = (ROOT / "deploy/server/postgresql.conf.in").read_text(encoding="utf-8")
    wanted = dict(re.findall(r"^(\w+) = ([^@\n]+)$", template, re.MULTILINE))
    given = dict(word.split("=", 1) for word in SERVICES["database"]["command"] if "=" in word)
    assert {key: given.get(key) for key in wanted} == wanted
    port = re.search(r"REDIS_PORT=(\d+)", install)
    assert port
    assert SERVICES["redis"]["ports"] == [f"127.0.0.1:{port[1]}:{port[1]}"]


def test_as_many_processes_as_nginx_is_told_of() -> None:
    for part in ("pages", "sockets"):
        there = [name for name in SERVICES if re.fullmatch(rf"{part}-\d+", name)]
        assert SERVICES["nginx"]["environment"][part.upper()] == str(len(there))


def test_packages_stand_in_the_lists_alone() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "apt-get" not in text
    listed = [set(re.findall(r"^[a-z].*$", path.read_text(), re.M)) for path in ROOT.glob("deploy/packages*.txt")]
    for names in re.findall(r"packages\.sh [^\n]*? -- ([a-z0-9 -]+)", text):
        assert set(names.split()) <= set.union(*listed)
    app, server = (set((ROOT / f"deploy/packages-{name}.txt").read_text().split("\n")) for name in ("app", "server"))
    assert {one for one in app & server if one} == set(), "no package stands twice"


def test_a_package_that_no_list_names_stops_the_build(tmp_path: Path) -> None:
    command: list[str | Path] = [ROOT / "deploy/image/packages.sh", ROOT / "deploy/packages-app.txt", "--", "gcc"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "gcc is in none of" in done.stderr) == (1, True)


def test_the_last_stage_is_the_product_as_nobody() -> None:
    assert list(STAGES)[-1] == "app"
    assert STAGES["app"].base == "system"
    assert [(name, STAGES[name].last("USER")) for name in ("app", "nginx", "turn")] == [
        ("app", "fingertip"), ("nginx", "www-data"), ("turn", "10001:10001"),
    ]  # fmt: skip
    made = " ".join(words for _step, words in STAGES["system"].steps)
    assert "python3-venv" not in made
    assert {service["build"]["target"] for service in SERVICES.values() if "build" in service} == {
        "app",
        "nginx",
        "turn",
    }


def test_a_step_that_the_reader_does_not_know_is_said(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian AS one\nVOLUME /x\n")
    with pytest.raises(ValueError, match="VOLUME"):
        dockerfile.stages(path)


def test_the_profile_leaves_what_bubblewrap_is_made_of() -> None:
    profile = json.loads((ROOT / "deploy/image/seccomp.json").read_text(encoding="utf-8"))
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    (rule,) = profile["syscalls"]
    assert rule["action"] == "SCMP_ACT_ERRNO"
    needed = {"clone", "clone3", "mount", "pivot_root", "sethostname", "setns", "umount2", "unshare"}
    assert needed & set(rule["names"]) == set()
    assert {"bpf", "init_module", "kexec_load", "keyctl", "ptrace"} <= set(rule["names"])


# --- The folder "site" -----------------------------------------------------------------------------------------------
def made(folder: Path, *more: str, ok: bool = True) -> str:
    command: list[str | Path] = [ROOT / "deploy/image/site.sh", "--folder", folder, *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is ok, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_every_secret_that_compose_names_is_made_once(tmp_path: Path) -> None:
    said = made(tmp_path, "--domain", "ketang.example.cn", "--public-address", "203.0.113.7", "--turn")
    secrets = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert set(secrets) == set(COMPOSE["secrets"])
    for path in [*(tmp_path / "secrets").iterdir(), tmp_path / "tls/key.pem"]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o400
        assert path.read_text() not in said
    env = (tmp_path / "env").read_text()
    assert {line.split("=")[0].removesuffix("_FILE") for line in env.splitlines() if line[0] != "#"} <= known()
    assert "SITE_URL=https://ketang.example.cn\n" in env
    assert "TURN_SECRET_FILE=/run/secrets/turn_secret\n" in env
    assert "什么都不用写" in made(tmp_path, "--domain", "ketang.example.cn")
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == secrets


def test_the_address_of_the_database_is_its_socket(tmp_path: Path) -> None:
    made(tmp_path, "--domain", "ketang.example.cn")
    found = database((tmp_path / "secrets/database_url").read_text().strip(), testing=True, embedded=False)
    assert (found["HOST"], found["NAME"], found["USER"]) == ("/var/run/postgresql", "fingertip", "fingertip")
    assert found["PASSWORD"] == (tmp_path / "secrets/database_password").read_text()
    socket_of = {name: one["volumes"] for name, one in SERVICES.items() if "volumes" in one}
    assert "database-socket:/var/run/postgresql" in socket_of["database"]
    assert all("database-socket:/var/run/postgresql" in PARTS[name]["volumes"] for name in PARTS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--domain", "课 堂"], "请写明网址"),
        ([], "请写明网址"),
        (["--domain", "a.cn", "--key", "/etc/hostname"], "要一起写"),
        (["--domain", "a.cn", "--certificate", "/none", "--key", "/none"], "读不了 /none"),
        (["--domain", "a.cn", "--public-address", "here"], "IPv4"),
        (["--domian", "a.cn"], "不认识 --domian"),
    ],
)
def test_what_site_sh_does_not_take_is_said_before_anything_is_made(
    tmp_path: Path, words: list[str], said: str
) -> None:
    assert said in made(tmp_path / "site", *words, ok=False)
    assert not (tmp_path / "site").exists()


def test_nginx_is_told_what_an_installed_one_is(tmp_path: Path) -> None:
    command: list[str | Path] = [ROOT / "deploy/image/nginx.sh"]
    for url, said in (("http://ketang.example.cn", "https://"), ("https://ketang.example.cn", "certificate.pem")):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "SITE_URL": url})
        assert (done.returncode, said in done.stderr) == (1, True)


# --- Health checks ----------------------------------------------------------------------------------------------------
def parts(**details: tuple[bool, str]) -> dict[str, dict[str, object]]:
    return {name: {"ok": ok, "detail": detail} for name, (ok, detail) in details.items()}


@pytest.mark.parametrize(
    ("part", "detail", "asked", "why"),
    [
        ("worker", (True, "3 s ago"), ["media"], ""),
        ("worker", (False, "media: never heard of; reports: 90 s ago"), ["media"], "media: never heard of"),
        ("worker", (False, "media: never heard of; reports: 90 s ago"), ["evidence", "messages"], ""),
        ("worker", (False, "media: 99 s ago; reports: no"), ["reports", "media"], "reports: no; media: 99 s ago"),
        ("worker", (False, "media: 99 s ago"), [], "media: 99 s ago"),
        ("beat", (True, "3 s ago"), [], ""),
        ("beat", (False, "90 s ago"), [], "90 s ago"),
        ("agent", (True, "4 s ago"), [], ""),
        ("agent", (True, "not needed now (4 s ago)"), [], ""),
        ("agent", (True, "not needed now (300 s ago)"), [], "not needed now (300 s ago)"),
        ("agent", (True, "not needed now (never heard of)"), [], "not needed now (never heard of)"),
    ],
)  # fmt: skip
def test_a_part_is_as_well_as_the_site_has_heard(
    part: str, detail: tuple[bool, str], asked: list[str], why: str
) -> None:
    checks = parts(**{"media_agent" if part == "agent" else part: detail})
    assert healthy.unwell(part, checks, asked) == why


def test_a_part_of_which_nothing_is_known_is_not_well() -> None:
    assert healthy.unwell("beat", {}, []) == "nothing is known of beat"


class Answering:
    """One answer at a UNIX socket."""

    def __init__(self, folder: Path, name: str, answer: bytes) -> None:
        self.asked = b""
        self._listens = socket.socket(socket.AF_UNIX)
        self._listens.bind(str(folder / f"{name}.sock"))
        self._listens.listen()
        self._answer = answer
        self._thread = threading.Thread(target=self._once)
        self._thread.start()

    def _once(self) -> None:
        line, _ = self._listens.accept()
        with line:
            self.asked = line.recv(65536)
            line.sendall(b"HTTP/1.1 %b" % self._answer)

    def close(self) -> bytes:
        self._thread.join()
        self._listens.close()
        return self.asked


def asked(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "token").write_text("t" * 48 + "\n")
    env = {**os.environ, "RUNTIME_DIR": str(folder), "METRICS_TOKEN_FILE": str(folder / "token")}
    command: list[str | Path] = [ROOT / "deploy/start.sh", "healthy", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def body(**checks: dict[str, object]) -> bytes:
    text = json.dumps({"status": "unready", "checks": checks}).encode()
    return b"503 Service Unavailable\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)


def test_the_check_asks_over_the_socket_with_the_token_and_ends_so(tmp_path: Path) -> None:
    page = Answering(tmp_path, "pages-2", b"200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert asked(tmp_path, "pages", "2").returncode == 0
    assert page.close().startswith(b"GET /healthz ")
    ready = Answering(tmp_path, "sockets-1", body(beat={"ok": False, "detail": "90 s ago"}))
    done = asked(tmp_path, "beat")
    assert (done.returncode, done.stderr) == (1, "90 s ago\n")
    assert b"Authorization: Bearer " + b"t" * 48 + b"\r\n" in ready.close()


def test_whoever_does_not_answer_or_knows_no_token_is_not_well(tmp_path: Path) -> None:
    done = asked(tmp_path, "sockets", "1")
    assert (done.returncode, done.stderr.startswith("FileNotFoundError")) == (1, True)
    away = Answering(tmp_path, "pages-1", b"503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
    assert asked(tmp_path, "pages", "1").stderr == "/healthz answers 503\n"
    away.close()
    closed = Answering(tmp_path, "sockets-1", b'200 OK\r\nContent-Length: 19\r\n\r\n{"status": "ready"}')
    assert "METRICS_TOKEN" in asked(tmp_path, "worker", "media").stderr
    closed.close()


# --- What others say of both files ------------------------------------------------------------------------------------
def test_compose_yaml_is_one_by_its_specification() -> None:
    command: list[str | Path] = [
        BIN / "check-jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        ROOT / "compose.yaml",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_hadolint_finds_nothing_to_warn_of() -> None:
    command: list[str | Path] = [BIN / "hadolint", "--failure-threshold", "warning", ROOT / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
