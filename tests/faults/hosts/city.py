"""A city on this machine: hosts for pages, media, work, PostgreSQL, Redis and files, none of which share a disk.

Each runs what an installed host runs: ``deploy/start.sh`` for each part, nginx by the templates of ``deploy/``.
"""

import contextlib
import os
import pwd
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from tests.factories.organizations import PASSWORD
from tests.faults.hosts.lan import GATEWAY, PATIENCE_S, Host, lan, waits_for
from tests.faults.stack import Stack
from tests.front.site import MediaFront, certificate, start_nginx
from tests.media.storage.conftest import KEYS
from tests.services import as_user, binaries, free_port
from tests.sites import BASE_DIR, Site

NUMBERS = {"web-a": 11, "web-b": 12, "media-c": 21, "media-d": 22, "work": 31, "database": 41, "redis": 42, "files": 43}
MEDIA_PORT, BUCKET = 8088, "classroom"
STARTS_S = 300.0  # a dozen processes that read the whole program, on a machine that other tests keep busy
FILES = "import sys; from moto.server import main; main(sys.argv[1:])"


@dataclass
class City(Stack):
    """All of it. ``site``: what tests of one host know, its address being the load balancer's."""

    hosts: dict[str, Host] = field(default_factory=dict)

    @property
    def media(self) -> list[Host]:
        return [self.hosts["media-c"], self.hosts["media-d"]]

    def carrier(self, occasion: int) -> str:
        """The name of the host that carries a lecture; "": none does."""
        query = (
            "SELECT n.name FROM live_lecture l JOIN live_medianode n ON n.id = l.media_node_id WHERE l.occasion_id = %s"
        )
        return str(self.value(query, occasion) or "")

    def is_back(self, name: str) -> bool:
        """Whether a host does what it is there for."""
        host = self.hosts[name]
        if name.startswith("web"):
            return bool(host.answers(443)) and self._healthy(host)
        if name.startswith("media"):
            return bool(self.value(FRESH, name))
        return host.answers({"database": 5432, "redis": 6379, "files": 5000}[name]) if name != "work" else True

    def _healthy(self, host: Host) -> bool:
        """Both kinds of its processes, past the load balancer."""
        asked = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "5"]
        asked += ["--cacert", self.site.environment["SITE_CERT"], "--resolve", f"localhost:443:{host.address}"]
        # The first is answered by pages, the second (a form of the office, which wants a token) by sockets.
        for page, more, status in (("/accounts/login/", [], "200"), ("/uploads/", ["-d", "x=1"], "403")):
            told = subprocess.run(
                [*asked, *more, f"https://localhost{page}"], check=False, capture_output=True, text=True
            )
            if told.stdout != status:
                return False
        return True

    def logs(self) -> str:
        return "\n".join(host.logs() for host in self.hosts.values())


FRESH = "SELECT 1 FROM live_medianode WHERE name = %s AND beat_at > now() - interval '10 seconds'"


def environment_of(folder: Path, url: str, made: Path) -> dict[str, str]:
    """What every host is told, as in each one's .env."""
    at = {name: f"10.77.0.{number}" for name, number in NUMBERS.items()}
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return clean | {
        "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONDONTWRITEBYTECODE": "1", "SITE_URL": url, "DEMO": "0",
        "DATABASE_URL": f"postgres://test@{at['database']}:5432/postgres", "REDIS_URL": f"redis://{at['redis']}:6379/0",
        "SECRET_KEY": secrets.token_hex(32), "PHONE_KEY": secrets.token_hex(32), "TRUSTED_PROXIES": "unix",
        "STORAGE_URL": f"s3://{BUCKET}?endpoint=http://{at['files']}:5000&region=us-east-1&addressing=path",
        "STORAGE_KEY_ID": KEYS["key_id"], "STORAGE_SECRET": KEYS["secret"], "MEDIA_CACHE": "1", "MEDIA_APART": "1",
        "MEDIA_ACCEL_PREFIX": "/_media/", "MEDIA_SANDBOX": "try", "LOG_LEVEL": "INFO", "LOG_FORMAT": "text",
        "VAR_DIR": str(folder / "outside"), "SITE_CERT": str(made),
    }  # fmt: skip


