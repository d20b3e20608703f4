"""Passwords: Argon2 for new ones, old ones renewed; few at a time, and a plain answer to who waits too long."""

import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, identify_hasher, make_password
from django.test import Client

from organizations import hashing
from organizations.hashing import Gate, UnableToHash, gate_of
from organizations.models import Allowance, User
from tests.factories.organizations import PASSWORD, UserFactory

ROOT = Path(__file__).resolve().parents[2]
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def quick_hashes() -> None:
    """Here they cost what they cost."""


def test_a_gate_lets_so_many_through_and_refuses_after_the_wait() -> None:
    gate = Gate(slots=1, queue=5, wait_s=0.05)
    with gate.passed(), pytest.raises(UnableToHash), gate.passed():
        raise AssertionError("two at once")
    with gate.passed():
        pass


def test_a_full_queue_refuses_at_once() -> None:
    gate, waits = Gate(slots=1, queue=1, wait_s=30), threading.Event()

    def wait() -> None:
        waits.set()
        with gate.passed():
            pass

    with gate.passed():
        thread = threading.Thread(target=wait)
        thread.start()
        waits.wait(60)
        while gate._waiting < 1:
            pass
        with pytest.raises(UnableToHash), gate.passed():
            raise AssertionError("the queue was full")
    thread.join(60)
    assert not thread.is_alive()


def started(folder: Path, part: str, *, cores: int) -> dict[str, int]:
    """What deploy/start.sh gives a process of a machine with so many cores."""
    for name, text in (("nproc", f"echo {cores}"), (".venv/bin/python", 'env; echo "ARGS=$*"')):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)
    (folder / "deploy").mkdir(exist_ok=True)
    shutil.copy(ROOT / "deploy/start.sh", folder / "deploy")
    env = {"PATH": f"{folder}:{os.environ['PATH']}", "RUNTIME_DIR": str(folder)}
    out = subprocess.check_output([folder / "deploy/start.sh", part, "1"], env=env, text=True)
    found = dict(re.findall(r"^(WEB_[A-Z]+)=(\d+)$", out, re.MULTILINE))
    return {
        name: int(value) for name, value in [*found.items(), *re.findall(r"--(workers|blocking-threads) (\d+)", out)]
    }


def number_of_units(folder: Path) -> int:
    """How many units for pages the installation starts there."""
    env = {"PATH": f"{folder}:{os.environ['PATH']}"}
    out = subprocess.check_output(["bash", "-c", f". {ROOT}/deploy/lib.sh; site_units"], env=env, text=True)
    return out.count("fingertip-pages@")


@pytest.mark.parametrize("cores", [1, 2, 4, 16])
def test_all_processes_together_hash_no_more_than_there_are_cores(tmp_path: Path, cores: int) -> None:
    told = started(tmp_path, "pages", cores=cores)
    assert (told["WEB_PROCESSES"], told["workers"]) == (number_of_units(tmp_path), 1)
    assert told["WEB_THREADS"] == told["blocking-threads"]
    gate = gate_of(cores=cores, processes=told["WEB_PROCESSES"], threads=told["WEB_THREADS"], queue=60, wait_s=3)
    assert gate.slots * told["WEB_PROCESSES"] <= max(cores, 2)
    assert started(tmp_path, "sockets", cores=cores)["WEB_PROCESSES"] > told["WEB_PROCESSES"]


def test_one_process_alone_leaves_a_core() -> None:
    assert gate_of(cores=8, processes=1, threads=0, queue=60, wait_s=3).slots == 7
    assert gate_of(cores=1, processes=1, threads=0, queue=60, wait_s=3).slots == 1


@pytest.mark.parametrize("threads", [8, 4])
def test_waiting_sign_ins_never_take_all_threads_of_a_worker(threads: int) -> None:
    """As many sign-ins as there are threads, and none is done: two hear at once that they must come back."""
    gate, free, done = gate_of(cores=16, processes=1, threads=threads, queue=60, wait_s=30), [], threading.Event()

    def sign_in(entered: threading.Semaphore) -> None:
        try:
            with gate.passed():
                entered.release()
                done.wait(60)
        except UnableToHash:
            free.append(1)
            entered.release()

    entered = threading.Semaphore(0)
    everybody = [threading.Thread(target=sign_in, args=(entered,)) for _ in range(threads)]
    for one in everybody:
        one.start()
    for _ in range(gate.slots + 2):
        assert entered.acquire(timeout=60)
    done.set()
    for one in everybody:
        one.join(60)
    assert len(free) >= 2


