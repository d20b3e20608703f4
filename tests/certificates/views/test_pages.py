"""Certificates through the real doors: the member's, the secretary's, the organiser's and the public one."""

import datetime as dt
import re
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import segno
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from attendance.models import Occasion, Training
from attendance.operations import mark_counts, tell
from certificates import tasks
from certificates.core.number import grouped
from certificates.models import Certificate, CertificateSetting
from certificates.operations import take, withdraw
from certificates.sentences import drawn
from certificates.views import branch as branch_views
from organizations.models import AccessEntry, User
from organizations.printing import UnableToPrint
from tests.attendance.people import make_occasion, make_training, stand
from tests.attendance.tampering import unguarded
from tests.certificates.conftest import Course, switched_on, taken
from tests.factories.organizations import MembershipFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SignIn = Callable[[User], Client]


def text(answer: HttpResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def words_in_pdf(content: bytes) -> str:
    """The text of a PDF as WeasyPrint writes it: the glyphs that are shown, read by each font's ToUnicode table."""
    streams = [inflated(part) for part in content.split(b"stream\n")[1:]]
    letters: dict[bytes, str] = {}
    for stream in streams:
        for block in re.findall(rb"beginbfchar(.*?)endbfchar", stream, re.S):
            for glyph, unicode in re.findall(rb"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>", block):
                letters[glyph.lower()] = bytes.fromhex(unicode.decode()).decode("utf-16-be")
    shown = [glyphs for stream in streams if b" Tf" in stream for glyphs in re.findall(rb"<([0-9a-fA-F]+)>", stream)]
    return "".join(letters.get(run[at : at + 4].lower(), "") for run in shown for at in range(0, len(run), 4))


def inflated(part: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(part)
    except zlib.error:
        return b""


def own_url(course: Course, more: str = "") -> str:
    return f"/certificates/own/{course.training.pk}/{more}"


def training_url(course: Course, more: str = "") -> str:
    return f"/certificates/trainings/{course.training.pk}/{more}"


# --- the member ---


def test_a_member_takes_sees_and_prints_theirs(course: Course, sign_in: SignIn) -> None:
    client = sign_in(course.county.member)
    assert "有证书可以领取" in text(client.get("/me/"))
    page = text(client.get("/certificates/"))
    assert "还没有证书" in page
    assert "防汛避险" in page
    assert "可以领证书了" in text(client.get(own_url(course)))
    assert client.get(own_url(course, "certificate.pdf")).status_code == 404
    shown = text(client.post(own_url(course), follow=True))
    made = Certificate.objects.get()
    for said in ("有效", "王一0", "东风村第一支部", "防汛避险", grouped(made.public_id), "学习期满"):
        assert said in shown
    assert "1 张证书" in text(client.get("/me/"))
    assert "结业证书" in text(client.get("/certificates/"))
    assert "“防汛避险”的证书已经发给您" in text(client.get("/me/notices/"))
    printed = client.get(own_url(course, "certificate.pdf"))
    assert printed["Content-Type"] == "application/pdf"
    assert "no-store" in printed["Cache-Control"]
    words = words_in_pdf(printed.content)
    number = grouped(made.public_id)
    for said in (
        "结业证书", "王一0", "东风村第一支部", "防汛避险", "计2学时", "学习期满", "http://testserver/c/", number,
    ):  # fmt: skip
        assert said in words.replace(" ", "")
    assert "样张" not in words


def test_a_member_who_lacks_something_sees_what(course: Course, sign_in: SignIn) -> None:
    client = sign_in(course.county.members[2])
    page = text(client.get(own_url(course)))
    assert "还缺：第二讲。补上以后就可以领" in page
    assert "领取证书" not in page
    assert "还没有完成这个培训，现在不能领" in text(client.post(own_url(course), follow=True))
    assert not Certificate.objects.exists()
    Training.objects.update(hours_required=5)
    assert "要满 5 学时，您现在有 2 学时" in text(sign_in(course.county.member).get(own_url(course)))
    Training.objects.update(hours_required=3)
    make_occasion(course.training, state="scheduled", title="第三讲")
    assert "还有没开始的场次：第三讲" in text(sign_in(course.county.member).get(own_url(course)))


def test_the_list_says_which_can_be_taken(course: Course, sign_in: SignIn) -> None:
    done, _excused, missing = course.county.members
    assert "可以领取" in text(sign_in(done).get("/certificates/"))
    client = sign_in(missing)
    assert "还缺 1 场" in text(client.get("/certificates/"))
    assert "完成培训以后，证书在这里领" in text(client.get("/me/"))
    Occasion.objects.update(make_up_until_at=timezone.now())
    course.close()
    assert "不能再领" in text(client.get("/certificates/"))
    Training.objects.update(hours_required=9)
    assert "还不能领" in text(sign_in(done).get("/certificates/"))
    assert "有证书可以领取" not in text(sign_in(done).get("/me/"))


def test_who_is_too_late_is_told_what_is_left(course: Course, sign_in: SignIn) -> None:
    client, lacking = sign_in(course.county.members[2]), Occasion.objects.filter(pk=course.second.pk)
    assert "看怎么补" in text(client.get(own_url(course)))
    lacking.update(make_up_until_at=timezone.now())
    page = text(client.get(own_url(course)))
    assert "还缺：第二讲。补学时间已经过了。可以请支部书记安排" in page
    assert "看记录" in page
    course.close()
    page = text(client.get(own_url(course)))
    assert "还缺：第二讲。培训已经结束，补学时间也过了，不能再补。确实学过的，请支部书记核实更正" in page
    for said in ("就可以领", "看怎么补"):
        assert said not in page


def test_what_still_runs_is_not_made_up_and_what_is_late_is_not_to_come(course: Course, sign_in: SignIn) -> None:
    client, now = sign_in(course.county.members[2]), timezone.now()
    running = {"state": "open", "window_end_at": None, "make_up_until_at": None, "ends_at": now + dt.timedelta(days=3)}
    Occasion.objects.filter(pk=course.second.pk).update(**running)
    page = text(client.get(own_url(course)))
    assert "还缺：第二讲。学完以后就可以领" in page
    assert "看怎么补" not in page
    late = now - dt.timedelta(minutes=5)
    make_occasion(course.training, state="scheduled", title="第三讲", starts_at=late)
    assert "还有没完成的场次：第三讲" in text(client.get(own_url(course)))


def test_who_was_only_excused_has_no_certificate(course: Course, sign_in: SignIn) -> None:
    switched_on(course, counts_excused=True)
    for occasion in (course.first, course.second):
        course.restate(occasion, course.county.members[1], "excused")
    assert "没有参加过其中的场次" in text(sign_in(course.county.members[1]).get(own_url(course)))


def test_nobody_reads_anothers(course: Course, sign_in: SignIn) -> None:
    taken(course)
    for person in (course.county.neighbour_member, course.county.neighbour_secretary, course.county.lecturer):
        client = sign_in(person)
        for more in ("", "certificate.pdf"):
            assert client.get(own_url(course, more)).status_code == 404
        assert client.post(own_url(course, "name/")).status_code == 404
    assert Client().get(own_url(course)).status_code == 302
    assert text(sign_in(course.county.members[1]).get(own_url(course, "certificate.pdf"))) != ""
    assert sign_in(course.county.members[1]).get(own_url(course, "certificate.pdf")).status_code == 404


def test_a_corrected_name_is_taken_over_by_a_tap(course: Course, sign_in: SignIn) -> None:
    made, client = taken(course), sign_in(course.county.member)
    assert "换成新的姓名" not in text(client.get(own_url(course)))
    assert "不用换" in text(client.post(own_url(course, "name/"), follow=True))
    User.objects.filter(pk=course.county.member.pk).update(name="王宜")
    assert "现在是“王宜”" in text(client.get(own_url(course)))
    assert "已经换成新的一张" in text(client.post(own_url(course, "name/"), follow=True))
    assert "这张证书：已换发" in text(Client().get(f"/c/{made.public_id}/"))


def test_a_withdrawn_one_says_so_to_its_member_with_the_reason(course: Course, sign_in: SignIn) -> None:
    made, client = taken(course), sign_in(course.county.member)
    withdraw(
        certificate_id=made.pk, reason="冒名参加", withdrawn_by_id=course.county.organiser.pk, as_of=timezone.now()
    )
    page = text(client.get(own_url(course)))
    assert "已撤回" in page
    assert "冒名参加" in page
    assert "觉得不对，请联系支部书记" in page
    assert re.search(r'<section class="foot"[^>]*></section>', client.get(own_url(course)).content.decode())
    assert "已经撤回" in text(client.post(own_url(course), follow=True))
    assert client.get(own_url(course, "certificate.pdf")).status_code == 404
    assert "原因：冒名参加" in text(client.get("/me/notices/"))


def test_the_download_of_all_about_oneself_has_it(course: Course, sign_in: SignIn) -> None:
    made = taken(course)
    (row,) = sign_in(course.county.member).get("/me/data.json").json()["certificates"]
    assert (row["public_id"], row["sha256"]) == (made.public_id, made.sha256)


def test_the_code_leads_to_the_check_page(course: Course, sign_in: SignIn) -> None:
    """No reader of codes is at hand: what is drawn is what segno draws for that address, and for no other."""
    made = taken(course)
    page = sign_in(course.county.member).get(own_url(course)).content.decode()
    assert drawn(f"http://testserver/c/{made.public_id}/") in page
    code = segno.make(f"http://testserver/c/{made.public_id}/", error="m", micro=False)
    assert code.svg_inline(border=2, omitsize=True, svgclass="code", lineclass=None) in page
    assert drawn(f"http://testserver/c/{'1' * 26}/") not in page


# --- the public check ---


def test_anybody_checks_a_number_and_reads_what_was_issued_and_nothing_else(course: Course) -> None:
    made, visitor = taken(course), Client()
    answer = visitor.get(f"/c/{made.public_id}/")
    page = text(answer)
    for said in ("这张证书：有效", "王一0", "东风村第一支部", "防汛避险", grouped(made.public_id), made.sha256):
        assert said in page
    member = course.county.member
    for hidden in (member.phone_last4, member.username, str(member.public_id), "王一1", "第一讲", "/branch/", "/me/"):
        assert hidden not in page + answer.content.decode()
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    typed = grouped(made.public_id).lower().replace("-", " ")
    assert text(visitor.get("/c/", {"number": typed}, follow=True)) == page
    assert visitor.post(f"/c/{made.public_id}/").status_code == 405


def test_unknown_and_mistyped_look_the_same(course: Course, django_assert_num_queries: Any) -> None:
    taken(course)
    visitor = Client()
    pages = []
    for number in ("0" * 26, "0" * 25, "不是编号", "x" * 500, "%3Cb%3E"):
        with django_assert_num_queries(5):
            answer = visitor.get(f"/c/{number}/")
        assert answer.status_code == 404
        pages.append(re.sub(r'(content|value)="[^"]*"', "", answer.content.decode()))
    assert len(set(pages)) == 1
    assert "没有查到这个编号的证书" in pages[0]
    assert 'name="number"' in pages[0]
    assert "没有查到" in text(visitor.get("/c/", {"number": "写错了"}, follow=True))
    assert "证书编号" in text(visitor.get("/c/"))


@pytest.mark.parametrize("typed", ["12", "a/b", "0" * 26])
def test_what_was_typed_wrong_stays_to_be_mended(db: None, typed: str) -> None:
    answer = Client().get("/c/", {"number": typed}, follow=True)
    assert answer.status_code == 404
    assert "没有查到这个编号的证书" in text(answer)
    assert f'value="{typed}"' in answer.content.decode()


def test_a_withdrawn_one_says_when_and_never_why(course: Course) -> None:
    made = taken(course)
    withdraw(
        certificate_id=made.pk, reason="冒名参加", withdrawn_by_id=course.county.organiser.pk, as_of=timezone.now()
    )
    page = text(Client().get(f"/c/{made.public_id}/"))
    assert "这张证书：已撤回" in page
    assert f"{timezone.localdate().year}年" in page
    assert "冒名参加" not in page


def test_the_day_of_a_withdrawal_is_the_day_here(course: Course) -> None:
    made, early = taken(course), timezone.now().astimezone(dt.UTC).replace(hour=23, minute=30) + dt.timedelta(days=1)
    withdraw(certificate_id=made.pk, reason="发错了", withdrawn_by_id=course.county.organiser.pk, as_of=early)
    here = timezone.localtime(early).date()
    assert here != early.date()
    assert f"{here.year}年{here.month}月{here.day}日 由颁发单位撤回" in text(Client().get(f"/c/{made.public_id}/"))


@pytest.mark.parametrize("content", ['{"name":"别人"}', None])
def test_what_was_tampered_with_is_said(course: Course, content: str | None) -> None:
    made = taken(course)
    with unguarded("certificates_certificate"):
        Certificate.objects.update(content=content or made.content.replace("王一0", "别的人"))
    page = text(Client().get(f"/c/{made.public_id}/"))
    assert "这张证书：不能确认" in page
    assert "校验值不一致" in page


def test_only_wrong_numbers_are_counted_and_refused_for_a_while(course: Course, settings: Any) -> None:
    cache.clear()
    made = taken(course)
    settings.SIGN_IN_LIMITS = {**settings.SIGN_IN_LIMITS, "certificate": {"address": [(2, 600)]}}
    visitor = Client()
    assert [visitor.get(f"/c/{made.public_id}/").status_code for _n in range(3)] == [200, 200, 200]
    wrong = "0" * 26
    assert [visitor.get(f"/c/{wrong}/").status_code for _n in range(3)] == [404, 404, 429]
    refused = visitor.get("/c/0/")
    minutes = int(refused["Retry-After"]) // 60
    assert (refused.status_code, int(refused["Retry-After"]) % 60) == (429, 0)
    assert f"核验次数过多，请在 {minutes} 分钟后再试" in text(refused)
    # Whoever has a real one in hand reads it all the same.
    assert "这张证书：有效" in text(visitor.get(f"/c/{made.public_id}/"))


# --- secretary and organiser: who has one ---


def test_the_secretary_sees_who_has_one_and_prints_them_all(course: Course, sign_in: SignIn) -> None:
    switched_on(course, counts_excused=True)
    taken(course), taken(course, course.county.members[1])
    client = sign_in(course.county.secretary)
    assert "2 位已经有证书" in text(client.get(f"/branch/{course.training.pk}/"))
    page = text(client.get(training_url(course)))
    for said in ("2 位有证书", "王一0", "王一1", "打印全部证书"):
        assert said in page
    assert "证书设置" not in page
    assert AccessEntry.objects.filter(what="certificate", reason="").count() == 1
    answer = client.get(training_url(course, "print.pdf"))
    words = words_in_pdf(answer.content).replace(" ", "")
    assert "王一0" in words
    assert "王一1" in words
    assert AccessEntry.objects.get(what="certificate", reason="pdf").count == 2
    assert "1 张证书" in text(client.get(f"/branch/people/{course.county.member.pk}/"))
    assert "证书" not in text(client.get(f"/branch/people/{course.county.members[2].pk}/")).split("全年")[-1]


def test_more_than_one_file_holds_are_printed_in_parts(
    course: Course, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched_on(course, counts_excused=True)
    taken(course), taken(course, course.county.members[1])
    monkeypatch.setattr(branch_views, "MOST_PRINTED", 1)
    client = sign_in(course.county.secretary)
    page = text(client.get(training_url(course)))
    assert "打印第 1 到 1 张" in page
    assert "打印第 2 到 2 张" in page
    words = words_in_pdf(client.get(training_url(course, "print.pdf?part=2")).content)
    assert "王一1" in words.replace(" ", "")
    assert "王一0" not in words.replace(" ", "")
    assert "还没有可以打印的证书" in text(client.get(training_url(course, "print.pdf?part=3"), follow=True))


def test_an_organiser_reads_counts_and_the_units_below(course: Course, sign_in: SignIn) -> None:
    taken(course)
    page = text(sign_in(course.county.organiser).get(training_url(course)))
    for said in ("1 位有证书", "名单由各支部书记查看", "永安镇", "证书设置和样张"):
        assert said in page
    assert "王一" not in page


def test_pages_of_the_branch_belong_to_the_branch(course: Course, sign_in: SignIn) -> None:
    made = taken(course)
    for person in (course.county.neighbour_secretary, course.county.member, course.county.lecturer):
        client = sign_in(person)
        for more in ("", "print.pdf", "setting/", "specimen.pdf", "review/"):
            assert client.get(training_url(course, more)).status_code == 404
        assert client.get(f"/certificates/{made.pk}/withdraw/").status_code == 404
        assert client.post(f"/certificates/{made.pk}/reissue/").status_code == 404
    secretary = sign_in(course.county.secretary)
    for more in ("setting/", "specimen.pdf", "review/"):
        assert secretary.get(training_url(course, more)).status_code == 404
    assert secretary.post(f"/certificates/{made.pk}/withdraw/", {"reason": "有误"}).status_code == 404
    assert sign_in(course.county.organiser).get(training_url(course, "print.pdf")).status_code == 404


@pytest.mark.parametrize("people", [1, 3])
def test_the_page_of_a_unit_asks_the_same_for_any_number(
    course: Course, sign_in: SignIn, people: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(people):
        person = MembershipFactory(member__name=f"周{number}", node=course.node).member
        for occasion in (course.first, course.second):
            stand(occasion, person, course.node, "attended", live=55)
        taken(course, person)
    client = sign_in(course.county.secretary)
    client.get(training_url(course))
    with django_assert_max_num_queries(15):
        client.get(training_url(course))


# --- the organiser decides ---


def test_hours_that_nobody_can_reach_are_said_before_and_after(course: Course, sign_in: SignIn) -> None:
    client, url = sign_in(course.county.organiser), training_url(course, "setting/")
    assert "学时才有证书" not in text(client.get(url))
    Training.objects.update(hours_required=2)
    assert "各场次合起来最多记 2 学时，要满 2 学时才有证书。" in text(client.get(url))
    Training.objects.update(hours_required=3)
    again = make_occasion(course.training, title="第二讲（再讲一场）")
    Occasion.objects.filter(pk=again.pk).update(repeats=course.second)
    make_occasion(course.training, state=Occasion.State.VOID)
    said = "各场次合起来最多记 2 学时，要满 3 学时才有证书：谁也领不到。请先改培训的要求学时"
    page = text(client.get(url))
    assert said in page
    assert "学时 2 颁发单位" in page  # what the specimen says is what one can have
    course.training.hours_required = 3
    course.close()
    tasks.look_after()
    assert "看过 3 位，0 位完成。" + said in text(client.get(url))
    assert "看过 3 位，0 位完成。" + said in text(client.get(training_url(course)))


def test_that_nobody_has_finished_is_said_after_the_look_through(course: Course, sign_in: SignIn) -> None:
    course.restate(course.first, course.county.member, "missing")
    course.close()
    tasks.look_after()
    page = text(sign_in(course.county.organiser).get(training_url(course, "setting/")))
    assert "看过 3 位，0 位完成。还没有人把应参加的场次全部参加或补学" in page
    assert "马上开始" not in page


@pytest.mark.parametrize("lacks", ["nothing", "second", "coming"])
def test_hours_that_cannot_be_reached_lead_somewhere(course: Course, sign_in: SignIn, lacks: str) -> None:
    Training.objects.update(hours_required=5)
    member, url = course.county.member, f"/certificates/own/{course.training.pk}/"
    if lacks == "second":
        course.restate(course.second, member, "missing")
    coming = make_occasion(course.training, state="scheduled", title="第三讲") if lacks == "coming" else None
    page = sign_in(member).get(url)
    had, reach = {"nothing": (2, 0), "second": (1, 2), "coming": (2, 3)}[lacks]
    assert f"“防汛避险”的“结业证书”要满 5 学时，您现在有 {had} 学时。" in text(page)
    rest = f"下面的场次全部完成，也只有 {reach} 学时。" if reach else "您的场次都完成了，没有别的场次再记学时。"
    assert rest in text(page)
    assert "请告诉支部书记，由颁发单位（东风村第一支部）的组织员" in text(page)
    assert (f"/me/records/{course.second.pk}/" in page.content.decode()) == (lacks == "second")
    assert coming is None or f"/there/{coming.pk}/" in page.content.decode()
    Training.objects.update(hours_required=2)
    assert "学时才" not in text(sign_in(member).get(url))


def test_an_organiser_writes_looks_and_switches_on(county: Any, settings: Any, sign_in: SignIn) -> None:
    settings.OCCASION_KINDS = {"plain": "tests.attendance.people.PlainKind"}
    training = make_training(county.branch)
    occasion = make_occasion(training)
    stand(occasion, county.member, county.branch, "attended", live=55)
    client, url = sign_in(county.organiser), f"/certificates/trainings/{training.pk}/setting/"
    assert "没有开启，可以在这里设置" in text(client.get(f"/branch/{training.pk}/"))
    assert client.get(f"/certificates/trainings/{training.pk}/specimen.pdf").status_code == 404
    assert "证书上写什么" in text(client.get(url))
    assert "先写好证书名称" in text(client.post(url, {"do": "on"}, follow=True))
    bad = client.post(url, {"title": "", "issuer": county.neighbour.pk})
    assert bad.status_code == 422
    assert "请写证书名称" in text(bad)
    unseen = client.post(url, {"title": "\u202e\u200b", "issuer": county.branch.pk})
    assert (unseen.status_code, "请写证书名称" in text(unseen)) == (422, True)
    assert "请选列出来的颁发单位" in text(bad)
    said = {"title": "学习证明", "text": "特此证明。", "issuer": county.county.pk, "counts_exempt": "on"}
    page = text(client.post(url, said, follow=True))
    for words in ("没有开启", "先看样张", "学习证明", "青溪县"):
        assert words in page
    setting = CertificateSetting.objects.get()
    assert (setting.is_on, setting.counts_excused, setting.counts_exempt) == (False, False, True)
    assert sign_in(county.member).get(f"/certificates/own/{training.pk}/").status_code == 404
    specimen = words_in_pdf(client.get(f"/certificates/trainings/{training.pk}/specimen.pdf").content)
    for words in ("样张", "学习证明", "青溪县", "特此证明"):
        assert words in specimen.replace(" ", "")
    assert "已开启" in text(client.post(url, {"do": "on"}, follow=True))
    made = take(training_id=training.pk, member_id=county.member.pk, as_of=timezone.now())
    assert "青溪县" in made.content
    page = text(client.post(url, {"do": "off"}, follow=True))
    assert "没有开启" in page
    assert "已经发出 1 张" in page
    assert "这张证书：有效" in text(Client().get(f"/c/{made.public_id}/"))


def test_progress_is_said_while_it_issues(course: Course, sign_in: SignIn) -> None:
    client = sign_in(course.county.organiser)
    assert "培训结束时自动" in text(client.get(training_url(course)))
    course.close()
    assert "马上开始发证" in text(client.get(training_url(course)))
    CertificateSetting.objects.update(seen=1, whole=3)
    assert "已经看过 1 位，共 3 位" in text(client.get(training_url(course)))
    tasks.look_after()
    assert "看过 3 位，1 位有证书；以后补学完成的" in text(client.get(training_url(course)))
    Training.objects.update(hours_required=2)
    switched_on(course, counts_excused=True)
    assert "（批准请假的也算）（免学的也算），并且满 2 学时。" in text(client.get(training_url(course)))


def test_what_is_no_longer_covered_is_listed_and_withdrawn_with_a_reason(course: Course, sign_in: SignIn) -> None:
    made, client = taken(course), sign_in(course.county.organiser)
    assert "发出的证书都还符合条件" in text(client.get(training_url(course, "review/")))
    course.restate(course.second, course.county.member, "missing")
    course.close()
    tasks.look_after()
    assert "1 张不再符合条件" in text(client.get(training_url(course)))
    page = text(client.get(training_url(course, "review/")))
    assert "王一0" in page
    assert "“第二讲”现在是：未参加" in page
    assert AccessEntry.objects.filter(what="certificate", reader=course.county.organiser).count() == 1
    url = f"/certificates/{made.pk}/withdraw/"
    assert "有效" in text(client.get(url))
    empty = client.post(url, {"reason": " "})
    assert empty.status_code == 422
    assert "请写明撤回的原因" in text(empty)
    assert "没有完成" in text(client.post(f"/certificates/{made.pk}/reissue/", follow=True))
    assert "已撤回，本人会收到通知" in text(client.post(url, {"reason": "记录更正"}, follow=True))
    again = client.post(url, {"reason": "再撤"})
    assert again.status_code == 422
    assert "不用再撤" in text(again)
    assert "发出的证书都还符合条件" in text(client.get(training_url(course, "review/")))
    course.restate(course.second, course.county.member, "made_up")
    assert "已经发出新的一张" in text(client.post(f"/certificates/{made.pk}/reissue/", follow=True))
    assert Certificate.objects.count() == 2


def test_fewer_hours_and_a_lost_roster_are_said(course: Course, sign_in: SignIn) -> None:
    taken(course)
    client = sign_in(course.county.organiser)
    course.second.records.filter(member=course.county.member).update(stands_hours=0)
    course.close()
    tasks.look_after()
    assert "学时比证书上写的少了" in text(client.get(training_url(course, "review/")))
    course.second.roster.filter(member=course.county.member).delete()
    mark_counts(occasion_id=course.second.pk, node_ids=None)
    CertificateSetting.objects.update(done_at=None)
    tasks.look_after()
    assert "“第二讲”现在是：不在名单上" in text(client.get(training_url(course, "review/")))


def test_the_notice_of_a_lapse_leads_to_its_review(course: Course, sign_in: SignIn) -> None:
    organiser = course.county.organiser
    tell(member_ids=[organiser.pk], kind="certificate_lapsed", training_id=course.training.pk, as_of=timezone.now())
    client = sign_in(organiser)
    assert f'href="{training_url(course, "review/")}"' in client.get("/me/notices/").content.decode()
    assert client.get(training_url(course, "review/")).status_code == 200


def test_a_certificate_is_found_by_its_number_in_its_own_training(course: Course, sign_in: SignIn) -> None:
    made, client = taken(course), sign_in(course.county.organiser)
    page = text(client.get(training_url(course, "review/"), {"number": grouped(made.public_id)}))
    assert "王一0" in page
    other = make_training(course.node, title="别的培训")
    found = client.get(f"/certificates/trainings/{other.pk}/review/", {"number": made.public_id})
    assert "没有这个编号的证书" in text(found)
    assert "王一0" not in text(found)


def test_nobody_decides_about_their_own(course: Course, sign_in: SignIn) -> None:
    for occasion in (course.first, course.second):
        stand(occasion, course.county.organiser, course.node, "attended", live=55)
    own = taken(course, course.county.organiser)
    client = sign_in(course.county.organiser)
    assert client.get(f"/certificates/{own.pk}/withdraw/").status_code == 404
    assert client.get("/certificates/0/withdraw/").status_code == 404
    assert "孙组织员" not in text(client.get(training_url(course, "review/"), {"number": own.public_id}))


# --- what leans on a training ---


def test_a_training_with_certificates_neither_goes_nor_becomes_a_draft(course: Course, sign_in: SignIn) -> None:
    taken(course)
    client = sign_in(course.county.organiser)
    assert "已经为它发出 1 张证书" in text(client.get(f"/admin/trainings/delete/{course.training.pk}/"))
    form = {
        "title": "防汛避险", "summary": "", "node": course.node.pk, "starts_date": "2026-09-01",
        "deadline_at": "2027-01-01 12:00", "hours_required": "0", "state": "draft",
    }  # fmt: skip
    answer = client.post(f"/admin/trainings/edit/{course.training.pk}/", form)
    assert "不能退回草稿：已经为它发出 1 张证书" in text(answer)
    assert Training.objects.get(pk=course.training.pk).state == "published"


def test_a_printer_that_fails_is_said_in_a_sentence(
    course: Course, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(course)

    def fails(template: str, context: Any) -> bytes:
        raise UnableToPrint

    monkeypatch.setattr("certificates.views.shared.pdf_of", fails)
    for person, url in (
        (course.county.member, own_url(course, "certificate.pdf")),
        (course.county.secretary, training_url(course, "print.pdf")),
        (course.county.organiser, training_url(course, "specimen.pdf")),
    ):
        assert "这份文件没有做成" in text(sign_in(person).get(url, follow=True))