def filled(template: str, logs: Path, **values: str) -> str:
    """A template of deploy/ as its own lines say, and where its log lies."""
    text = (BASE_DIR / "deploy" / template).read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    assert re.findall(r"(?m)^[^#\n]*@[A-Z_]+@", text) == []
    text = re.sub(r"(?m)^ *listen \[::\].*\n", "", text)
    return text.replace("/var/log/nginx", str(logs)).replace("/run/fingertip", str(logs.parent / "run"))


def nginx_of(host: Host, site: str, *, before: str = "") -> list[str]:
    """Its configuration, written and looked at; returns how it is started."""
    folder = host.folder / "nginx"
    folder.mkdir()
    (folder / "site.conf").write_text(before + site)
    places = [f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    main = [
        "daemon off; worker_processes 1; pcre_jit on;" + ("user root;" if os.geteuid() == 0 else ""),
        f"pid {folder}/pid; error_log {folder}/error.log warn; events {{ worker_connections 4096; }}",
        "http { include /etc/nginx/mime.types; default_type application/octet-stream; sendfile on;",
        *places,
        f"include {folder}/site.conf; }}",
    ]
    (folder / "nginx.conf").write_text("\n".join(main))
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]


def give_parts(host: Host, environment: dict[str, str], *, made: Path, key: Path, pages: list[str]) -> None:
    """What runs on it. ``pages``: addresses of the hosts with pages, which may ask a media host."""
    run_dir, var_dir = host.folder / "run", host.folder / "var"
    for folder in (run_dir, var_dir):
        folder.mkdir()
    own = environment | {"VAR_DIR": str(var_dir), "RUNTIME_DIR": str(run_dir)}
    start = ["bash", str(BASE_DIR / "deploy/start.sh")]
    logs = host.folder / "nginx"
    if host.name.startswith("web"):
        site = filled(
            "nginx.conf.in", logs, DOMAIN="localhost", CODE=str(BASE_DIR), VAR=str(var_dir), CERT=str(made),
            KEY=str(key), ACME=str(host.folder), CACHE=str(logs / "stored"),
            PAGES=f"server unix:{run_dir}/pages-1.sock max_conns=32 max_fails=1 fail_timeout=1s;",
            SOCKETS=f"server unix:{run_dir}/sockets-1.sock max_fails=1 fail_timeout=1s;",
        )  # fmt: skip
        believed = f"set_real_ip_from {GATEWAY}; real_ip_header X-Forwarded-For;\n"
        host.parts = {"nginx": (nginx_of(host, site, before=believed), own)}
        host.parts |= {part: ([*start, part, "1"], own) for part in ("pages", "sockets")}
    elif host.name.startswith("media"):
        site = filled(
            "nginx-media.conf.in", logs, LISTEN=f"{host.address}:{MEDIA_PORT}", VAR=str(var_dir),
            PAGES=f"server unix:{run_dir}/pages-1.sock;",
            PEERS=" ".join(f"allow {address};" for address in pages),
        )  # fmt: skip
        own |= {"MEDIA_NODE": host.name, "MEDIA_NODE_ADDRESS": f"{host.address}:{MEDIA_PORT}"}
        own |= {"MEDIA_ICE_ADDRESSES": host.address, "MEDIA_UDP_RANGE": "20000-20400"}
        host.parts = {"nginx": (nginx_of(host, site), own), "pages": ([*start, "pages", "1"], own)}
        host.parts["agent"] = ([*start, "agent"], own)
    else:
        host.parts = {part: ([*start, part], own) for part in ("worker", "beat")}


