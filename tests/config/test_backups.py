"""Backup, change, restore, drill: the whole life on the database that these tests run on."""

import datetime as dt
import errno
import io
import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from attendance import append_only
from attendance.operations import seal_days, start_lease
from attendance.queries.verifying import problems
from config import backups, databases, doctor, marks, restored
from config.backups import folder, making, restoring
from live.models import MediaNode
from organizations.core import phones
from organizations.models import AccessEntry, Membership, Node, User
from organizations.operations import ensure_phone_key
from organizations.queries import user_by_phone
from tests.databases import empty_tables
from tests.factories.organizations import County, UserFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
PHONE = "+8613800000001"
OTHER = "another-key-another-key-another-key-another"


@pytest.fixture
def place(tmp_path: Path, settings: Any) -> Path:
    """A machine of its own, with two videos and an unfinished upload; the backups' folder."""
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "files"
    for relative, size in (("videos/a/seg1.m4s", 3000), ("originals/b.jpg", 500), (".uploads/c", 9)):
        path = settings.MEDIA_ROOT / relative
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x" * size)
    return tmp_path / "backups"


@pytest.fixture
def world(place: Path) -> County:
    ensure_phone_key(as_of=timezone.now())
    found = make_county()
    UserFactory(phone=PHONE, name="王有号")
    return found


MOMENT = dt.datetime(2026, 11, 26, 3, 0, tzinfo=dt.UTC)


def back_up(place: Path, *, minute: int = 0, keep: int = 14, files: bool = True) -> backups.Made:
    at = MOMENT + dt.timedelta(minutes=minute)
    return backups.back_up(folder=place, keep=keep, with_files=files, as_of=at)


def command(*argv: str) -> str:
    out = io.StringIO()
    call_command(*argv, stdout=out)
    return out.getvalue()


def scratch_left() -> list[str]:
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        own = str(connection.settings_dict["NAME"])[:40]  # beside this worker others run their own drills
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{own}_drill_"])
        return [row[0] for row in cursor.fetchall()]


def restore(made: backups.Made, *, replace: bool = True, files: bool = False) -> list[str]:
    return backups.restore(backup=made.folder, replace=replace, with_files=files, as_of=MOMENT)


def state() -> tuple[Any, ...]:
    people = list(User.objects.order_by("pk").values_list("pk", "name", "phone_index"))
    return people, list(Node.objects.order_by("pk").values_list("code", "name")), Membership.objects.count()


# --- the whole life ---
def test_what_was_backed_up_comes_back(world: County, place: Path, settings: Any) -> None:
    """Finding: ops 11 (no restore)."""
    seal_days(as_of=timezone.now())
    before = state()
    made = back_up(place)
    User.objects.filter(pk=world.member.pk).update(name="改了的名字")
    UserFactory(name="后来的人")
    Membership.objects.filter(member=world.members[1]).delete()
    (settings.MEDIA_ROOT / "originals/b.jpg").unlink()
    (settings.MEDIA_ROOT / "later.jpg").write_bytes(b"later")
    assert state() != before
    assert any("有 1 个文件不在" in sentence for sentence in restore(made))
    assert state() == before
    assert user_by_phone(PHONE) == User.objects.get(name="王有号")
    assert not any("文件" in sentence for sentence in restore(made, files=True))
    assert (settings.MEDIA_ROOT / "originals/b.jpg").stat().st_size == 500
    assert (settings.MEDIA_ROOT / "later.jpg").exists()
    # The database guards its evidence as before, and the chain of seals holds.
    assert (append_only.missing(), list(problems())) == ([], [])
    assert UserFactory(name="恢复以后的人").pk > max(pk for pk, *_rest in before[0])  # numbers go on


def test_the_commands_say_what_they_did(world: County, place: Path) -> None:
    told = command("backup", str(place), "--files")
    assert "已备份到" in told
    assert "文件 2 个" in told
    assert "备份里没有密钥" in told
    assert "没有抄" in command_later(place)
    told = command("restore_drill", str(place))
    assert "✗" not in told
    assert "这份备份能恢复" in told
    newest = backups.newest(place)
    with pytest.raises(CommandError, match="--replace"):
        command("restore", str(newest))
    assert "manage.py migrate" in command("restore", str(newest), "--replace")
    with pytest.raises(CommandError, match="--keep"):
        command("backup", str(place), "--keep", "0")


