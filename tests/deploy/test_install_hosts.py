"""deploy/install.sh for a site of several hosts: what one of them is told, what it gets of another, what is refused."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = ("--domain", "ketang.example.cn")
pytestmark = pytest.mark.unit


def install(to: Path, *more: str, ok: bool = True) -> str:
    """Render what a host of the site would get; return what was said."""
    command = [ROOT / "deploy/install.sh", "--render", to, *DOMAIN, *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is ok, done.stdout + done.stderr
    return done.stdout if ok else done.stderr


def read(host: Path, name: str) -> str:
    return (host / name).read_text(encoding="utf-8")


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A host that was alone and now lets two others in."""
    host = tmp_path / "first"
    install(host)
    settings = host / "etc/fingertip/env"
    settings.write_text(settings.read_text() + "MEDIA_APART=1\nWORKER_QUEUES=evidence,reports,messages\n")
    hba = host / "etc/postgresql/15/main/pg_hba.conf"
    hba.write_text("local all postgres peer\nhost replication copies 10.0.0.9/32 scram-sha-256\n")
    install(host, "--private-address", "10.0.0.11", "--peers", "10.0.0.12 10.0.1.0/24")
    return host


def test_the_stores_are_reached_by_the_hosts_that_are_named_and_no_other(first: Path) -> None:
    rights = read(first, "etc/postgresql/15/main/pg_hba.conf").splitlines()
    ours = [line.split()[:4] for line in rights if line.endswith("# fingertip")]
    assert ours == [["hostssl", "all", "fingertip", at] for at in ("10.0.0.11/32", "10.0.0.12/32", "10.0.1.0/24")]
    assert rights[:2] == ["local all postgres peer", "host replication copies 10.0.0.9/32 scram-sha-256"]
    assert "listen_addresses = 'localhost, 10.0.0.11'" in read(first, "etc/postgresql/15/main/conf.d/fingertip.conf")
    assert "nonlocal_bind = 1" in read(first, "etc/sysctl.d/60-fingertip.conf")
    assert "\nallowed-peer-ip=10.0.0.12\n" in read(first, "etc/turnserver.conf")
    assert "\nbind 127.0.0.1 10.0.0.11\n" in read(first, "etc/redis/redis-fingertip.conf")
    assert read(first, "etc/fingertip/database_url").endswith("@10.0.0.11:5432/fingertip?sslmode=require\n")
    assert read(first, "etc/fingertip/redis_url").endswith("@10.0.0.11:6399/0\n")


def test_a_host_alone_says_nothing_of_where_its_stores_listen(tmp_path: Path) -> None:
    """Whoever opened PostgreSQL to others by hand keeps that."""
    install(tmp_path)
    assert "listen_addresses" not in read(tmp_path, "etc/postgresql/15/main/conf.d/fingertip.conf")
    assert not (tmp_path / "etc/sysctl.d").exists()


def test_what_is_on_air_is_given_to_the_hosts_that_are_named(first: Path) -> None:
    media = read(first, "etc/nginx/sites-available/fingertip-media")
    assert "listen 10.0.0.11:8088;" in media
    assert "allow 10.0.0.11; allow 10.0.0.12; allow 10.0.1.0/24; \n  deny all;" in media
    assert "MEDIA_NODE_ADDRESS=10.0.0.11:8088\n" in read(first, "etc/fingertip/env")


def test_again_nothing_is_written(first: Path) -> None:
    assert "写入了 0 个文件" in install(first, "--private-address", "10.0.0.11", "--peers", "10.0.0.12 10.0.1.0/24")


def test_a_host_that_joins_gets_settings_and_secrets_and_keeps_its_own(first: Path, tmp_path: Path) -> None:
    joined = tmp_path / "joined"
    install(joined, "--parts", "pages,media", "--from", str(first / "etc/fingertip"),
            "--private-address", "10.0.0.12", "--peers", "10.0.0.11")  # fmt: skip
    for name in ("secret_key", "phone_key", "database_url", "redis_url", "turn_secret"):
        assert read(joined, f"etc/fingertip/{name}") == read(first, f"etc/fingertip/{name}"), name
    settings = read(joined, "etc/fingertip/env")
    assert "MEDIA_APART=1\n" in settings
    assert "MEDIA_NODE_ADDRESS=10.0.0.12:8088\n" in settings
    assert "10.0.0.11" not in settings
    assert "WORKER_QUEUES" not in settings
    assert "\nTURN_URLS=turn:ketang.example.cn:3478" in settings, "the TURN server of the first host stays the site's"
    for store in ("etc/redis", "etc/postgresql", "etc/turnserver.conf"):
        assert not (joined / store).exists()


def test_a_host_with_work_alone_has_no_nginx(first: Path, tmp_path: Path) -> None:
    worker = tmp_path / "worker"
    install(worker, "--parts", "beat, worker@media", "--from", str(first / "etc/fingertip"))
    assert not (worker / "etc/nginx").exists()
    assert not (worker / "etc/fingertip/tls/key.pem").exists()
    assert "PARTS='beat,worker@media'\n" in read(worker, "etc/fingertip/install.conf")


def test_a_host_for_the_stores_makes_them_and_keeps_the_sites_keys(first: Path, tmp_path: Path) -> None:
    stores = tmp_path / "stores"
    install(stores, "--parts", "stores,worker@media", "--from", str(first / "etc/fingertip"),
            "--private-address", "10.0.0.12", "--peers", "10.0.0.11")  # fmt: skip
    assert read(stores, "etc/fingertip/phone_key") == read(first, "etc/fingertip/phone_key")
    assert "@10.0.0.12:5432/fingertip?sslmode=require" in read(stores, "etc/fingertip/database_url")
    assert "@10.0.0.12:6399/0" in read(stores, "etc/fingertip/redis_url")


def units(parts: str) -> list[str]:
    """What runs on a host of two processors that is there for these."""
    enabled = "echo 'fingertip-worker@reports.service enabled'" if "@" in parts else ":"
    machine = f"systemctl() {{ {enabled}; }}; nproc() {{ echo 2; }}"
    script = f". {ROOT}/deploy/lib.sh; {machine}; PARTS={parts}; site_units; workers"
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split()


def test_an_upgrade_touches_what_the_host_is_there_for() -> None:
    pages = ["fingertip-pages@1.service", "fingertip-pages@2.service"]
    sockets = ["fingertip-sockets@1.service", "fingertip-sockets@2.service"]
    assert units("") == [*sockets, *pages, "fingertip-worker.service"]
    assert units("media") == pages
    assert units("pages,beat") == [*sockets, *pages]
    assert units("stores,worker@media") == ["fingertip-worker@media.service"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--parts", "worker@films"), "worker@films 不认识"),
        (("--parts", ","), "至少写一样"),
        (("--parts", "pages"), "要用 --from"),
        (("--private-address", "10.0.0.11"), "要用 --peers"),
        (("--private-address", "kt", "--peers", "10.0.0.12"), "--private-address"),
        (("--private-address", "10.0.0.11", "--peers", "box2"), "--peers"),
        (("--parts", "pages", "--from", "/nowhere"), "里没有 env"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in install(tmp_path / "host", *words, ok=False)
    assert not (tmp_path / "host/etc").exists()


def test_stores_that_no_other_host_reaches_are_no_settings_for_one(tmp_path: Path) -> None:
    install(tmp_path / "first")
    said = install(tmp_path / "second", "--parts", "pages", "--from", str(tmp_path / "first/etc/fingertip"), ok=False)
    assert "database_url 里写的是 127.0.0.1" in said
    assert "--private-address" in said