def stores(hosts: dict[str, Host]) -> None:
    """PostgreSQL that keeps what it confirmed when it is killed, Redis with nothing on disk, a real S3 service."""
    user, data = "postgres" if os.geteuid() == 0 else None, hosts["database"].folder / "pg"
    data.mkdir()
    if user:
        entry = pwd.getpwnam(user)
        os.chown(data, entry.pw_uid, entry.pw_gid)
    make = [str(binaries() / "initdb"), "-D", str(data), "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run([*as_user(user), *make, "-N"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 10.77.0.0/24 trust\n")
    settings = {"listen_addresses": "*", "unix_socket_directories": data, "max_connections": 120}
    # A killed process loses nothing that the kernel has; only a machine that stops does, and this one does not.
    settings |= {"fsync": "off", "full_page_writes": "off"}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    plain = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    database = [*as_user(user), str(binaries() / "postgres"), "-D", str(data), *options]
    hosts["database"].parts = {"postgres": (database, plain)}
    redis = ["redis-server", "--protected-mode", "no", "--save", "", "--dir", str(hosts["redis"].folder)]
    hosts["redis"].parts = {"redis": (redis, plain)}
    files = [sys.executable, "-c", FILES, "-H", "0.0.0.0", "-p", "5000"]
    hosts["files"].parts = {"moto": (files, plain | {"PYTHONPATH": str(BASE_DIR)})}


@contextlib.contextmanager
def bucket(host: Host) -> Iterator[Any]:
    """A client of it, and not the site's."""
    client = boto3.client(
        "s3", endpoint_url=f"http://{host.address}:5000", region_name="us-east-1",
        aws_access_key_id=KEYS["key_id"], aws_secret_access_key=KEYS["secret"],
    )  # fmt: skip
    yield client
    client.close()


@contextlib.contextmanager
def running_city() -> Iterator[City]:
    """All hosts on, an empty database migrated, and everything answering. Raises RuntimeError with what they said."""
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="classroom-city-", ignore_cleanup_errors=True))
        )
        folder.chmod(0o755)
        stack.enter_context(lan())
        port = free_port()
        made, key = certificate(folder)
        environment = environment_of(folder, f"https://localhost:{port}", made)
        hosts = {name: Host(name, number, folder / name) for name, number in NUMBERS.items()}
        pages = [host.address for host in hosts.values() if host.name.startswith("web")]
        for host in hosts.values():
            stack.callback(host.unplug)
            host.plug_in()
            if host.name not in ("database", "redis", "files"):
                give_parts(host, environment, made=made, key=key, pages=pages)
        stores(hosts)
        balancer = filled(
            "nginx-balancer.conf.in", folder / "balancer" / "nginx", DOMAIN="localhost", CERT=str(made), KEY=str(key),
            CA=str(made), CODE=str(BASE_DIR),
            HOSTS=" ".join(f"server {address}:443 max_fails=1 fail_timeout=2s;" for address in pages),
        )  # fmt: skip
        balancer = re.sub(
            r"listen (\d+) ", lambda at: f"listen 127.0.0.1:{port if at[1] == '443' else free_port()} ", balancer
        )
        (folder / "balancer").mkdir()
        nginx = start_nginx(MediaFront(folder / "balancer"), balancer)
        stack.callback(nginx.wait)
        stack.callback(nginx.terminate)
        site = Site(f"https://localhost:{port}", folder / "outside", environment, nginx)  # type: ignore[arg-type]
        nothing: Any = None
        city = City(site, nothing, nothing, environment["DATABASE_URL"], hosts)
        start(city)
        yield city


def start(city: City) -> None:
    """First the stores, then the migrations, then everybody, as docs/scaling.md has it."""
    for name in ("database", "redis", "files"):
        city.hosts[name].on()
    for name in ("database", "redis", "files"):
        waits_for(lambda name=name: city.is_back(name), within=PATIENCE_S, what=f"{name}: {city.hosts[name].logs()}")
    with bucket(city.hosts["files"]) as client:
        client.create_bucket(Bucket=BUCKET)
    city.site.manage("prepare", timeout=3 * STARTS_S)
    for host in city.hosts.values():
        if not host.is_on:
            host.on()
    for name in city.hosts:
        with contextlib.suppress(RuntimeError):
            waits_for(lambda name=name: city.is_back(name), within=STARTS_S, what=name)
        if not city.is_back(name):
            raise RuntimeError(f"{name} does not answer:\n{city.logs()}")


__all__ = ["PASSWORD", "City", "running_city"]
