"""Start what deploy/install.sh installs, on free ports and in a private folder: nginx from its own template."""

import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.databases import sqlite_copy
from tests.services import as_user, free_port, redis, wait_for_port

BASE_DIR = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 120
PHONES = {"organiser": "13700000001", "member": "13700000002", "lecturer": "13700000003"}  # tests/front/seed.py
UVICORN = [
    *("--ws", "websockets-sansio", "--ws-per-message-deflate", "false", "--ws-max-size", "81920", "--lifespan", "on"),
    *("--log-level", "warning", "--no-access-log", "--no-server-header", "--no-proxy-headers"),
    *("--timeout-graceful-shutdown", "3"),
]
GRANIAN = [*("--interface", "wsgi", "--no-ws", "--log-level", "warning", "--blocking-threads", "4")]


@dataclass
class Front:
    """The running site, by its address."""

    url: str
    folder: Path
    certificate: Path
    environment: dict[str, str]
    pages_port: int
    sockets_port: int
    facts: dict[str, Any] = field(default_factory=dict)
    sockets_environment: dict[str, str] = field(default_factory=dict)
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def access_log(self) -> str:
        return (self.folder / "nginx/fingertip.access.log").read_text()

    def logged(self, text: str, *, after: str = "") -> str:
        """What nginx's log has beyond ``after``, once ``text`` stands there: it is written after the answer is sent."""
        until = time.monotonic() + PATIENCE_S
        while text not in (said := self.access_log.removeprefix(after)):
            assert time.monotonic() < until, (text, said[-2000:])
            time.sleep(0.05)
        return said

    def all_logged(self) -> str:
        """nginx's log with every request up to now: one of ours is asked after them, and its line waited for.

        Its one worker writes lines in the order in which it has sent the answers.
        """
        mark = f"/static/mark-{secrets.token_hex(8)}"
        with self.browser() as browser:
            browser.get(f"{self.url}{mark}", timeout=60)
        return self.logged(mark)

    def start(self, name: str, *, workers: int = 1) -> None:
        """A part of it, "pages" or "sockets", which answers a little later."""
        port = {"pages": self.pages_port, "sockets": self.sockets_port}[name]
        at = ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
        commands = {
            "pages": [sys.executable, "-m", "granian", *GRANIAN, *at, "config.wsgi:application"],
            "sockets": [sys.executable, "-m", "uvicorn", *UVICORN, *at, "config.asgi:application"],
        }
        environment = self.environment | (self.sockets_environment if name == "sockets" else {})
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*as_user(None), *commands[name]], cwd=BASE_DIR, env=environment, stdout=log, stderr=log
            )

    def wait_for(self, path: str) -> None:
        """Until the site answers there: on a busy machine a process reads the program for a while."""
        until = time.monotonic() + PATIENCE_S
        with self.browser() as browser:
            while browser.get(f"{self.url}{path}", timeout=60).status_code in (502, 503):
                assert time.monotonic() < until, [log.read_text()[-2000:] for log in self.folder.glob("*.log")]
                time.sleep(0.2)

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def browser(self, who: str = "", *, phone: str = "") -> requests.Session:
        """A new one; signed in by the page if it is somebody's."""
        made = requests.Session()
        made.verify = str(self.certificate)
        made.trust_env = False
        phone = phone or PHONES.get(who, "")
        if phone:
            page = made.get(f"{self.url}/accounts/login/", timeout=60)
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
            assert token is not None, page.text[:2000]
            form = {"login": phone, "password": self.facts["password"], "csrfmiddlewaretoken": token[1]}
            done = made.post(
                f"{self.url}/accounts/login/", form, headers={"Referer": self.url}, timeout=60, allow_redirects=False
            )
            assert done.status_code == 302, done.text[:3000]
        return made

    def seed(self) -> None:
        """People, a film and a lecture (tests/front/seed.py)."""
        command = [sys.executable, "-m", "tests.front.seed"]
        done = subprocess.run(command, cwd=BASE_DIR, env=self.environment, capture_output=True, text=True, check=False)
        lines = [line for line in done.stdout.splitlines() if line.startswith("SEED ")]
        assert lines, done.stderr[-3000:]
        self.facts = json.loads(lines[0].removeprefix("SEED "))


@dataclass
class MediaFront:
    """Where the nginx of a media host keeps its own files: ``folder``/nginx."""

    folder: Path


def certificate(folder: Path) -> tuple[Path, Path]:
    made, key = folder / "certificate.pem", folder / "key.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", *curve, *name, "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made, key