def test_a_restore_that_does_not_come_to_its_counts_fails(world: County, place: Path, monkeypatch: Any) -> None:
    """Whoever starts the services after it (deploy/upgrade.sh) goes by the exit status."""
    made, before = back_up(place), state()
    real = databases.counts
    monkeypatch.setattr(restoring, "counts", lambda reader: real(reader) | {"organizations_user": 1})
    with pytest.raises(CommandError, match="请不要启动") as failed:
        command("restore", str(made.folder), "--replace")
    assert "启动各个服务" not in str(failed.value)
    assert state() == before


def command_later(place: Path) -> str:
    """A backup's name has the second in it."""
    for path in backups.backups(place):
        path.rename(path.with_name("classroom-20200101T000000Z"))
    return command("backup", str(place))


def test_an_empty_site_takes_a_backup_without_asking(world: County, place: Path) -> None:
    made, before = back_up(place), state()
    with pytest.raises(backups.UnableToRestore, match="已经有人员"):
        restore(made, replace=False)
    empty_tables()
    assert state() == ([], [], 0)
    restore(made, replace=False)
    assert state() == before


# --- who may be in the way, and what is left of it ---
def heard_now(world: County) -> None:
    marks.leave(name="worker@a/evidence", as_of=MOMENT - dt.timedelta(seconds=5), data={"queue": "evidence"})


def lease_now(world: County) -> None:
    start_lease(name="sockets", as_of=MOMENT - dt.timedelta(seconds=5))


def node_now(world: County) -> None:
    MediaNode.objects.create(name="a", url="http://a", beat_at=MOMENT - dt.timedelta(seconds=5))