def test_new_passwords_are_argon2() -> None:
    encoded = make_password(PASSWORD)
    assert encoded.startswith("argon2$argon2id$v=19$m=32768,t=2,p=1$")
    assert check_password(PASSWORD, encoded)
    assert not check_password("wrong", encoded)


@pytest.mark.django_db
def test_an_old_hash_is_renewed_when_its_owner_signs_in(client: Client) -> None:
    user = UserFactory(phone="+8613800000001")
    User.objects.filter(pk=user.pk).update(password=PBKDF2PasswordHasher().encode(PASSWORD, "saltsaltsalt", 1000))
    client.post(LOGIN, {"login": "13800000001", "password": "wrong"})
    user.refresh_from_db()
    assert identify_hasher(user.password).algorithm == "pbkdf2_sha256"
    client.post(LOGIN, {"login": "13800000001", "password": PASSWORD})
    user.refresh_from_db()
    assert identify_hasher(user.password).algorithm == "argon2"
    assert client.get("/me/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("phone", ["13800000001", "13800000002", "13800000003"])
def test_every_wrong_sign_in_hashes_once_and_passes_the_gate(
    client: Client, monkeypatch: pytest.MonkeyPatch, phone: str
) -> None:
    """A number with a password, one without, and one that nobody has: the same work, and no way round the gate."""
    UserFactory(phone="+8613800000001", password=PASSWORD)
    UserFactory(phone="+8613800000002")
    passed = []
    real = Gate.passed
    monkeypatch.setattr(Gate, "passed", lambda gate: passed.append(gate) or real(gate))
    answer = client.post(LOGIN, {"login": phone, "password": "wrong"})
    assert "手机号或密码不对" in answer.content.decode()
    assert passed == [hashing.gate]


@pytest.mark.django_db
@pytest.mark.parametrize("phone", ["13800000001", "13800000003"])
def test_who_waits_too_long_hears_it_and_loses_no_try(client: Client, monkeypatch: Any, phone: str) -> None:
    UserFactory(phone="+8613800000001", password=PASSWORD)
    gate = Gate(slots=1, queue=5, wait_s=0.01)
    monkeypatch.setattr(hashing, "gate", gate)
    with gate.passed():
        for _ in range(8):
            answer = client.post(LOGIN, {"login": phone, "password": PASSWORD})
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            assert "现在登录的人很多，请等几秒再点一次“登录”。" in answer.content.decode()
    if phone == "13800000001":
        assert client.post(LOGIN, {"login": phone, "password": PASSWORD}).status_code == 302


@pytest.mark.django_db
def test_changing_a_password_waits_its_turn_too(client: Client, monkeypatch: Any) -> None:
    user = UserFactory(phone="+8613800000001", password=PASSWORD)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    gate = Gate(slots=1, queue=5, wait_s=0.01)
    monkeypatch.setattr(hashing, "gate", gate)
    new = {"oldpassword": PASSWORD, "password1": "一支笔写春秋故事", "password2": "一支笔写春秋故事"}
    with gate.passed():
        answer = client.post("/accounts/password/change/", new)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "现在的人很多，请等几秒再试一次。" in answer.content.decode()
    assert client.post("/accounts/password/change/", new).status_code == 302


@pytest.mark.django_db
def test_a_limit_is_asked_before_any_hash(client: Client, monkeypatch: Any) -> None:
    UserFactory(phone="+8613800000001", password=PASSWORD)
    for n in range(5):
        client.post(LOGIN, {"login": "13800000001", "password": f"wrong{n}"})
    rows = set(Allowance.objects.values_list("key", "spent_until_ms"))
    monkeypatch.setattr(hashing, "gate", None)  # whoever hashes now fails
    answer = client.post(LOGIN, {"login": "13800000001", "password": PASSWORD})
    assert answer.status_code == 429
    assert "密码尝试次数过多，请在 1 分钟后再试" in answer.content.decode()
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    assert set(Allowance.objects.values_list("key", "spent_until_ms")) == rows
