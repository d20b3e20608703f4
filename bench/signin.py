"""What a wrong sign-in costs through the real page: CPU of a core, Argon2 against PBKDF2 in one run, and a refusal.

The database is a private SQLite file; tries come from many addresses, so that no limit is met but where one is meant.
"""

import itertools
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable

from tests.databases import sqlite_copy

COPY = sqlite_copy("bench")
os.environ |= {"DATABASE_URL": f"sqlite:///{COPY}", "VAR_DIR": tempfile.mkdtemp(prefix="classroom-bench-"), "DEMO": "1"}
os.environ["LOG_LEVEL"] = "ERROR"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import override_settings  # noqa: E402

from bench._figure import figure  # noqa: E402
from organizations.models import User  # noqa: E402
from organizations.operations import set_phone  # noqa: E402

TIMES = 15
LOGIN, PHONE, NOBODYS, LOCKED = "/accounts/login/", "13800000001", "13900000009", "13900000008"
browser = Client()  # its handler is built once, as a web process does
addresses = (f"10.{n // 65536}.{n // 256 % 256}.{n % 256}" for n in itertools.count())


def sign_in(phone: str, address: str) -> int:
    browser.cookies.clear()
    return browser.post(LOGIN, {"login": phone, "password": "wrong"}, REMOTE_ADDR=address).status_code


def wrong(phone: str) -> int:
    return sign_in(phone, next(addresses))


def refused() -> int:
    return sign_in(LOCKED, "203.0.113.66")


def cpu_ms(work: Callable[[], int], *, status: int) -> float:
    """Median CPU milliseconds of this process (all threads) for one request that answers with ``status``."""
    costs = []
    for _ in range(TIMES):
        began = time.process_time()
        if work() != status:
            raise SystemExit(f"not the answer {status} that is measured here")
        costs.append((time.process_time() - began) * 1000)
    return statistics.median(costs)


def with_hasher(hasher: str, person: User) -> tuple[float, float]:
    """CPU of a wrong password for a known number, and for one that nobody has."""
    with override_settings(PASSWORD_HASHERS=[f"organizations.hashing.{hasher}"]):
        User.objects.filter(pk=person.pk).update(password=make_password("right-password-1"))
        wrong(PHONE)
        return cpu_ms(lambda: wrong(PHONE), status=200), cpu_ms(lambda: wrong(NOBODYS), status=200)


def main() -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    person = User.objects.create(username="bench", name="bench")
    set_phone(member_id=person.pk, phone=PHONE, verified=True)
    argon2, unknown = with_hasher("Argon2", person)
    pbkdf2, _ = with_hasher("OldPBKDF2", person)
    while refused() == 200:
        pass
    refusal = cpu_ms(refused, status=429)
    name = "signin"
    figure(
        bench=name,
        figure="wrong password",
        value=argon2,
        unit="ms CPU",
        peer="PBKDF2",
        peer_value=pbkdf2,
        goal=pbkdf2 / 2,
    )
    figure(bench=name, figure="number of nobody", value=unknown, unit="ms CPU", peer="known number", peer_value=argon2)
    figure(
        bench=name, figure="refused by a limit", value=refusal, unit="ms CPU", peer="wrong password", peer_value=argon2,
        goal=argon2 / 2,
    )  # fmt: skip
    shutil.rmtree(os.environ["VAR_DIR"])
    os.unlink(COPY)


if __name__ == "__main__":
    main()
