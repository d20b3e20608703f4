"""Work messages over real HTTP: found, sent, refused, an old token, too many, a server that hangs or says half."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from config.message_settings import App
from organizations.messengers import CLIENTS, Client, UnableToMessage
from organizations.sms import wire
from tests.organizations.messenger_server import AGENT, FIND, KEY, SECRET, SEND, Office, error, once, said
from tests.organizations.sms_gateway import closed_port, gateway

pytestmark = pytest.mark.integration
PHONE, MOBILE = "+8613800000001", "13800000001"


@pytest.fixture(params=sorted(CLIENTS))
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    cache.clear()
    with gateway() as here:
        found = Office(here, request.param)
        found.people[MOBILE] = "zhangsan"
        yield found


def client_of(office: Office) -> Client:
    return CLIENTS[office.way](office.app)


def refused(office: Office) -> UnableToMessage:
    with pytest.raises(UnableToMessage) as found:
        client_of(office).send("zhangsan", "您好，请学习")
    return found.value


def test_somebody_is_found_and_written_to_with_one_token(office: Office) -> None:
    client = client_of(office)
    assert client.find(PHONE) == "zhangsan"
    assert client.find("+8613900000009") == ""
    client.send("zhangsan", "您好，请学习")
    assert office.sent == [("zhangsan", "您好，请学习")]
    assert sum("gettoken" in path for path in office.asked) == 1
    (key,) = [client._key]
    assert office.valid.encode() not in cache.get(key)  # sealed


def test_a_token_that_is_over_is_asked_for_anew_and_once(office: Office) -> None:
    client_of(office).find(PHONE)
    office.valid = "another program asked"
    client_of(office).send("zhangsan", "您好")
    assert len(office.sent) == 1
    office.instead[SEND[office.way]] = lambda: error(42001, "access_token expired")
    office.asked.clear()
    assert refused(office).code == "42001"
    assert len(office.asked) == 3


def test_dingtalk_says_it_behind_another_number() -> None:
    cache.clear()
    with gateway() as here:
        office = Office(here, "dingtalk")
        office.instead[SEND["dingtalk"]] = once(error(88, "subcode", sub_code="40014", sub_msg="x"))
        client_of(office).send("zhangsan", "您好")
        assert len(office.sent) == 1


def test_a_wrong_secret_is_told_by_its_code_and_shown_nowhere(office: Office) -> None:
    client = CLIENTS[office.way](App(KEY, AGENT, "wrong-secret-9", office.here.url))
    with pytest.raises(UnableToMessage) as found:
        client.send("zhangsan", "您好")
    assert found.value.code in {"40001", "40089"}
    assert (found.value.unsure, found.value.about_person) == (False, False)
    assert "wrong-secret" not in str(found.value) + found.value.answer


@pytest.mark.parametrize(("code", "person"), [(45009, False), (90018, False), (60020, False)])
def test_too_many_or_not_allowed_closes_the_way_and_not_the_person(office: Office, code: int, person: bool) -> None:
    office.instead[SEND[office.way]] = lambda: error(code, f"not from here, {SECRET}")
    found = refused(office)
    assert (found.code, found.about_person, found.unsure) == (str(code), person, False)


def test_a_busy_provider_may_have_sent_it_and_is_not_asked_again(office: Office) -> None:
    office.instead[SEND[office.way]] = lambda: error(-1, "system busy")
    found = refused(office)
    assert (found.code, found.about_person, found.unsure) == ("-1", False, True)
    assert SECRET not in found.answer


def test_whoever_is_out_of_the_applications_sight_is_told_apart(office: Office) -> None:
    listed = said(invaliduser="ZhangSan|lisi") if office.way == "wecom" else error(50002, "不在授权范围内")
    office.instead[SEND[office.way]] = lambda: listed
    found = refused(office)
    assert (found.out_of_sight, found.about_person) == (True, False)
    office.instead[SEND[office.way]] = lambda: error(40003 if office.way == "wecom" else 33012, "invalid")
    found = refused(office)
    assert (found.out_of_sight, found.about_person) == (False, True)


@pytest.mark.parametrize("code", [60011, 60020])
def test_what_is_wrong_with_our_own_settings_is_told_apart(office: Office, code: int) -> None:
    office.instead[SEND[office.way]] = lambda: error(code, "no privilege")
    found = refused(office)
    assert (found.about_setup, found.about_person, found.out_of_sight, found.whole) == (True, False, False, False)
    office.instead[FIND[office.way]] = lambda: error(code, "no privilege")
    with pytest.raises(UnableToMessage) as asked:
        client_of(office).find(PHONE)
    assert (asked.value.about_setup, asked.value.whole) == (True, False)
    cache.clear()
    wrong = CLIENTS[office.way](App(KEY, AGENT, "another-secret", office.here.url))
    with pytest.raises(UnableToMessage) as asked:
        wrong.find(PHONE)
    assert (asked.value.about_setup, asked.value.whole) == (True, True)


@pytest.mark.parametrize(
    ("answer", "unsure"),
    [
        ((200, '{"errcode": 0, "errm'), True),
        ((200, "[]"), True),
        ((200, '{"errcode": "0"}'), True),
        ((502, "<html>"), True),
        ((500, '{"errcode": 45009, "errmsg": "too many"}'), True),
        ((503, '{"errcode": 0, "errmsg": "ok"}'), True),
        ((429, "slow down"), False),
        ((200, "[" * 100_000), True),
    ],
)
def test_an_answer_that_is_none_leaves_open_what_was_done(office: Office, answer: Any, unsure: bool) -> None:
    office.instead[SEND[office.way]] = lambda: answer
    assert refused(office).unsure is unsure
    office.instead[FIND[office.way]] = lambda: answer
    with pytest.raises(UnableToMessage) as found:
        client_of(office).find(PHONE)
    assert not found.value.unsure  # asking who somebody is does nothing


def test_a_server_that_hangs_or_is_not_there(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    client_of(office).find(PHONE)
    monkeypatch.setattr(wire, "CONNECT_S", 0.2)
    office.here.silent = True
    assert refused(office).unsure
    gone = App(KEY, AGENT, SECRET, f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(UnableToMessage) as found:
        CLIENTS[office.way](gone).send("zhangsan", "您好")
    assert not found.value.unsure


def test_a_store_that_is_away_costs_a_question_and_no_message(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any) -> None:
        raise OSError

    monkeypatch.setattr(cache, "get", away)
    monkeypatch.setattr(cache, "set", away)
    client_of(office).send("zhangsan", "您好")
    assert len(office.sent) == 1
