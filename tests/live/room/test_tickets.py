"""A ticket opens one room, for two minutes, to the browser that it was made for."""

from dataclasses import replace

import pytest
import time_machine
from django.conf import settings
from django.core import signing

from live.room import tickets
from live.room.tickets import MAX_AGE_S, Ticket, UnableToEnter

pytestmark = pytest.mark.unit
TICKET = Ticket(occasion=7, member=12, device="phone", host=False, counted=True)
NOW = 1_790_000_000


def cookie(session_key: str) -> str:
    return f"language=zh; {settings.SESSION_COOKIE_NAME}={session_key}"


def test_a_ticket_says_what_it_was_made_with() -> None:
    text = tickets.make(TICKET, session_key="key")
    assert tickets.read(text, occasion_id=7, cookie_header=cookie("key")) == (TICKET, "key")
    assert "meets" not in signing.loads(text, salt=tickets.SALT), "a process of an older version knows no such word"
    assert "withheld" not in signing.loads(text, salt=tickets.SALT)
    for more in (replace(TICKET, meets=True), replace(TICKET, meets=True, withheld=True)):
        text = tickets.make(more, session_key="key")
        assert tickets.read(text, occasion_id=7, cookie_header=cookie("key")) == (more, "key")


@pytest.mark.parametrize("header", [cookie("another"), cookie(""), "", "nonsense"])
def test_a_copied_address_opens_nothing_in_another_browser(header: str) -> None:
    """Finding: code 4, ticket-session."""
    text = tickets.make(TICKET, session_key="key")
    with pytest.raises(UnableToEnter):
        tickets.read(text, occasion_id=7, cookie_header=header)


def test_a_ticket_for_one_room_opens_no_other() -> None:
    text = tickets.make(TICKET, session_key="key")
    with pytest.raises(UnableToEnter):
        tickets.read(text, occasion_id=8, cookie_header=cookie("key"))


def test_a_ticket_is_good_for_two_minutes() -> None:
    with time_machine.travel(NOW, tick=False):
        text = tickets.make(TICKET, session_key="key")
    with time_machine.travel(NOW + MAX_AGE_S - 1, tick=False):
        assert tickets.read(text, occasion_id=7, cookie_header=cookie("key"))
    with time_machine.travel(NOW + MAX_AGE_S + 2, tick=False), pytest.raises(UnableToEnter):
        tickets.read(text, occasion_id=7, cookie_header=cookie("key"))


@pytest.mark.parametrize("text", ["", "a:b:c", "ö", "x" * 5000])
def test_what_is_no_ticket_opens_nothing(text: str) -> None:
    with pytest.raises(UnableToEnter):
        tickets.read(text, occasion_id=7, cookie_header=cookie("key"))
