"""``manage.py doctor`` and 运行状况: what is wrong, worst first, each with its next step; for whoever runs the site."""

import datetime as dt
import io
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from attendance import operations
from attendance.models import Evidence, SummaryCheck, SummaryMark
from config import chain, disks, doctor, marks
from config.doctor import setup
from config.models import TaskCount
from live.agent.folders import ASIDE
from live.models import MediaNode
from media.models import Video
from tests.attendance.tampering import unguarded
from tests.config.test_health import heard
from tests.factories.attendance import be_present, open_lecture
from tests.factories.live import make_live
from tests.factories.organizations import County, RoleGrantFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
WRONG, CARE, FINE = doctor.Level.WRONG, doctor.Level.CARE, doctor.Level.FINE
NOW = dt.datetime(2026, 9, 1, 8, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def well(settings: Any, var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site at which everything is as it should be."""
    monkeypatch.setattr(disks, "disk_free_percent", lambda: 50.0)
    settings.SITE_URL, settings.HTTPS, settings.EMBEDDED = "https://study.example.cn", False, True
    settings.SITE = urlsplit(settings.SITE_URL)
    settings.SMS_WAY, settings.DEMO, settings.DEBUG, settings.STATIC_HASHED = "http", False, False, False
    settings.MEDIA_ICE_ADDRESSES = ["202.96.128.86"]
    heard(NOW)
    marks.leave(name=marks.BACKUP, as_of=NOW - dt.timedelta(hours=5))
    marks.leave(name=marks.DRILL, as_of=NOW - 20 * DAY, data={"name": "classroom-1", "ok": True})
    doctor.confirm_key_kept(by="root", as_of=NOW)


def seen(*, as_of: dt.datetime = NOW) -> dict[str, tuple[doctor.Level, str]]:
    found = doctor.examine(as_of=as_of)
    assert [one.level for one in found] == sorted((one.level for one in found), reverse=True)
    assert [one.title for one in found if one.level != FINE and not one.next_step] == []
    return {one.title: (one.level, one.what) for one in found if one.level != FINE and one.title != "网址"}


def test_where_all_is_well_nothing_is_said(well: None) -> None:
    assert seen() == {}


def test_parts_that_stopped_are_wrong(well: None) -> None:
    county = make_county()
    make_live(county)
    later = seen(as_of=NOW + dt.timedelta(minutes=2))
    assert {title: level for title, (level, _what) in later.items()} == {
        "后台任务": WRONG, "定时任务": WRONG, "直播服务": WRONG,
    }  # fmt: skip
    assert "120 秒以前" in later["后台任务"][1]


def test_a_queue_that_nobody_takes_is_named_by_what_stands_still(well: None) -> None:
    marks.Mark.objects.filter(name="worker@one/media").delete()
    assert seen()["后台任务"] == (WRONG, "没有程序在做，停着的是：视频和课件的处理（media: 从来没有收到消息）")


def test_backups_and_keys(well: None, settings: Any) -> None:
    fine = {one.title: one.what for one in doctor.examine(as_of=NOW) if one.level == FINE}
    assert fine["备份"] == "上一次备份是 2026-09-01 11:00。"  # where the site is, not in UTC
    assert fine["恢复演练"] == "上一次是 2026-08-12 16:00，能恢复 classroom-1。"
    assert fine["手机号密钥"] == "2026-09-01 16:00 确认过另外存了一份。"
    assert seen(as_of=NOW + 2 * DAY)["备份"][0] == CARE
    assert seen(as_of=NOW + 8 * DAY)["备份"][0] == WRONG
    assert seen(as_of=NOW + 101 * DAY)["恢复演练"][0] == CARE
    marks.leave(name=marks.DRILL, as_of=NOW, data={"name": "classroom-1", "ok": False})
    assert seen()["恢复演练"][0] == WRONG
    marks.leave(name=marks.DRILL, as_of=NOW, data={"name": "classroom-1", "ok": True})
    marks.Mark.objects.filter(name__in=[marks.BACKUP, marks.KEY_KEPT]).delete()
    found = seen()
    assert found["备份"] == (WRONG, "还没有备份过。")
    assert found["手机号密钥"][0] == CARE
    doctor.confirm_key_kept(by="root", as_of=NOW)
    settings.PHONE_KEY = "another" * 8
    assert seen()["手机号密钥"][0] == CARE  # it was said of another key


def test_how_it_is_set_up(well: None, settings: Any) -> None:
    settings.SMS_WAY, settings.SMS_BACKEND = "none", "organizations.sms.ConsoleBackend"
    settings.SITE = urlsplit("http://study.example.cn")
    settings.DEBUG, settings.EMBEDDED, settings.REDIS_URL = True, False, "redis://127.0.0.1:1/0"
    settings.MEDIA_ICE_ADDRESSES, settings.MEDIA_ACCEL_PREFIX = ["10.0.0.5"], ""
    settings.STATIC_HASHED, settings.STATIC_ROOT = True, "/nowhere"
    found = seen()
    assert {title: level for title, (level, _what) in found.items()} == {
        "短信": WRONG, "运行方式": WRONG, "Redis": WRONG, "页面样式": WRONG, "直播地址": CARE, "视频文件": CARE,
    }  # fmt: skip
    assert {one.title: one.level for one in doctor.examine(as_of=NOW)}["网址"] == WRONG
    settings.MEDIA_ICE_ADDRESSES = []
    assert "猜的地址" in seen()["直播地址"][1]


def test_what_failed_or_waits(well: None, var_dir: Path) -> None:
    TaskCount.objects.create(name="media.transcode", failed=2, failed_at=NOW - DAY / 2, error="OSError")
    video = Video.objects.create(title="a", state=Video.State.FAILED)
    Video.objects.filter(pk=video.pk).update(created_at=NOW - DAY)
    county = make_county()
    lecture = open_lecture(county.branch)
    be_present(lecture, county.member, 0, 3000)
    lecture.roster.filter(member=county.member).update(dirty_at=NOW - dt.timedelta(minutes=30))
    (var_dir / "live" / f"{ASIDE}7").mkdir(parents=True)
    found = seen()
    assert {title: level for title, (level, _what) in found.items()} == {
        "任务出错": CARE, "视频": CARE, "认定": CARE, "录制": CARE,
    }  # fmt: skip
    assert "media.transcode（OSError）" in found["任务出错"][1]
    assert found["认定"][1] == "最早的一条已经等了 30 分钟。"
    lecture.roster.filter(member=county.member).update(dirty_at=NOW - 45 * DAY)
    assert seen()["认定"][1] == "最早的一条已经等了 45 天。"


def test_a_clock_that_is_wrong_on_another_host(well: None) -> None:
    marks.leave(
        name="worker@two/media",
        as_of=NOW,
        data={"queue": "media", "sandbox": "bubblewrap", "host": "two", "skew_s": -12.0},
    )
    assert seen()["时钟"] == (WRONG, "two 差 -12 秒")
    MediaNode.objects.create(name="media3", url="unix:/3", beat_at=NOW, load={"skew_s": 40.0})
    assert seen()["时钟"] == (WRONG, "two 差 -12 秒；media3 差 40 秒")


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        ("prlimit is not installed", "apt install util-linux"),
        ("bwrap is not installed", "apt install bubblewrap"),
        ("ffmpeg is not installed", "apt install ffmpeg"),
        ("bwrap refuses: No permissions to create new namespace", "bwrap --ro-bind / / true"),
    ],
)
def test_what_to_install_is_what_is_missing(well: None, state: str, advice: str) -> None:
    marks.leave(name="worker@two/media", as_of=NOW, data={"queue": "media", "sandbox": state})
    (found,) = [one for one in doctor.examine(as_of=NOW) if one.title == "转码隔离"]
    assert advice in found.next_step
    assert state in found.what


def test_a_sandbox_that_is_open(well: None) -> None:
    marks.leave(name="worker@two/media", as_of=NOW, data={"queue": "media", "sandbox": "limits only"})
    assert seen()["转码隔离"][0] == WRONG


def test_who_prepares_no_films_needs_no_sandbox(well: None) -> None:
    marks.leave(name="worker@two/reports", as_of=NOW, data={"queue": "reports", "sandbox": "bwrap refuses: no"})
    assert "转码隔离" not in seen()


@pytest.mark.parametrize(
    ("key", "why", "advice"),
    [
        ("/run/secrets/phone_key", "MEDIA_SANDBOX=required: bwrap refuses: No permissions", "compose.yaml"),
        ("/etc/fingertip/phone_key", "MEDIA_SANDBOX=required: bwrap refuses: No permissions", "bwrap --ro-bind"),
        ("", "janus: no such plugin", "engine_does_not_start"),
    ],
)
def test_an_engine_that_does_not_start_is_said_before_a_lecture_needs_it(
    well: None, monkeypatch: pytest.MonkeyPatch, key: str, why: str, advice: str
) -> None:
    monkeypatch.setenv("PHONE_KEY_FILE", key)
    node = MediaNode.objects.create(name="二号", url="u", beat_at=NOW - dt.timedelta(seconds=20), load={"refusal": why})
    (found,) = [one for one in doctor.examine(as_of=NOW) if one.title == "媒体引擎"]
    assert found.level == WRONG
    assert "二号" in found.what
    assert why in found.what
    assert advice in found.next_step
    MediaNode.objects.filter(pk=node.pk).update(load={"refusal": ""})
    assert "媒体引擎" not in seen()
    MediaNode.objects.filter(pk=node.pk).update(load={"refusal": why}, beat_at=NOW - DAY)
    assert "媒体引擎" not in seen(), "it was taken down"


def test_where_containers_give_no_namespaces_the_next_step_is_theirs(
    well: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONE_KEY_FILE", "/run/secrets/phone_key")
    marks.leave(name="worker@two/media", as_of=NOW, data={"queue": "media", "sandbox": "bwrap refuses: no"})
    (found,) = [one for one in doctor.examine(as_of=NOW) if one.title == "转码隔离"]
    assert "security_opt" in found.next_step


def run(*argv: str) -> tuple[int, str]:
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", *argv, stdout=out)
    return int(ended.value.code or 0), out.getvalue()


def test_command_says_it_and_its_status_is_the_worst(
    well: None, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    settings.HTTPS = True
    monkeypatch.setattr(setup, "certificate_until", lambda host, port: NOW + 90 * DAY)
    assert run()[0] == FINE
    monkeypatch.setattr(setup, "certificate_until", lambda host, port: NOW + 10 * DAY)
    status, text = run()
    assert status == CARE
    assert text.startswith("! 证书：2026-09-11 到期")
    heard(NOW - DAY)
    status, text = run()
    assert status == WRONG
    assert text.splitlines()[0].startswith("✗ ")
    assert "    → 请看它是否在运行" in text
    marks.Mark.objects.filter(name=marks.KEY_KEPT).delete()
    assert "✓ 手机号密钥：" in run("--key-kept")[1]


def test_page_is_there_for_whoever_runs_the_site_alone(client: Client, well: None) -> None:
    county: County = make_county()
    assert client.get("/health/").url.startswith("/accounts/login/")  # type: ignore[attr-defined]
    for person in (county.member, county.organiser, RoleGrantFactory(node=county.branch, role="operator").user):
        client.force_login(person)
        assert client.get("/health/").status_code == 404
        assert client.post("/health/").status_code == 404
        assert b"/health/" not in client.get("/units/").content
    client.force_login(county.operator)
    assert b"/health/" in client.get("/units/").content
    assert b"/health/" in client.get("/roster/").content


def test_page_says_the_worst_first_and_takes_the_word_for_the_key(client: Client, well: None) -> None:
    client.force_login(make_county().operator)
    marks.Mark.objects.filter(name=marks.KEY_KEPT).delete()
    text = client.get("/health/").content.decode()
    assert text.index("后台任务") < text.index("手机号密钥") < text.index("短信")
    assert "已经另外存好" in text
    answer = client.post("/health/", follow=True).content.decode()
    assert "已经记下" in answer
    assert "已经另外存好" not in answer
    assert doctor.is_key_kept()


def test_page_asks_the_same_number_of_questions_however_much_there_is(
    client: Client, well: None, django_assert_max_num_queries: Any
) -> None:
    client.force_login(make_county().operator)
    for number in range(30):
        TaskCount.objects.create(name=f"t{number}", failed=1, failed_at=timezone.now(), error="E")
        marks.leave(
            name=f"worker@h{number}/media", as_of=timezone.now(), data={"queue": "media", "sandbox": "bubblewrap"}
        )
    with django_assert_max_num_queries(40):
        client.get("/health/")


@pytest.mark.parametrize(
    ("key", "file", "command"),
    [
        ("/etc/fingertip/phone_key", "/etc/fingertip/env", "sudo fingertip "),
        ("/run/secrets/phone_key", "site/env", "docker compose run --rm manage "),
        ("", " .env ", "manage.py "),
    ],
)
def test_next_steps_name_what_is_there_on_this_machine(
    well: None, settings: Any, monkeypatch: pytest.MonkeyPatch, key: str, file: str, command: str
) -> None:
    monkeypatch.setenv("PHONE_KEY_FILE", key)
    settings.SMS_WAY, settings.SMS_BACKEND = "none", "organizations.sms.ConsoleBackend"
    marks.Mark.objects.all().delete()
    steps = {one.title: one.next_step for one in doctor.examine(as_of=NOW)}
    assert file in steps["短信"]
    for title, word in (("短信", "sign_in_link"), ("备份", "backup"), ("恢复演练", "restore_drill")):
        assert f"{command}{word}" in steps[title]
    assert f"{command}doctor --key-kept" in steps["手机号密钥"]
    kept = key.replace("/run/secrets", "site/secrets") or "VAR_DIR/secrets/phone_key"
    assert kept in steps["手机号密钥"]


def test_a_chapter_that_a_step_names_is_in_the_manual(well: None, var_dir: Path) -> None:
    (var_dir / "live" / f"{ASIDE}7").mkdir(parents=True)
    steps = " ".join(one.next_step for one in doctor.examine(as_of=NOW))
    named = re.findall(r"《管理员手册》的“(.+?)”", steps)
    assert named == ["录制没有整理成功"]
    manual = (Path(__file__).parents[2] / "docs/zh/管理员.md").read_text(encoding="utf-8")
    assert f"### {named[0]}\n" in manual


def test_seals_that_are_behind_or_broken_are_said(well: None) -> None:
    """Days that nobody sealed, a row that was touched, and a guard that is gone."""
    held = open_lecture(make_county().branch)
    operations.seal_days(as_of=NOW)
    assert seen() == {}
    assert seen(as_of=NOW + 4 * DAY)["记录封存"] == (CARE, "已经有 4 天没有封存。")
    operations.declare(
        occasion_id=held.pk, member_id=held.roster.first().member_id, category="xuexi", recorded_by_id=None, as_of=NOW
    )
    operations.seal_days(as_of=NOW + DAY)
    assert chain.look(as_of=NOW + DAY) == 0
    assert "记录封存" not in seen(as_of=NOW + DAY)
    with unguarded("attendance_evidence"):
        Evidence.objects.update(category="other")
    assert chain.look(as_of=NOW + DAY) == 1
    said = (WRONG, "有 1 处记录和封存时不一样：被改动、删除或者补进过。")
    assert seen(as_of=NOW + DAY)["记录封存"] == said
    with unguarded("attendance_evidence"):
        Evidence.objects.update(category="xuexi")
    assert chain.look(as_of=NOW + DAY) == 0
    assert seen(as_of=NOW + DAY)["记录封存"] == said  # until somebody has looked at all of it
    call_command("verify_chain", stdout=io.StringIO())
    assert "记录封存" not in seen(as_of=NOW + DAY)
    with connection.cursor() as cursor:
        name = "append_only_evidence_update"
        on = " ON attendance_evidence" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER {name}{on}")
    assert seen(as_of=NOW + DAY)["记录封存"] == (WRONG, "数据库里防止改动的触发器少了 1 个。")


def test_numbers_that_were_wrong_or_wait_are_said(well: None) -> None:
    assert "各级人数" not in seen()
    SummaryCheck.objects.create(at=NOW, occasions=3, differences=2)
    level, what = seen()["各级人数"]
    assert (level, "有 2 个单位的人数和认定结果不一致，已经改正" in what) == (CARE, True)
    SummaryCheck.objects.create(at=NOW + DAY, occasions=3, differences=0)
    assert "各级人数" not in seen()
    lecture = open_lecture(make_county(members=1).branch)
    SummaryMark.objects.filter(occasion=lecture).update(at=NOW - DAY)
    assert "有变动等着统计" in seen()["各级人数"][1]
