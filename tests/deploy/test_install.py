"""What deploy/install.sh writes: rights, secrets, a second run, units and settings that are taken."""

import http.server
import os
import re
import shutil
import signal
import socketserver
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "ketang.example.cn"
SECRETS = ("secret_key", "phone_key", "database_url", "redis_url", "turn_secret")
pytestmark = pytest.mark.unit

# Everything that is written, and who may read it: what is not named here, or has other rights, fails.
RIGHTS = {
    "etc/fingertip": 0o750,
    "etc/fingertip/tls": 0o700,
    "var/lib/fingertip": 0o710 if "FILES_GROUP=" in (ROOT / ".env.example").read_text(encoding="utf-8") else 0o700,
    "var/backups/fingertip": 0o700,
    "var/lib/fingertip-acme": 0o755,
    "etc/fingertip/env": 0o600,
    "etc/fingertip/install.conf": 0o640,
    **{f"etc/fingertip/{name}": 0o600 for name in SECRETS},
    "etc/fingertip/tls/certificate.pem": 0o600,
    "etc/fingertip/tls/key.pem": 0o600,
    "etc/redis/redis-fingertip.conf": 0o640,
    "etc/turnserver.conf": 0o640,
    "etc/postgresql/15/main/conf.d/fingertip.conf": 0o644,
    "etc/nginx/sites-available/fingertip": 0o644,
    "etc/tmpfiles.d/fingertip.conf": 0o644,
    "etc/systemd/journald.conf.d/fingertip.conf": 0o644,
    "etc/logrotate.d/fingertip": 0o644,
    "usr/local/sbin/fingertip": 0o755,
    **{f"etc/systemd/system/{unit.name}": 0o644 for unit in (ROOT / "deploy/units").iterdir()},
}


def install(to: Path, *more: str, ok: bool = True) -> str:
    """Render everything into a folder as the installation would write it; return what was said."""
    command = [ROOT / "deploy/install.sh", "--render", to, *(more or ("--domain", DOMAIN))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is ok, done.stdout + done.stderr
    return done.stdout if ok else done.stderr


def files(under: Path) -> dict[str, Path]:
    return {str(path.relative_to(under)): path for path in under.rglob("*") if path.is_file() and not path.is_symlink()}


def test_every_file_has_its_rights(tmp_path: Path) -> None:
    install(tmp_path)
    expected = {name: mode for name, mode in RIGHTS.items() if name != "etc/turnserver.conf" or turn_is_there()}
    seen = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in expected}
    assert seen == expected
    assert set(files(tmp_path)) <= set(expected)