@pytest.mark.parametrize("beat", [heard_now, lease_now, node_now])
def test_a_site_that_runs_is_not_replaced(
    world: County, place: Path, beat: Callable[[County], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is heard again while somebody waits; one that was stopped just now is waited for."""
    made = back_up(place)
    beat(world)
    before, waited = state(), []

    def again(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 7:
            later = MOMENT + dt.timedelta(seconds=5)
            marks.leave(name="beat@a", as_of=later)

    monkeypatch.setattr(restoring.time, "sleep", again)
    with pytest.raises(backups.UnableToRestore, match=r"systemctl stop fingertip\.target"):
        restore(made)
    assert (len(waited), state()) == (7, before)
    marks.Mark.objects.filter(name="beat@a").delete()
    waited.clear()
    monkeypatch.setattr(restoring.time, "sleep", waited.append)
    restore(made)
    assert len(waited) == 25


def test_that_it_was_restored_outlasts_it(world: County, place: Path, client: Client) -> None:
    made = back_up(place)
    restore(made)
    at = f"{timezone.localtime(MOMENT):%Y-%m-%d %H:%M}"
    told = {one.title: one for one in doctor.examine(as_of=MOMENT)}["从备份恢复过"]
    assert told.level == doctor.Level.FINE
    assert told.what == f"{at} 用备份 {made.folder.name}（{at} 做的）换掉了全部数据。"
    entry = AccessEntry.objects.get()
    assert (entry.reader, entry.what, entry.node, entry.at) == (None, "restored", world.county, MOMENT)
    client.force_login(world.auditor)
    assert made.folder.name in client.get("/audit/", {"what": "restored"}).content.decode()
    restored.write_down()
    assert AccessEntry.objects.count() == 1


def test_a_backup_from_before_the_last_migration_tells_after_it(
    world: County, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = back_up(place)
    with monkeypatch.context() as older:
        older.setattr(restored, "_is_migrated", lambda: False)
        restore(made)
        assert marks.RESTORED not in marks.found()
    call_command("migrate", verbosity=0)
    assert marks.found()[marks.RESTORED].data["backup"] == made.folder.name
    assert AccessEntry.objects.get().what == "restored"


# --- what is in it ---
def test_no_key_is_in_a_backup_and_nobody_else_reads_it(world: County, place: Path, settings: Any) -> None:
    made = back_up(place)
    for path in made.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert settings.PHONE_KEY.encode() not in data
            assert settings.SECRET_KEY.encode() not in data
    for name in (backups.MANIFEST, backups.LIST, databases.database().dump_name):
        assert stat.S_IMODE((made.folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700
    manifest = backups.read_manifest(made.folder)
    assert manifest["counts"]["organizations_user"] == User.objects.count()
    assert manifest["keys"]["PHONE_KEY"] == phones.fingerprint(settings.PHONE_KEY)
    assert manifest["files"] == {"number": 2, "size": 3500, "copied": 2, "linked": 0}


def test_files_that_did_not_change_take_no_room_again(world: County, place: Path, settings: Any) -> None:
    first = back_up(place)
    (settings.MEDIA_ROOT / "originals/b.jpg").write_bytes(b"y" * 600)
    second = back_up(place, minute=1)
    assert (second.files.copied, second.files.linked) == (1, 1)
    same, other = "files/videos/a/seg1.m4s", "files/originals/b.jpg"
    assert (first.folder / same).stat().st_ino == (second.folder / same).stat().st_ino
    assert ((first.folder / other).stat().st_size, (second.folder / other).stat().st_size) == (500, 600)


def test_the_newest_stay(world: County, place: Path) -> None:
    (place / "keep-me").mkdir(parents=True)
    (place / (backups.MAKING + "killed")).mkdir()
    for minute in range(4):
        made = back_up(place, minute=minute, keep=2, files=False)
    assert made.removed == ["classroom-20261126T030100Z"]
    names = sorted(path.name for path in place.iterdir())
    assert names == [".lock", "classroom-20261126T030200Z", "classroom-20261126T030300Z", "keep-me"]


def test_the_site_remembers_the_last_backup_and_drill(world: County, place: Path) -> None:
    assert marks.found() == {}
    back_up(place)
    assert {name: mark.at for name, mark in marks.found().items()} == {marks.BACKUP: MOMENT}
    later = MOMENT + dt.timedelta(hours=1)
    assert backups.drill(folder=place, as_of=later).ok
    drill = marks.found()[marks.DRILL]
    assert (drill.at, drill.data["ok"]) == (later, True)


# --- what goes wrong ---
def test_another_key_restores_nothing(world: County, place: Path, settings: Any) -> None:
    """Finding: ops 2."""
    made, before = back_up(place), state()
    settings.PHONE_KEY = OTHER
    with pytest.raises(backups.UnableToRestore, match="PHONE_KEY 不是这份备份用的密钥"):
        restore(made)
    assert state() == before
    found = backups.drill(folder=place, as_of=MOMENT)
    assert {one.name for one in found.findings if not one.ok} == {"PHONE_KEY", "手机号"}
    assert not marks.found()[marks.DRILL].data["ok"]
    with pytest.raises(CommandError, match="不能用"):
        command("restore_drill", str(place))


@pytest.mark.parametrize("harm", ["torn", "changed", "gone", "manifest", "list", "elsewhere"])
def test_a_damaged_backup_restores_nothing(world: County, place: Path, harm: str) -> None:
    made, before = back_up(place), state()
    dump, manifest = made.folder / databases.database().dump_name, made.folder / backups.MANIFEST
    data = dump.read_bytes()
    if harm == "torn":
        dump.write_bytes(data[: len(data) // 2])
    elif harm == "changed":
        dump.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif harm == "gone":
        dump.unlink()
    elif harm == "manifest":
        manifest.write_text("{")
    elif harm == "list":
        (made.folder / backups.LIST).write_text("")
    else:
        held = json.loads(manifest.read_text())
        held["dump"]["name"] = "../" + held["dump"]["name"]
        manifest.write_text(json.dumps(held))
    with pytest.raises(backups.UnableToRestore):
        restore(made)
    assert state() == before
    found = backups.drill(folder=place, as_of=MOMENT)
    assert [one.ok for one in found.findings] == [False]
    assert (marks.found()[marks.DRILL].data["ok"], scratch_left()) == (False, [])


def test_a_dump_that_breaks_off_in_the_middle_changes_nothing(world: County, place: Path) -> None:
    """Even where the checksum was written over the torn file."""
    made, before = back_up(place), state()
    dump, path = made.folder / databases.database().dump_name, made.folder / backups.MANIFEST
    dump.write_bytes(dump.read_bytes()[: dump.stat().st_size * 2 // 3])
    manifest = json.loads(path.read_text())
    manifest["dump"]["sha256"] = folder.sha256(dump)
    path.write_text(json.dumps(manifest))
    with pytest.raises(backups.UnableToRestore):
        restore(made)
    assert state() == before
    assert not backups.drill(folder=place, as_of=MOMENT).ok
    assert scratch_left() == []


def test_a_drill_misses_what_is_not_there(world: County, place: Path, settings: Any) -> None:
    made = back_up(place, files=False)
    manifest = json.loads((made.folder / backups.MANIFEST).read_text())
    manifest["counts"]["organizations_user"] += 1
    (made.folder / backups.MANIFEST).write_text(json.dumps(manifest))
    shutil.rmtree(settings.MEDIA_ROOT / "videos")
    before = state()
    found = backups.drill(folder=place, as_of=MOMENT)
    assert {one.name: one.detail for one in found.findings if not one.ok} == {
        "行数": "organizations_user", "文件": "2 个，缺 1 个",
    }  # fmt: skip
    assert (state(), scratch_left()) == (before, [])
    assert not list(settings.VAR_DIR.glob(".drill-*")) + list(settings.VAR_DIR.glob(".restore-*"))


def test_a_newer_backup_waits_for_the_newer_program(world: County, place: Path) -> None:
    made, before = back_up(place), state()
    path = made.folder / backups.MANIFEST
    manifest = json.loads(path.read_text())
    manifest["migrations"].append("organizations.9999_of_next_year")
    path.write_text(json.dumps(manifest))
    with pytest.raises(backups.UnableToRestore, match="更新的版本"):
        restore(made)
    manifest["migrations"].pop()
    manifest["engine"] = "oracle"
    path.write_text(json.dumps(manifest))
    with pytest.raises(backups.UnableToRestore, match="oracle"):
        restore(made)
    assert state() == before


def test_a_full_disk_is_seen_before_and_leaves_nothing_when_met(
    world: County, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = back_up(place)
    full = shutil._ntuple_diskusage(100 * 2**20, 99 * 2**20, 2**20)
    with monkeypatch.context() as patched:
        patched.setattr(making.shutil, "disk_usage", lambda _path: full)
        with pytest.raises(backups.UnableToBackUp, match="只剩 1 MiB"):
            back_up(place, minute=1)

    def no_space(*_args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(making.shutil, "copy2", no_space)
        folder.listed(good.folder)
        (good.folder / backups.LIST).write_text("")  # nothing is known, so all is copied
        with pytest.raises(backups.UnableToBackUp, match="No space left"):
            back_up(place, minute=2)
    assert [path.name for path in place.iterdir() if path.name != ".lock"] == [good.folder.name]
    assert marks.found()[marks.BACKUP].at == MOMENT


def test_a_program_that_is_missing_is_named(world: County, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(command: Any, _environment: Any) -> None:
        raise databases.UnableToRunDatabase(f"{command[0]} is not installed")

    if connection.vendor != "postgresql":
        monkeypatch.setattr(databases, "_copy", lambda *_: missing(["sqlite"], {}))
    monkeypatch.setattr(databases, "run", missing)
    with pytest.raises(backups.UnableToBackUp, match="is not installed"):
        back_up(place)
    assert backups.backups(place) == []
    monkeypatch.undo()
    with pytest.raises(databases.UnableToRunDatabase, match="no-such-program is not installed"):
        databases.run(["no-such-program"], {})


def test_two_at_once_are_one(world: County, place: Path) -> None:
    with making._alone(place), pytest.raises(backups.UnableToBackUp, match="另一个备份"):
        back_up(place)


def test_no_backup_to_drill(place: Path) -> None:
    with pytest.raises(CommandError, match="没有备份"):
        command("restore_drill", str(place))
