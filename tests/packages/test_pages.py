"""A member studies in a package and goes on where they were; its files are apart from ours."""

import codecs
import gzip
import json
from dataclasses import asdict
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.guard import limits, row_for
from media.storage import UnableToStore
from organizations.models import Node
from packages import units
from packages.core.manifest import read_manifest
from packages.core.reports import MOST_BYTES, MOST_SUSPENDED
from packages.models import Result
from packages.operations import add_package, change_package, drop_replaced, withdraw_package
from packages.queries import package_in, personal_data
from packages.signing import token
from packages.views import files
from tests.packages.conftest import Placed
from tests.packages.zips import SCORM_12, SCORM_2004, make_package

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]


def seen(client: Client, url: str) -> Any:
    return BeautifulSoup(client.get(url).content, "html.parser")


def page_of(client: Client, url: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(seen(client, url).select_one("#package-page").string)
    return found


def send(client: Client, page: dict[str, Any], **said: Any) -> Any:
    report = {
        "id": "0" * 32, "version": page["version"], "seen": page["seen"], "status": "incomplete", "success": "",
        "score": None, "location": "3", "suspend": "x", "total_ms": 1000, **said,
    }  # fmt: skip
    return client.post(page["report_url"], report, content_type="application/json")


def test_a_member_goes_on_where_they_were(client: Client, placed: Placed) -> None:
    client.force_login(placed.county.member)
    assert "还没有学" in seen(client, placed.lesson).get_text()
    page = page_of(client, placed.url)
    assert "这一讲学完没有，看课里写的" in seen(client, placed.url).get_text()
    assert send(client, page).json() == {"revision": 1, "note": ""}
    assert send(client, page).json() == {"revision": 1, "note": ""}, "the same report is kept once"
    again = page_of(client, placed.url)
    assert (again["seen"], again["state"]["location"], again["state"]["suspend"]) == (1, "3", "x")
    assert send(client, again, id="1" * 32, status="passed", score=85).json()["revision"] == 2
    said = seen(client, placed.lesson).select_one(f'a[href="{placed.url}"]').get_text()
    assert "课件自己报告：已通过，得分 85" in said
    assert "85.0" not in said
    late = send(client, again, id="2" * 32)
    assert (late.status_code, late.json()["error"]) == (409, "newer")
    assert Result.objects.get().done_at is not None


def test_as_much_is_kept_as_scorm_2004_promises(client: Client, placed: Placed) -> None:
    """64,000 signs of any kind; its address takes a body of that size, and no other below /courses/ does."""
    client.force_login(placed.county.member)
    page = page_of(client, placed.url)
    row = row_for(limits(), page["report_url"], "POST")
    assert row is not None
    assert (row.size, row_for(limits(), placed.url, "POST")) == (MOST_BYTES, None)
    remembered = "字" * MOST_SUSPENDED
    answer = send(client, page, suspend=remembered)
    assert answer.status_code == 200
    again = page_of(client, placed.url)
    assert again["state"]["suspend"] == remembered
    assert (page["last"], again["last"]) == ("", Result.objects.get().report_id)
    refused = send(client, again, id="f" * 32, suspend=remembered + "字")
    assert (refused.status_code, refused.json()["error"]) == (400, "large")
    assert "得分照样保存" in refused.json()["message"]
    # Then the page sends the rest with what was remembered before.
    assert send(client, again, id="e" * 32, suspend=remembered, score=90).status_code == 200
    assert Result.objects.get().score == 90


def test_what_is_no_report_is_said(client: Client, placed: Placed) -> None:
    client.force_login(placed.county.member)
    page = page_of(client, placed.url)
    assert send(client, page, status="x").status_code == 400
    assert client.post(page["report_url"], "{", content_type="application/json").status_code == 400


def test_files_are_apart_from_our_pages(client: Client, placed: Placed) -> None:
    client.force_login(placed.county.member)
    src = page_of(client, placed.url)["src"]
    client.logout()
    answer = client.get(src)
    assert answer.status_code == 200
    assert b'<head><script src="~scorm.js"></script>' in answer.content
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts allow-forms allow-modals; default-src http://testserver/packages/")
    assert "allow-same-origin" not in policy
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    base = src.removesuffix("index.html")
    assert client.get(f"{base}imsmanifest.xml").status_code == 200
    for wrong in (f"{base}none.html", f"{base}../index.html", f"/packages/x{src.removeprefix('/packages/')}"):
        assert client.get(wrong).status_code == 404, wrong
    old = token(key=placed.package.key, viewer_id=1, as_of=timezone.now() - timezone.timedelta(hours=9))
    assert client.get(f"/packages/{old}/index.html").status_code == 404


def test_a_new_version_begins_anew_and_a_withdrawn_one_is_told_of(client: Client, placed: Placed) -> None:
    client.force_login(placed.county.member)
    page = page_of(client, placed.url)
    send(client, page, status="completed")
    change_package(package_id=placed.package.pk, title="新", file=make_package(SCORM_2004), as_of=timezone.now())
    assert "换了新的一版" in seen(client, placed.lesson).get_text()
    page = page_of(client, placed.url)
    assert (page["version"], page["seen"], page["state"]["status"]) == (2, 0, "")
    withdraw_package(package_id=placed.package.pk, as_of=timezone.now())
    assert send(client, page).json()["error"] == "withdrawn"
    assert "已撤下" in seen(client, placed.lesson).get_text()
    assert client.get(placed.url).status_code == 302


def test_whoever_has_a_replaced_version_open_finishes_it(
    client: Client, placed: Placed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files and its results are taken for a day; what is opened anew is the new one."""
    client.force_login(placed.county.member)
    page = page_of(client, placed.url)
    assert send(client, page).json() == {"revision": 1, "note": ""}
    now = timezone.now()
    change_package(package_id=placed.package.pk, title="新", file=make_package(SCORM_2004), as_of=now)
    monkeypatch.setattr(files, "_script", lambda name: (name.encode(), b""))
    assert client.get(page["src"]).status_code == 200
    assert client.get(page["src"].replace("index.html", files.RUNTIME)).content == b"scorm12.js"
    kept = send(client, page, id="1" * 32, seen=1, status="passed", score=90).json()
    assert kept["revision"] == 2
    assert "先把这一版学完" in kept["note"]
    old = Result.objects.get()
    assert (old.version, old.status, old.score) == (1, "passed", 90)
    again = page_of(client, placed.url)
    assert (again["version"], again["state"]["status"]) == (2, "")
    assert drop_replaced(as_of=now + timezone.timedelta(hours=23)) == 0
    assert drop_replaced(as_of=now + timezone.timedelta(hours=24)) == 1
    assert client.get(page["src"]).status_code == 404
    assert client.get(page["src"].replace("index.html", files.RUNTIME)).status_code == 404
    late = send(client, page, id="2" * 32, seen=2)
    assert (late.status_code, late.json()["error"]) == (409, "replaced")
    assert client.get(again["src"]).status_code == 200


def test_the_run_time_gets_what_the_manifest_says(client: Client, placed: Placed) -> None:
    title = "<title>第一节</title>"
    said = SCORM_12.replace(title, f"{title}<adlcp:masteryscore>80</adlcp:masteryscore>")
    change_package(package_id=placed.package.pk, title="新", file=make_package(said), as_of=timezone.now())
    client.force_login(placed.county.member)
    assert page_of(client, placed.url)["given"]["passing"] == "80"
    client.force_login(placed.county.organiser)
    office = f"/admin/packages/{placed.package.pk}/"
    assert "课件里写明：80 分合格。" in seen(client, office).get_text()
    threshold = '<adlcp:completionThreshold completedByMeasure="true" minProgressMeasure="0.9"/>'
    rules = (
        '<s:sequencing xmlns:s="x"><s:objectives><s:primaryObjective satisfiedByMeasure="true">'
        "<s:minNormalizedMeasure>0.75</s:minNormalizedMeasure></s:primaryObjective></s:objectives></s:sequencing>"
    )
    said = SCORM_2004.replace(title, title + threshold + rules)
    change_package(package_id=placed.package.pk, title="新", file=make_package(said), as_of=timezone.now())
    assert "课件里写明：75 分合格，学到 90% 算学完。" in seen(client, office).get_text()
    placed.package.refresh_from_db()
    assert placed.package.given == asdict(read_manifest(said.encode()).given)


def test_others_find_nothing(client: Client, placed: Placed) -> None:
    client.force_login(placed.county.neighbours[0])
    assert client.get(placed.url).status_code == 404
    client.force_login(placed.county.organiser)
    page = page_of(client, placed.url)
    assert page["report_url"] == "", "whoever only reads has no result"
    assert client.post(f"{placed.url}report/", "{}", content_type="application/json").status_code == 404


def test_an_organiser_brings_in_changes_and_withdraws(client: Client, placed: Placed) -> None:
    client.force_login(placed.county.organiser)
    node = placed.county.branch.pk
    refused = client.post("/admin/packages/add/", {"node": node, "file": make_package("<x")})
    assert refused.status_code == 422
    assert "imsmanifest.xml 读不出来" in refused.content.decode()
    made = client.post("/admin/packages/add/", {"node": node, "file": make_package()})
    assert made.status_code == 302
    assert "防汛课件" in client.get("/admin/packages/").content.decode()
    assert "第 1 版" in client.get(made.url).content.decode()
    client.post(made.url, {"title": "改过", "file": make_package()})
    changed = client.get(made.url).content.decode()
    assert "第 2 版" in changed
    assert "0 人学过，课件报告 0 人学完（前后各版一共）" in changed
    assert page_of(client, f"{made.url}preview/")["report_url"] == ""
    client.post(f"{made.url}offer/", {"do": "off"})
    assert "改过" in client.get("/admin/packages/?off=1").content.decode()
    client.post(f"{made.url}offer/", {"do": "on"})
    assert "改过" in client.get("/admin/packages/").content.decode()
    asked = client.get(f"{made.url}delete/").content.decode()
    assert "没有课放着它，也没有人学过它" in asked
    assert client.post(f"{made.url}delete/").url == "/admin/packages/"
    assert client.get(made.url).status_code == 404
    client.force_login(placed.county.member)
    assert client.get(made.url).status_code in (302, 404)


def test_what_a_lesson_shows_or_somebody_studied_is_not_deleted(client: Client, placed: Placed) -> None:
    client.force_login(placed.county.member)
    send(client, page_of(client, placed.url))
    client.force_login(placed.county.organiser)
    office = f"/admin/packages/{placed.package.pk}/"
    shown = client.get(office).content.decode()
    assert "这些课里的人马上看得到" in shown
    assert "人在学" in shown, "whom another file touches"
    asked = client.get(f"{office}delete/").content.decode()
    assert "请先从那里去掉" in asked
    assert "1 人学过" in asked
    assert "<button" not in asked.split("现在还不能删除", 1)[1]
    refused = client.post(f"{office}delete/", follow=True).content.decode()
    assert "没有删除：还有课放着它" in refused
    assert client.get(office).status_code == 200


def test_the_office_says_what_is_wrong_and_keeps_the_name(
    client: Client, placed: Placed, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(placed.county.organiser)
    office = f"/admin/packages/{placed.package.pk}/"
    nameless = client.post(office, {"title": ""}).content.decode()
    assert "请写名称" in nameless
    broken = client.post(office, {"title": "防汛新", "file": make_package("<x")})
    assert broken.status_code == 422
    assert "imsmanifest.xml 读不出来" in broken.content.decode()
    assert 'value="防汛新"' in broken.content.decode()
    add, node = "/admin/packages/add/", placed.county.branch.pk
    none = client.post(add, {"node": node}).content.decode()
    assert "请选课件包" in none
    with monkeypatch.context() as patched:
        patched.setattr("media.storage.require_space", full)
        refused = client.post(add, {"node": node, "file": make_package()}).content.decode()
    assert "磁盘" in refused
    settings.PACKAGE_MAX_BYTES = 100
    large = client.post(add, {"node": node, "title": "大的", "file": make_package()}).content.decode()
    assert "课件包太大" in large
    placed.package.refresh_from_db()
    assert placed.package.version == 1


def full(_bytes: int) -> None:
    raise UnableToStore


def test_the_first_script_of_a_page_is_the_one_that_knows_scorm(
    client: Client, placed: Placed, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = b'<script src="../~scorm.js"></script>'
    for page, made in (
        (b"<HTML><Head lang=x><p>", b"<HTML><Head lang=x>" + tag + b"<p>"),
        (b"<html><body>", b"<html>" + tag + b"<body>"),
        (b"\xef\xbb\xbf<!DOCTYPE html><p>", b"\xef\xbb\xbf<!DOCTYPE html>" + tag + b"<p>"),
        (b"<p>", tag + b"<p>"),
        (codecs.BOM_UTF8 + b"<p>", codecs.BOM_UTF8 + tag + b"<p>"),
        ("\ufeff<html><head>课".encode("utf-16-le"), codecs.BOM_UTF8 + b"<html><head>" + tag + "课".encode()),
    ):
        assert files.with_runtime(page, "a/b.html") == made
    client.force_login(placed.county.member)
    src = page_of(client, placed.url)["src"].replace("index.html", files.RUNTIME)
    monkeypatch.setattr(files, "_script", lambda name: (name.encode(), gzip.compress(name.encode())))
    plain = client.get(src)
    assert (plain.content, plain["Content-Type"]) == (b"scorm12.js", "text/javascript; charset=utf-8")
    packed = client.get(src, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.content) == b"scorm12.js"


def test_a_package_of_no_lesson_is_found_in_none(client: Client, placed: Placed) -> None:
    county = placed.county
    other = add_package(
        file=make_package(), title="", node_id=county.branch.pk, made_by_id=county.organiser.pk, as_of=timezone.now()
    )
    client.force_login(county.member)
    assert client.get(f"{placed.lesson}packages/{other.pk}/").status_code == 404
    lesson = int(placed.lesson.split("/")[3])
    report = reverse("courses_package_report", args=[placed.given.run.pk, lesson, other.pk])
    assert client.post(report).status_code == 404


def test_a_result_is_in_ones_own_data_and_a_unit_gives_its_packages_on(client: Client, placed: Placed) -> None:
    county = placed.county
    client.force_login(county.member)
    send(client, page_of(client, placed.url))
    (told,) = personal_data(county.member)["package_results"]
    assert (told["package__title"], told["location"], told["status"]) == ("防汛课件", "3", "incomplete")
    (use,) = units.uses_of(node=county.branch, on_date=timezone.localdate())
    assert "1 个课件包归这里" in use.text
    units.move(node=county.branch, into=county.township)
    assert units.uses_of(node=county.branch, on_date=timezone.localdate()) == []
    assert package_in(Node.objects.filter(pk=county.township.pk), placed.package.pk) is not None


def test_a_lesson_on_the_phone_says_that_its_package_needs_a_network(client: Client, placed: Placed) -> None:
    client.force_login(placed.county.member)
    kept = client.get(f"{placed.lesson}saved.json").json()["html"]
    assert "课件 · 还没有学。要有网才能学。" in kept
    assert placed.url not in kept
    assert placed.url in client.get(placed.lesson).content.decode()
