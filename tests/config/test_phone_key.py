"""A wrong PHONE_KEY stops start, import, health and the first operator with a sentence; it never makes people twice."""

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from config import celery, startup
from config.asgi import application
from organizations.core import phones
from organizations.models import KeyFingerprint, User
from organizations.operations import UnableToUseKey, check_phone_key, ensure_phone_key
from organizations.queries import phone_key_fits
from tests.factories.organizations import NodeFactory, UserFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
OTHER = "another-key-another-key-another-key-another"
ROSTER = """组织,姓名,手机号,角色
云溪县/永安镇/东风村/第一支部,王一,13900000001,书记
云溪县/永安镇/东风村/第一支部,王二,13900000002,
"""


def test_the_fingerprint_names_the_key_and_nothing_else() -> None:
    one, two = phones.fingerprint("a" * 40), phones.fingerprint("b" * 40)
    assert (len(one), one == phones.fingerprint("a" * 40), one == two) == (64, True, False)
    assert one != phones.blind_index("a" * 40, "")


def test_an_import_with_another_key_is_refused_and_makes_nobody_twice(
    tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Finding: ops 2 (case r_wrong_key.csv)."""
    NodeFactory(name="中共云溪县委", code="1", kind="county")
    file = tmp_path / "r.csv"
    file.write_text(ROSTER, encoding="utf-8")
    call_command("import_roster", str(file))
    before = set(User.objects.values_list("pk", "name"))
    assert len(before) == 2
    settings.PHONE_KEY = OTHER
    for extra in ([], ["--dry-run"]):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            call_command("import_roster", str(file), *extra)
        assert ended.value.code == 1
        assert "PHONE_KEY 不是这个数据库原来用的密钥" in capsys.readouterr().out
    assert set(User.objects.values_list("pk", "name")) == before


def test_the_roster_page_says_the_same(client: Client, settings: Any) -> None:
    """Finding: ops 2."""
    world = make_county()
    client.force_login(world.operator)
    ensure_phone_key(as_of=timezone.now())
    KeyFingerprint.objects.update(value="0" * 64)
    file = io.BytesIO(ROSTER.encode())
    file.name = "r.csv"
    page = client.post("/roster/check/", {"file": file, "under": world.county.pk})
    assert page.status_code == 422
    assert "PHONE_KEY 不是这个数据库原来用的密钥" in page.content.decode()


def test_a_database_of_before_gets_a_fingerprint_only_if_its_numbers_open(settings: Any) -> None:
    UserFactory(phone="+8613900000001")
    right = settings.PHONE_KEY
    settings.PHONE_KEY = OTHER
    assert phone_key_fits() is None
    with pytest.raises(UnableToUseKey):
        ensure_phone_key(as_of=timezone.now())
    assert not KeyFingerprint.objects.exists()
    settings.PHONE_KEY = right
    ensure_phone_key(as_of=timezone.now())
    ensure_phone_key(as_of=timezone.now())
    assert KeyFingerprint.objects.get().value == phones.fingerprint(right)
    check_phone_key()
    assert phone_key_fits() is True


def test_an_empty_database_takes_the_first_key(settings: Any) -> None:
    UserFactory(phone="")
    settings.PHONE_KEY = OTHER
    check_phone_key()
    assert not KeyFingerprint.objects.exists(), "asking writes nothing"
    ensure_phone_key(as_of=timezone.now())
    assert phone_key_fits() is True


def test_prepare_and_add_operator_refuse(settings: Any) -> None:
    """Finding: ops 2."""
    NodeFactory(name="云溪县", code="1")
    ensure_phone_key(as_of=timezone.now())
    settings.PHONE_KEY, settings.DEMO = OTHER, False
    with pytest.raises(CommandError, match="PHONE_KEY"):
        call_command("prepare")
    with pytest.raises(CommandError, match="PHONE_KEY"):
        call_command("add_operator", "13800000051", "--name", "李明")
    assert not User.objects.exists()


def start() -> list[dict[str, Any]]:
    """What the web process answers when its server starts and stops it."""
    sent: list[dict[str, Any]] = []
    asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> dict[str, Any]:
        return next(asked)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(application({"type": "lifespan", "state": {}}, receive, send))
    return sent


def test_the_web_process_does_not_start(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding: ops 2."""
    settings.EMBEDDED = False
    monkeypatch.setattr("config.asgi.refusal", lambda: "")
    assert [message["type"] for message in start()] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    monkeypatch.setattr("config.asgi.refusal", lambda: "PHONE_KEY …")
    assert start() == [{"type": "lifespan.startup.failed", "message": "PHONE_KEY …"}]


def test_the_worker_does_not_start(settings: Any) -> None:
    """Finding: ops 2."""
    celery.check_key()
    settings.PHONE_KEY = OTHER
    with pytest.raises(SystemExit, match="PHONE_KEY"):
        celery.check_key()
    assert "PHONE_KEY" in startup.refusal()


def test_a_database_that_is_away_does_not_end_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_kwargs: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(startup, "ensure_phone_key", away)
    assert startup.refusal() == ""


def test_readyz_names_the_part_and_no_secret(client: Client, settings: Any) -> None:
    """Finding: ops 2."""
    settings.EMBEDDED, settings.METRICS_TOKEN = True, "m" * 40
    asking = {"authorization": f"Bearer {settings.METRICS_TOKEN}"}
    ensure_phone_key(as_of=timezone.now())
    assert json.loads(client.get("/readyz", headers=asking).content)["checks"]["phone_key"]["ok"] is True
    KeyFingerprint.objects.update(value="0" * 64)
    answer = client.get("/readyz", headers=asking)
    assert answer.status_code == 503
    assert json.loads(answer.content)["checks"]["phone_key"] == {"ok": False, "detail": "not the key of this database"}
    assert settings.PHONE_KEY not in answer.content.decode()