def test_nginx_takes_the_phones_of_a_lecture(tmp_path: Path) -> None:
    """Two connections each; Debian's own allows 768 a process. Who allows more keeps what they wrote."""
    conf, limit = tmp_path / "etc/nginx/nginx.conf", tmp_path / "etc/nginx/modules-enabled/99-fingertip.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text("worker_processes auto;\nevents {\n\tworker_connections 768;\n\t# multi_accept on;\n}\n")
    install(tmp_path)
    assert "\tworker_connections 16384;\n" in conf.read_text()
    assert limit.read_text() == "worker_rlimit_nofile 65536;\n"
    said = install(tmp_path)
    assert "连接数" not in said
    own = "worker_rlimit_nofile 1000000;\nevents { worker_connections 100000; }\n"
    conf.write_text(own)
    limit.unlink()
    install(tmp_path)
    assert (conf.read_text(), limit.exists()) == (own, False)


def turn_is_there() -> bool:
    return (ROOT / "deploy/coturn.conf.in").exists()


def secrets_of(root: Path) -> dict[str, str]:
    """Return each secret itself: of an address, its password."""
    found = {}
    for name in SECRETS:
        text = (root / "etc/fingertip" / name).read_text(encoding="utf-8").strip()
        found[name] = match[1] if (match := re.search(r":([^:@]+)@", text)) else text
    return found


def test_no_secret_stands_where_others_read_or_is_said(tmp_path: Path) -> None:
    said = install(tmp_path)
    for name, value in secrets_of(tmp_path).items():
        assert len(value) == 48, name
        assert value not in said
        for path in files(tmp_path).values():
            if stat.S_IMODE(path.stat().st_mode) & 0o007:
                assert value not in path.read_text(encoding="utf-8"), f"{name} stands in {path}"


def test_a_second_run_writes_nothing_and_keeps_what_was_changed_by_hand(tmp_path: Path) -> None:
    install(tmp_path)
    env = tmp_path / "etc/fingertip/env"
    env.write_text(env.read_text(encoding="utf-8") + "LIVE_WEBRTC_CAP=400\n", encoding="utf-8")
    before = {name: (path.read_bytes(), path.stat().st_mtime_ns) for name, path in files(tmp_path).items()}
    assert "写入了 0 个文件" in install(tmp_path)
    assert {name: (path.read_bytes(), path.stat().st_mtime_ns) for name, path in files(tmp_path).items()} == before


def env_of(root: Path) -> dict[str, str]:
    lines = (root / "etc/fingertip/env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def changed(root: Path, **values: str) -> None:
    env = root / "etc/fingertip/env"
    env.write_text("".join(f"{key}={value}\n" for key, value in (env_of(root) | values).items()), encoding="utf-8")


def test_a_second_run_keeps_what_the_operator_decided_otherwise(tmp_path: Path) -> None:
    own = {
        "BACKUP_DIR": "/mnt/nas/ketang",
        "TRUSTED_PROXIES": "unix,10.0.0.5",
        "FILES_GROUP": "web",
        "MEDIA_ACCEL_PREFIX": "",
        "TURN_URLS": "turn:turn.example.cn:3478",
        "MEDIA_PUBLIC_ADDRESS": "203.0.113.9",
    }
    install(tmp_path, "--domain", DOMAIN, "--public-address", "203.0.113.7")
    changed(tmp_path, **own)
    install(tmp_path, "--domain", "xin.example.cn")
    assert {key: env_of(tmp_path)[key] for key in own} == own
    unit = (tmp_path / "etc/systemd/system/fingertip-backup.service").read_text(encoding="utf-8")
    assert "ReadWritePaths=/var/lib/fingertip /mnt/nas/ketang\n" in unit
    assert "/mnt/nas/ketang/*" in (tmp_path / "usr/local/sbin/fingertip").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", ["backups", "/mnt/a b", "/"])
def test_a_backup_folder_that_a_unit_cannot_name_is_refused(tmp_path: Path, folder: str) -> None:
    install(tmp_path)
    changed(tmp_path, BACKUP_DIR=folder)
    assert "BACKUP_DIR" in install(tmp_path, ok=False)


def test_a_backup_folder_of_the_operators_keeps_its_rights(tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / "mnt/nas").mkdir(parents=True, mode=0o770)
    (tmp_path / "mnt/nas").chmod(0o770)
    changed(tmp_path, BACKUP_DIR="/mnt/nas")
    install(tmp_path)
    assert stat.S_IMODE((tmp_path / "mnt/nas").stat().st_mode) == 0o770


def test_without_turn_nothing_of_it_is_left(tmp_path: Path) -> None:
    install(tmp_path)
    assert env_of(tmp_path)["TURN_URLS"].startswith(f"turn:{DOMAIN}:3478")
    install(tmp_path, "--domain", "xin.example.cn")
    assert env_of(tmp_path)["TURN_URLS"].startswith("turn:xin.example.cn:3478")
    install(tmp_path, "--domain", "xin.example.cn", "--no-turn")
    assert {key for key in env_of(tmp_path) if key.startswith("TURN_")} == set()
    assert not (tmp_path / "etc/fingertip/turn_secret").exists()
    assert not (tmp_path / "etc/turnserver.conf").exists()
    install(tmp_path, "--domain", "xin.example.cn", "--turn")
    assert env_of(tmp_path)["TURN_SECRET_FILE"] == "/etc/fingertip/turn_secret"
    assert (tmp_path / "etc/turnserver.conf").exists()


def test_a_turn_server_of_somebody_else_stays(tmp_path: Path) -> None:
    install(tmp_path)
    changed(tmp_path, TURN_URLS="turn:turn.example.cn:3478", TURN_SECRET_FILE="/etc/fingertip/theirs")
    install(tmp_path, "--domain", DOMAIN, "--no-turn")
    assert env_of(tmp_path)["TURN_URLS"] == "turn:turn.example.cn:3478"
    assert env_of(tmp_path)["TURN_SECRET_FILE"] == "/etc/fingertip/theirs"
    assert not (tmp_path / "etc/turnserver.conf").exists()


def test_another_domain_changes_the_address_and_no_secret(tmp_path: Path) -> None:
    install(tmp_path)
    secrets = secrets_of(tmp_path)
    install(tmp_path, "--domain", "xin.example.cn")
    assert secrets_of(tmp_path) == secrets
    assert "SITE_URL=https://xin.example.cn\n" in (tmp_path / "etc/fingertip/env").read_text(encoding="utf-8")
    assert DOMAIN not in (tmp_path / "etc/nginx/sites-available/fingertip").read_text(encoding="utf-8")
    assert b"xin.example.cn" in subprocess.check_output(
        ["openssl", "x509", "-in", tmp_path / "etc/fingertip/tls/certificate.pem", "-noout", "-subject"]
    )


def test_settings_of_the_text_messages_come_from_a_file(tmp_path: Path) -> None:
    lines = tmp_path / "sms"
    lines.write_text("# gateway\nSMS_WAY=http\nSMS_SECRET=a b={c}&d==\n", encoding="utf-8")
    install(tmp_path / "root", "--domain", DOMAIN, "--sms-file", str(lines))
    env = (tmp_path / "root/etc/fingertip/env").read_text(encoding="utf-8")
    assert env.endswith("SMS_WAY=http\nSMS_SECRET=a b={c}&d==\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "请写明网址"),
        (("--domain", "https://ketang.example.cn/"), "不是域名"),
        (("--domain", "ketang"), "不是域名"),
        (("--domain", "a b.cn"), "不是域名"),
        (("--domain", DOMAIN, "--key", "/etc/hostname"), "要一起写"),
        (("--domain", DOMAIN, "--operator", "13800000051"), "--name 姓名"),
        (("--domain", DOMAIN, "--organisation", "云溪县"), "--operator 手机号"),
        (("--domain", DOMAIN, "--public-address", "here"), "IPv4"),
        (("--domain", DOMAIN, "--dir", "/opt/a b"), "--dir"),
        (("--domain", DOMAIN, "--sms-file", "/missing"), "读不到"),
        (("--domain", DOMAIN, "--sms-file", "/etc/passwd"), "只能有 SMS_"),
        (("--what", "ever"), "不认识 --what"),
    ],
)
def test_words_that_cannot_be_are_refused_before_anything_is_written(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in install(tmp_path, "--dir", "/opt/fingertip", *words, ok=False)
    assert files(tmp_path) == {}


def test_systemd_takes_every_unit(tmp_path: Path) -> None:
    """Rendered for a release that is this checkout, so that the commands are there to be looked at."""
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt/current").symlink_to(ROOT)
    install(tmp_path / "root", "--domain", DOMAIN, "--dir", str(tmp_path / "opt"))
    units = sorted((tmp_path / "root/etc/systemd/system").iterdir())
    assert len(units) == len(list((ROOT / "deploy/units").iterdir()))
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", sorted((ROOT / "deploy/units").glob("*.service")), ids=lambda unit: unit.stem)
def test_every_service_is_closed_in(unit: Path) -> None:
    lines = unit.read_text(encoding="utf-8").splitlines()
    for line in ("User=fingertip", "NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "ProtectHome=yes"):
        assert line in lines
    assert not any(line.startswith(("Environment=", "EnvironmentFile=")) for line in lines)
    # bubblewrap (worker, agent) needs namespaces, mounts and a /proc of which nothing is covered.
    boxes = unit.stem in ("fingertip-worker", "fingertip-worker@", "fingertip-agent")
    forbidden = (
        "ProtectKernelTunables=",
        "ProtectKernelLogs=",
        "ProtectProc=",
        "RestrictNamespaces=",
        "SystemCallFilter=",
    )
    assert any(line.startswith(forbidden) for line in lines) is not boxes


def test_the_product_takes_the_settings(tmp_path: Path) -> None:
    """``check --deploy`` with the file as it is written, but for the places of its own files."""
    install(tmp_path)
    env = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")}
    for line in (tmp_path / "etc/fingertip/env").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            key, value = line.split("=", 1)
            env[key] = value.replace("/etc/fingertip", f"{tmp_path}/etc/fingertip").replace("/var/", f"{tmp_path}/var/")
    asked = "from django.conf import settings as s; print(s.EMBEDDED, s.DEMO, s.HTTPS, s.SITE_URL, len(s.SECRET_KEY))"
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", asked],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"False False True https://{DOMAIN} 48\n", done.stderr


@pytest.mark.parametrize("part", ["pages", "sockets"])
def test_the_units_command_serves_on_its_socket(tmp_path: Path, part: str) -> None:
    """deploy/start.sh gives granian and uvicorn words that they take, and the unit's own question is answered."""
    env = {**os.environ, "RUNTIME_DIR": str(tmp_path), "VAR_DIR": str(tmp_path / "var"), "DEMO": "0"}
    env |= {"DATABASE_URL": "", "REDIS_URL": "", "DJANGO_SETTINGS_MODULE": "config.settings"}
    process = subprocess.Popen([ROOT / "deploy/start.sh", part, "1"], env=env, start_new_session=True)
    try:
        question = [ROOT / "deploy/start.sh", "answers", part, "1"]
        for _minute in range(4):  # it gives up after one, in which a busy machine may not have read the program
            if subprocess.run(question, env=env, check=False, timeout=300).returncode == 0:
                break
        else:
            pytest.fail("it does not answer")
        assert stat.S_IMODE((tmp_path / f"{part}-1.sock").stat().st_mode) & 0o060 == 0o060
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(90)


@pytest.fixture
def short() -> Iterator[Path]:
    """A Unix socket's path has a hundred characters."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


class Process(http.server.BaseHTTPRequestHandler):
    """Says which socket it answers on, and what was asked."""

    def do_GET(self) -> None:
        body = f"{Path(str(self.server.server_address)).stem} {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *args: object) -> None:
        return


def test_every_process_is_reached_for_its_own_figures(tmp_path: Path, short: Path) -> None:
    """By nginx itself, with the line that is installed."""
    install(tmp_path)
    site = (tmp_path / "etc/nginx/sites-available/fingertip").read_text(encoding="utf-8")
    (line,) = re.findall(r"^ *location ~ .*/metrics/.*$", site, re.MULTILINE)
    line = line.replace("/run/fingertip", str(short))
    named = set(re.findall(r"unix:/run/fingertip/([a-z]+-\d+)\.sock", site))
    assert {"pages-1", "pages-2", "sockets-1"} <= named
    servers = [socketserver.ThreadingUnixStreamServer(f"{short}/{name}.sock", Process) for name in named]
    (short / "nginx.conf").write_text(
        f"daemon off; pid {short}/pid; error_log {short}/error.log; user root; events {{}}\n"
        f"http {{ access_log off; server {{ listen unix:{short}/front; {line} }} }}\n"
    )
    nginx = subprocess.Popen(["/usr/sbin/nginx", "-c", short / "nginx.conf", "-p", short, "-e", short / "error.log"])
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        curl = [
            "curl",
            "-s",
            "--retry",
            "20",
            "--retry-delay",
            "1",
            "--retry-all-errors",
            "--unix-socket",
            short / "front",
        ]
        for name in sorted(named):
            assert subprocess.check_output([*curl, f"http://a/metrics/{name}"], text=True) == f"{name} /metrics"
        asked = [*curl[:2], *curl[-2:], "-o", "/dev/null", "-w", "%{http_code}", "--path-as-is"]
        for path in ("sockets-0", "sockets-1/x", "../pages-1", "worker-1"):
            assert subprocess.check_output([*asked, f"http://a/metrics/{path}"], text=True) in ("400", "404")
    finally:
        nginx.terminate()
        nginx.wait(60)
        for server in servers:
            server.shutdown()
            server.server_close()


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed here")
def test_shellcheck_finds_nothing() -> None:
    scripts = [*(ROOT / "deploy").glob("*.sh"), ROOT / "tests/rehearsal/inside.sh", ROOT / "deploy/server/fingertip.in"]
    scripts.remove(ROOT / "deploy/setup.sh")
    # Chinese quotation marks, a sourced file and its variables, another shell's expressions, words to be split.
    command = ["shellcheck", "-x", "-e", "SC1091,SC1111,SC2034,SC2016,SC2086", *scripts]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == ""
