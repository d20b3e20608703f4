"""The roster page open in two windows of one operator: a yes means what its own window showed."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from organizations.models import Membership, User
from organizations.queries import user_by_phone
from tests.factories.organizations import MembershipFactory
from tests.organizations.test_roster_questions import BRANCH, LI, ZHANG, Office, shown

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
ANOTHER = "另一个窗口检查了别的文件，请核对后再确认。"


@pytest.fixture
def office(client: Client, var_dir: Path) -> Office:
    return Office(client)


def post(office: Office, name: str, page: Any, **fields: str) -> str:
    answer = office.client.post(reverse(name), {"waiting": shown(page), **fields}, follow=True)
    return str(answer.content.decode())


def test_a_yes_to_the_first_file_does_not_take_the_second_one_over(office: Office) -> None:
    first = office.check(f"{BRANCH},王五,13800000005,")
    second = office.check(f"{BRANCH},赵六,13800000006,")
    text = post(office, "roster_confirm", first)
    assert ANOTHER in text
    assert "新增 赵六" in text  # what waits now
    assert not User.objects.filter(name__in=["王五", "赵六"]).exists()
    assert "已导入：新增 1" in post(office, "roster_confirm", second)
    assert user_by_phone("13800000006").name == "赵六"


def test_a_yes_that_names_no_file_does_nothing(office: Office) -> None:
    office.check(f"{BRANCH},王五,13800000005,")
    answer = office.client.post(reverse("roster_confirm"), follow=True)
    assert ANOTHER in answer.content.decode()
    assert not User.objects.filter(name="王五").exists()


def test_throwing_the_first_file_away_leaves_the_second_one(office: Office) -> None:
    first = office.check(f"{BRANCH},王五,13800000005,")
    second = office.check(f"{BRANCH},赵六,13800000006,")
    text = post(office, "roster_discard", first)
    assert ANOTHER in text
    assert "新增 赵六" in text
    post(office, "roster_discard", second)
    assert "检查过了" not in office.client.get(reverse("roster")).content.decode()


def test_answers_to_the_first_file_are_not_given_to_the_second_one(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},", f"{BRANCH},李四,{LI},")
    first = office.check(f"{BRANCH},王五,{ZHANG},")
    office.check(f"{BRANCH},王五,{ZHANG},", f"{BRANCH},赵六,13800000006,")
    text = office.answer(first, "renamed")
    followed = office.client.get(text.headers["Location"]).content.decode()
    assert ANOTHER in followed
    assert "原来是张三的" in followed  # still open


def test_a_yes_means_the_answers_that_its_window_showed(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},", f"{BRANCH},李四,{LI},")
    asked = office.check(f"{BRANCH},王五,{ZHANG},")
    renamed = office.answer(asked, "renamed")
    office.answer(asked, "new_person")  # in the other window
    assert ANOTHER in post(office, "roster_confirm", renamed)
    assert user_by_phone(ZHANG).name == "张三"


def test_everybody_means_those_who_were_listed(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},", f"{BRANCH},李四,{LI},")
    page = office.check(f"{BRANCH},张三,{ZHANG},")
    assert "全选：文件里写到的组织，1 位" in page.content.decode()
    came_later = MembershipFactory(node=Membership.objects.get(member__name="张三").node)
    post(office, "roster_confirm", page, **{"left-all": "1", "because-all": "transferred"})
    came_later.refresh_from_db()
    assert came_later.active_to_date is None
    assert Membership.objects.get(member__name="李四").left_because == "transferred"


def test_everybody_of_an_older_list_is_asked_again(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},", f"{BRANCH},李四,{LI},")
    page = office.check(f"{BRANCH},张三,{ZHANG},")
    MembershipFactory(node=Membership.objects.get(member__name="张三").node)
    office.client.get(reverse("roster_review"))  # the other window lists two
    text = post(office, "roster_confirm", page, **{"left-all": "1", "because-all": "transferred"})
    assert ANOTHER in text
    assert "全选：文件里写到的组织，2 位" in text
    assert not Membership.objects.exclude(active_to_date=None).exists()


def test_after_a_refused_file_the_one_before_it_waits_no_longer(office: Office, var_dir: Path) -> None:
    first = office.check(f"{BRANCH},王五,13800000005,")
    refused = office.check(f"{BRANCH},王五,123,")
    assert (refused.status_code, "检查过了" in refused.content.decode()) == (422, False)
    assert "没有等着导入的文件" in post(office, "roster_confirm", first)
    assert not User.objects.filter(name="王五").exists()
    assert list((var_dir / "rosters").iterdir()) == []


def test_answers_that_contradict_each_other_can_be_changed(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},", f"{BRANCH},李四,{LI},")
    asked = office.check(f"{BRANCH},张三,13800000011,", f"{BRANCH},王五,{ZHANG},")
    assert office.answer(asked, "new_phone", "renamed").status_code == 422
    again = office.client.get(reverse("roster_review"))
    assert again.content.decode().count("<fieldset") == 2
    office.answer(again, "new_phone", "new_person")
    office.confirm()
    assert user_by_phone(ZHANG).name == "王五"


def test_an_answer_that_an_earlier_file_was_given_is_shown_as_such(office: Office) -> None:
    office.take(f"{BRANCH},张三,{ZHANG},", f"{BRANCH},李四,{LI},")
    first = office.answer(office.check(f"{BRANCH},王五,{ZHANG},"), "renamed")
    assert "您上次的回答" not in first.content.decode()
    second = office.check(f"{BRANCH},王五,{ZHANG},", f"{BRANCH},李四,{LI},")
    assert '<details class="card" open><summary>您的回答（1）' in second.content.decode()
    assert second.content.decode().count("您上次的回答") == 1
    assert "您上次的回答" in office.client.get(reverse("roster_review")).content.decode()
    again = office.answer(second, "new_person")
    assert (again.status_code, "您上次的回答" in again.content.decode()) == (200, False)
    office.confirm()
    assert User.objects.filter(name__in=["张三", "王五"]).count() == 2