def rendered(front: Front, *, key: Path, http_port: int, https_port: int, most: int = 32) -> str:
    """The template as install.sh fills it, but for the ports and the folder of the logs."""
    text = (BASE_DIR / "deploy/nginx.conf.in").read_text()
    values = {
        "DOMAIN": "localhost", "CODE": str(BASE_DIR), "VAR": str(front.folder / "var"), "KEY": str(key),
        "CERT": str(front.certificate), "ACME": str(front.folder / "acme"), "CACHE": str(front.folder / "nginx/stored"),
        "PAGES": f"server 127.0.0.1:{front.pages_port} max_conns={most} max_fails=1 fail_timeout=1s;",
        "SOCKETS": f"server 127.0.0.1:{front.sockets_port} max_fails=1 fail_timeout=1s;",
    }  # fmt: skip
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    assert re.findall(r"(?m)^[^#\n]*@[A-Z_]+@", text) == []
    text = re.sub(r"(?m)^ *listen \[::\].*\n", "", text)
    text = text.replace("listen 80 ", f"listen 127.0.0.1:{http_port} ").replace(
        "listen 443 ", f"listen 127.0.0.1:{https_port} "
    )
    return text.replace("/var/log/nginx", str(front.folder / "nginx"))


def rendered_media(folder: Path, *, listen: str, pages: int, var: Path) -> str:
    """deploy/nginx-media.conf.in for a media host on this machine, filled as its own lines say."""
    text = (BASE_DIR / "deploy/nginx-media.conf.in").read_text()
    values = {"LISTEN": listen, "PAGES": f"server 127.0.0.1:{pages};", "PEERS": "allow 127.0.0.1;", "VAR": str(var)}
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    assert re.findall(r"(?m)^[^#\n]*@[A-Z_]+@", text) == []
    return text.replace("/var/log/nginx", str(folder))


def start_nginx(front: Front | MediaFront, site: str) -> "subprocess.Popen[bytes]":
    folder = front.folder / "nginx"
    folder.mkdir()
    (folder / "site.conf").write_text(site)
    places = [f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    main = [
        "daemon off; worker_processes 1; pcre_jit on;" + ("user root;" if os.geteuid() == 0 else ""),
        f"pid {folder}/pid; error_log {folder}/error.log warn;",
        "worker_rlimit_nofile 65536; events { worker_connections 16384; }",
        "http { include /etc/nginx/mime.types; default_type application/octet-stream; sendfile on;",
        *places,
        f"include {folder}/site.conf; }}",
    ]
    (folder / "nginx.conf").write_text("\n".join(main))
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    return subprocess.Popen([*as_user(None), *command])


@contextlib.contextmanager
def front_site(
    *,
    database: str = "",
    workers: int = 1,
    most: int = 32,
    sockets_environment: dict[str, str] | None = None,
    **extra: str,
) -> Iterator[Front]:
    """Yield the whole, seeded; SQLite unless ``database`` names another. ``most``: pages that are let in at once."""
    with tempfile.TemporaryDirectory(prefix="classroom-front-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        var_dir = folder / "var"
        var_dir.mkdir()
        copy = sqlite_copy("front")
        copy.rename(var_dir / "db.sqlite3")
        copy.parent.rmdir()
        http_port, https_port = free_port(), free_port()
        made, key = certificate(folder)
        url = f"https://localhost:{https_port}"
        with redis(folder) as redis_url:
            environment = {
                **{key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "DEBUG", "DEMO"))},
                "DJANGO_SETTINGS_MODULE": "config.settings", "VAR_DIR": str(var_dir), "SITE_URL": url,
                "REDIS_URL": redis_url, "DATABASE_URL": database or f"sqlite:///{var_dir}/db.sqlite3",
                "SECRET_KEY": secrets.token_hex(32), "PHONE_KEY": secrets.token_hex(32), "STORAGE_URL": "",
                "MEDIA_ACCEL_PREFIX": "/_media/", "TRUSTED_PROXIES": "127.0.0.1",
                "LOG_LEVEL": "INFO", "LOG_FORMAT": "json", "METRICS_TOKEN": "m" * 40, **extra,
            }  # fmt: skip
            front = Front(url, folder, made, environment, free_port(), free_port())
            front.sockets_environment = sockets_environment or {}
            front.environment["FRONT_HTTP"] = f"http://127.0.0.1:{http_port}"
            try:
                front.seed()
                nginx = start_nginx(
                    front, rendered(front, key=key, http_port=http_port, https_port=https_port, most=most)
                )
                front.processes["nginx"] = nginx
                front.start("sockets", workers=workers)
                front.start("pages", workers=workers)
                wait_for_port(https_port, nginx)
                front.wait_for("/healthz")
                front.wait_for("/metrics")
                yield front
            finally:
                for part in list(front.processes):
                    front.stop(part)
