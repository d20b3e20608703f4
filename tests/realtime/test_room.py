"""The room over real sockets: who gets in, what is said, what is counted."""

import datetime as dt
import secrets
import time
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from attendance.models import PresenceSpan
from attendance.operations import end_lease, start_lease
from live.core.wire import meeting, protocol
from live.models import ChatMessage, Lecture, MediaNode
from live.operations import cancel_lecture, end_lecture, go_live, take_break
from live.operations.nodes import note_air
from organizations.models import User
from tests.factories.live import make_lecture, make_live
from tests.factories.organizations import County, make_county
from tests.realtime.conftest import Phone, RoomServer, sign_in, ticket_for, wait_until
from tests.trust import sockets

pytestmark = pytest.mark.realtime


@pytest.fixture
def world(server: RoomServer) -> County:
    return make_county()


def spans_of(user: User) -> list[PresenceSpan]:
    return list(PresenceSpan.objects.filter(member=user).order_by("pk"))


def ended(user: User, count: int = 1) -> list[PresenceSpan]:
    """Wait until ``count`` spans of a person are closed, and return all of them."""
    closed = PresenceSpan.objects.filter(member=user).exclude(ended_at=None)
    wait_until(lambda: closed.count() >= count)
    return spans_of(user)


# --- who gets in --------------------------------------------------------------------------------------------------


def test_member_is_acknowledged_once_the_presence_is_written(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    phone = server.join(world.member, lecture)
    joined = phone.frames[-1]
    assert (joined["state"], joined["counted"], joined["host"], joined["people"]) == ("live", True, False, 1)
    assert [span.ended_at for span in spans_of(world.member)] == [None]


def test_lecturer_is_host_and_not_counted(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    joined = server.join(world.lecturer, lecture).frames[-1]
    assert (joined["host"], joined["counted"]) == (True, False)
    assert spans_of(world.lecturer) == []


@pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1", "null", "http://127.0.0.1:1", None])
def test_other_origins_are_refused_in_the_handshake(server: RoomServer, world: County, origin: str | None) -> None:
    lecture = make_live(world)
    ticket = ticket_for(world.member, lecture, device="a" * 32, session_key="s")
    with pytest.raises(InvalidStatus) as refused:
        connect(server.path(lecture, ticket), origin=origin, additional_headers={"Cookie": "sessionid=s"}, legacy=True)  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403


def _code(server: RoomServer, lecture: Lecture, ticket: str, cookie: str) -> int:
    return Phone(server.dial(server.path(lecture, ticket), {"Cookie": cookie}), User()).closed()


def test_tickets_that_do_not_fit_are_refused(server: RoomServer, world: County) -> None:
    lecture, other = make_live(world), make_live(world)
    good = ticket_for(world.member, lecture, device="a" * 32, session_key="mine")
    elsewhere = ticket_for(world.member, other, device="a" * 32, session_key="mine")
    assert _code(server, lecture, "", "sessionid=mine") == 4403
    assert _code(server, lecture, "forged", "sessionid=mine") == 4403
    assert _code(server, lecture, good[:-1] + ("A" if good[-1] != "A" else "B"), "sessionid=mine") == 4403
    assert _code(server, lecture, elsewhere, "sessionid=mine") == 4403
    assert _code(server, lecture, good, "sessionid=somebody-elses") == 4403
    assert _code(server, lecture, good, "") == 4403


def test_expired_ticket_is_refused(server: RoomServer, world: County, monkeypatch: pytest.MonkeyPatch) -> None:
    lecture = make_live(world)
    now = time.time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now - 121)
    old = ticket_for(world.member, lecture, device="a" * 32, session_key="mine")
    monkeypatch.undo()
    assert _code(server, lecture, old, "sessionid=mine") == 4403


def test_a_ticket_of_an_ended_session_is_refused(server: RoomServer, world: County) -> None:
    """Signed out, another person's, another password, deactivated: the ticket is fresh, the cookie fits, and yet."""
    lecture, keys = make_live(world), [sign_in(world.member) for _ in range(2)]
    stranger, other = sign_in(world.members[1]), world.members[2]
    inactive = sign_in(other)
    tickets = {
        key: ticket_for(world.member, lecture, device="a" * 32, session_key=key) for key in (*keys, stranger)
    } | {inactive: ticket_for(other, lecture, device="b" * 32, session_key=inactive)}
    SessionStore(keys[0]).delete()
    User.objects.filter(pk=other.pk).update(is_active=False)
    assert _code(server, lecture, tickets[keys[0]], f"sessionid={keys[0]}") == 4403
    assert _code(server, lecture, tickets[stranger], f"sessionid={stranger}") == 4403
    assert _code(server, lecture, tickets[inactive], f"sessionid={inactive}") == 4403
    world.member.set_password("another-password-1")
    world.member.save()
    assert _code(server, lecture, tickets[keys[1]], f"sessionid={keys[1]}") == 4403
    assert PresenceSpan.objects.count() == 0


def test_unknown_addresses_are_refused_calmly(server: RoomServer, world: County) -> None:
    for path in ("/ws/", "/ws/live/", "/ws/live/abc/", "/other"):
        with pytest.raises(InvalidStatus):
            connect(f"ws://127.0.0.1:{server.port}{path}", origin=server.origin, legacy=True)  # type: ignore[arg-type]


def test_withdrawn_lecture_closes_4404(server: RoomServer, world: County) -> None:
    lecture = make_lecture(world)
    waiting = server.join(world.member, lecture)
    cancel_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert waiting.until("bye")["reason"] == "cancelled"
    assert waiting.closed() == 4404


# --- what is said ---------------------------------------------------------------------------------------------------


def test_chat_reaches_everybody_after_it_is_stored(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    speaker, listener = server.join(world.members[0], lecture), server.join(world.members[1], lecture)
    speaker.send(t="chat", id="m-1", text="老房子\u0000的\u202e屋檐  也要看看吗？")
    ack = speaker.until("ack")
    stored = ChatMessage.objects.get()
    assert (ack["id"], ack["message"], stored.text) == ("m-1", stored.pk, "老房子 的 屋檐 也要看看吗？")
    heard = listener.event("chat")
    assert (heard["name"], heard["unit"], heard["text"]) == (world.members[0].name, world.branch.name, stored.text)
    assert heard["member"] == world.members[0].pk


def test_chat_sent_twice_is_stored_once_and_acknowledged_the_same(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    phone = server.join(world.member, lecture)
    phone.send(t="chat", id="same", text="声音很清楚")
    first = phone.until("ack")
    phone.send(t="chat", id="same", text="声音很清楚")
    assert phone.until("ack") == first
    again = server.join(world.member, lecture)
    again.send(t="chat", id="same", text="声音很清楚")
    assert again.until("ack") == first
    assert ChatMessage.objects.count() == 1


def test_host_hides_mutes_and_removes(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    host, phone, other = (server.join(who, lecture) for who in (world.lecturer, world.members[0], world.members[1]))
    phone.send(t="chat", id="a", text="卖保健品")
    message = phone.until("ack")["message"]
    host.send(t="hide_message", message=message)
    assert other.event("hidden") == {"t": "hidden", "message": message}
    assert ChatMessage.objects.get().hidden_by == world.lecturer
    host.send(t="mute", member=world.members[0].pk, on=True)
    assert phone.event("muted")["on"] is True
    phone.send(t="chat", id="b", text="还是我")
    assert phone.until("muted")["id"] == "b"
    host.send(t="remove", member=world.members[0].pk, on=True)
    assert phone.until("bye") == {"t": "bye", "reason": "removed", "after_ms": None}
    assert phone.closed() == 4403
    assert [span.end_reason for span in ended(world.members[0])] == ["left"]


def test_a_message_hidden_without_a_word_to_this_process_leaves_the_phones(server: RoomServer, world: County) -> None:
    """Hidden on another process while Redis is away: the look finds it, and tells of it once."""
    lecture = make_live(world)
    phone, other = (server.join(who, lecture) for who in world.members[:2])
    phone.send(t="chat", id="a", text="卖保健品")
    message = phone.until("ack")["message"]
    ChatMessage.objects.update(hidden_at=timezone.now(), hidden_by=world.lecturer)
    assert other.event("hidden") == {"t": "hidden", "message": message}
    with pytest.raises(TimeoutError):
        other.event("hidden", timeout=2.5)


def test_whoever_is_muted_is_told_so_when_they_come_back(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    host, phone = server.join(world.lecturer, lecture), server.join(world.members[0], lecture)
    host.send(t="mute", member=world.members[0].pk, on=True)
    assert phone.event("muted")["on"] is True
    phone.close()
    again, other = (server.join(who, lecture, wait=False) for who in world.members[:2])
    assert (again.until("joined")["muted"], other.until("joined")["muted"]) == (True, False)
    host.send(t="mute", member=world.members[0].pk, on=False)
    assert again.event("muted")["on"] is False
    assert server.join(world.members[0], lecture, wait=False).until("joined")["muted"] is False


def test_an_organiser_in_the_room_hears_whom_a_mute_is_about(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    host, organiser = server.join(world.lecturer, lecture), server.join(world.organiser, lecture, wait=False)
    you = organiser.until("joined")["you"]
    host.send(t="mute", member=world.members[0].pk, on=True)
    assert organiser.event("muted")["member"] == world.members[0].pk != you


def _fitting(word: str, *, member_id: int) -> dict[str, object]:
    """Return fields that this command takes: every number is a member's, every switch is on."""
    kind = protocol.COMMANDS[word]
    values: dict[object, object] = {int: member_id, bool: True, str: "v=0", list[int]: [], list[str]: ["一", "二"]}
    found = {
        name: get_args(hint)[0] if get_origin(hint) is Literal else values[hint]
        for name, hint in get_type_hints(kind).items()
    }
    return found | {name: "one" for name in ("id", "deck") if name in found}


def test_members_cannot_lead(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    phone = server.join(world.member, lecture)
    others = {kind.word for kind in meeting.COMMANDS}  # of a meeting: test_meeting.py
    asked = [word for word, who in sockets.COMMANDS.items() if who == "host" and word not in others]
    assert {"end", "resume", "lower"} < set(asked)
    for word in asked:
        phone.send(t=word, **_fitting(word, member_id=world.members[1].pk))
        assert phone.until("not_host")["t"] == word
    lecture.refresh_from_db()
    assert lecture.state == Lecture.State.LIVE


def test_hand_is_seen_by_the_host_and_by_nobody_else(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    host, phone, other = (server.join(who, lecture) for who in (world.lecturer, world.members[0], world.members[1]))
    phone.send(t="hand", up=True)
    hand = host.event("hand")
    assert (hand["name"], hand["up"]) == (world.members[0].name, True)
    host.send(t="lower", member=world.members[0].pk)
    assert phone.event("hand")["up"] is True
    assert phone.event("hand")["up"] is False
    # Lowered by the host, it can be raised again.
    phone.send(t="hand", up=True)
    assert phone.event("hand")["up"] is True
    assert [host.event("hand")["up"] for _ in range(2)] == [False, True]
    with pytest.raises(TimeoutError):
        other.event("hand", timeout=1)


def test_two_devices_are_one_person(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    server.join(world.member, lecture)
    second = server.join(world.member, lecture)
    assert second.frames[-1]["people"] == 1
    third = server.join(world.members[1], lecture)
    assert third.frames[-1]["people"] == 2


def test_frames_of_a_room_are_numbered_without_a_gap(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    phone, other = server.join(world.member, lecture), server.join(world.members[1], lecture)
    for number in range(4):
        other.send(t="chat", id=f"n{number}", text=f"第{number}句")
        other.until("ack")
        time.sleep(0.3)
    seen = []
    while len(seen) < 4:
        frame = phone.until("tick")
        seen += [event["text"] for event in frame["events"] if event["t"] == "chat"]
    ticks = [frame["seq"] for frame in phone.frames if frame.get("t") == "tick"]
    assert ticks == list(range(ticks[0], ticks[0] + len(ticks)))
    assert seen == ["第0句", "第1句", "第2句", "第3句"]


# --- what is malformed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    ["", "hello", "[]", "3", "null", '"\\ud800"', '{"t":"chat"', b"\x00\x01", '{"t":1}', '{"t":"nothing"}', "[" * 9000],
)
def test_malformed_frames_are_answered_by_a_code(server: RoomServer, world: County, message: str | bytes) -> None:
    phone = server.join(world.member, make_live(world))
    phone.raw(message)
    while "error" not in (answer := phone.recv()):
        pass
    assert answer["error"] in {"malformed", "unknown"}
    phone.send(t="chat", id="after", text="还在")
    assert phone.until("ack")["id"] == "after"


def test_lone_surrogates_are_stored_as_text(server: RoomServer, world: County) -> None:
    phone = server.join(world.member, make_live(world))
    phone.raw('{"t":"chat","id":"s","text":"a\\ud800b"}')
    phone.until("ack")
    assert ChatMessage.objects.get().text == "a b"


def test_three_malformed_frames_close_the_socket(server: RoomServer, world: County) -> None:
    phone = server.join(world.member, make_live(world))
    for _ in range(3):
        phone.raw("nonsense")
    assert phone.closed() == 4400


def test_frames_above_16_kib_close_the_socket(server: RoomServer, world: County) -> None:
    phone = server.join(world.member, make_live(world))
    phone.raw("x" * 20_000)
    assert phone.closed() == 1009


def test_commands_are_rationed(server: RoomServer, world: County) -> None:
    phone = server.join(world.member, make_live(world))
    for number in range(30):  # five at once, then one each two seconds
        phone.send(t="chat", id=f"fast-{number}", text="快")
    refused = phone.until("slow_down")
    assert refused["t"] == "chat"
    assert not ChatMessage.objects.filter(client_id=refused["id"]).exists()


# --- what is counted ------------------------------------------------------------------------------------------------


def test_leaving_ends_the_stay_now(server: RoomServer, world: County) -> None:
    phone = server.join(world.member, make_live(world))
    time.sleep(1)
    phone.send(t="leave")
    assert phone.closed() == 1000
    (span,) = ended(world.member)
    assert span.end_reason == "left"
    # No silence is waited for, which is 40 s.
    assert 0.9 < (span.ended_at - span.started_at).total_seconds() < 30


def test_hidden_time_does_not_count_and_sound_does(server: RoomServer, world: County) -> None:
    phone = server.join(world.member, make_live(world))
    phone.send(t="hide", sound=True)
    phone.send(t="show")
    phone.send(t="hide", sound=False)
    assert phone.until("counted")["on"] is False
    time.sleep(0.5)
    phone.send(t="show")
    assert phone.until("counted")["on"] is True
    for sound in (False, True):  # a lecture that begins while the page is in the background is heard from then on
        phone.send(t="hide", sound=sound)
        assert phone.until("counted")["on"] is sound
    first, second, third = ended(world.member, count=2)
    assert (first.end_reason, second.end_reason, third.ended_at) == ("hidden", "hidden", None)
    assert 0.4 < (second.started_at - first.ended_at).total_seconds() < 30


def test_waiting_room_counts_from_the_start_of_the_lecture(server: RoomServer, world: County) -> None:
    lecture = make_lecture(world)
    phone = server.join(world.member, lecture)
    assert (phone.frames[-1]["state"], phone.frames[-1]["counted"]) == ("scheduled", False)
    assert spans_of(world.member) == []
    began = timezone.now()
    go_live(occasion_id=lecture.pk, as_of=began)
    phone.until_state("live")
    assert phone.until("counted")["on"] is True
    (span,) = spans_of(world.member)
    assert abs((span.started_at - began).total_seconds()) < 1.5


def test_end_closes_every_stay(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    phones = [server.join(member, lecture) for member in world.members]
    end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    for phone in phones:
        phone.until_state("ended")
    assert [ended(member)[0].end_reason for member in world.members] == ["closed"] * 3
    late = server.join(world.member, lecture)
    assert (late.frames[-1]["state"], late.frames[-1]["counted"]) == ("ended", False)


def test_lecture_starts_and_ends_from_the_hosts_socket(server: RoomServer, world: County) -> None:
    lecture = make_lecture(world)
    host, phone = server.join(world.lecturer, lecture), server.join(world.member, lecture)
    host.send(t="go_live")
    phone.until_state("live")
    host.send(t="end")
    phone.until_state("not_held")
    lecture.refresh_from_db()
    assert (lecture.state, lecture.occasion.state) == (Lecture.State.ENDED, "not_held")


def test_undone_end_brings_everybody_back_without_the_time_between(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    # The site was there since the lecture began; the server of this test came later.
    assert lecture.live_at is not None
    end_lease(lease_id=start_lease(name="before", as_of=lecture.live_at), as_of=timezone.now())
    host, phone = server.join(world.lecturer, lecture), server.join(world.member, lecture)
    host.send(t="end")
    phone.until_state("ended")
    first = ended(world.member)[0]
    time.sleep(1.5)
    resumed_at = timezone.now()
    host.send(t="resume")
    phone.until_state("live")
    assert phone.until("counted")["on"] is True
    second = spans_of(world.member)[-1]
    assert (second.pk != first.pk, second.ended_at) == (True, None)
    assert -0.1 < (second.started_at - resumed_at).total_seconds() < 30
    phone.send(t="chat", id="back", text="又能说话了")
    assert phone.until("ack")
    host.send(t="resume")
    assert host.until("state")["t"] == "resume"
    phone.send(t="resume")
    assert phone.until("not_host")


def test_too_early_is_said(server: RoomServer, world: County) -> None:
    lecture = make_lecture(world, starts_at=timezone.now() + dt.timedelta(hours=2))
    host = server.join(world.lecturer, lecture)
    host.send(t="go_live")
    assert host.until("too_early")["t"] == "go_live"


def test_withdrawn_rights_close_the_socket_within_two_seconds(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    phone, stays = server.join(world.members[0], lecture), server.join(world.members[1], lecture)
    User.objects.filter(pk=world.members[0].pk).update(is_active=False)
    _is_seen_out(phone)
    stays.send(t="chat", id="x", text="还在")
    assert stays.until("ack")


def _is_seen_out(phone: Phone) -> PresenceSpan:
    """The socket ends (it is looked at every two seconds), and its counting with it."""
    assert phone.until("bye") == {"t": "bye", "reason": "rights", "after_ms": 0}
    assert phone.closed() == 4403
    (span,) = ended(phone.user)
    assert span.end_reason == "left"
    return span


def test_sign_out_ends_the_socket_and_the_counting(server: RoomServer, world: County) -> None:
    lecture, key = make_live(world), sign_in(world.member)
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = key
    phone, elsewhere = server.join(world.member, lecture, session_key=key), server.join(world.members[1], lecture)
    time.sleep(1)
    assert browser.post("/accounts/logout/").status_code == 302
    signed_out_at = timezone.now()
    span = _is_seen_out(phone)
    assert (span.ended_at - signed_out_at).total_seconds() < 30  # long before anybody is missed
    elsewhere.send(t="chat", id="x", text="还在")
    assert elsewhere.until("ack")


def test_a_password_changed_elsewhere_ends_every_other_socket(server: RoomServer, world: County) -> None:
    """A stolen phone: its session row still lies there, for Django ends it at its next request only."""
    phone = server.join(world.member, make_live(world))
    world.member.set_password("another-password-1")
    world.member.save()
    _is_seen_out(phone)


def test_a_session_that_expired_ends_the_socket(server: RoomServer, world: County) -> None:
    key = sign_in(world.member)
    phone = server.join(world.member, make_live(world), session_key=key)
    Session.objects.filter(pk=key).update(expire_date=timezone.now())
    _is_seen_out(phone)


def test_a_right_that_was_withdrawn_ends_the_counting(server: RoomServer, world: County) -> None:
    """The host takes the lecture over to somebody else; who was host is none any more."""
    lecture = make_live(world)
    host = server.join(world.lecturer, lecture)
    Lecture.objects.filter(pk=lecture.pk).update(lecturer=world.organiser)
    assert host.closed() == 4403


def test_without_media_engine_the_picture_comes_by_hls(server: RoomServer, world: County) -> None:
    phone = server.join(world.member, make_live(world))
    phone.send(t="watch", via="auto")
    assert phone.until("media")["via"] == "hls"
    phone.send(t="answer", sdp="v=0")
    phone.send(t="candidate", pc="sub", candidate=None)
    phone.send(t="chat", id=secrets.token_hex(4), text="好的")
    assert phone.until("ack")


def test_picture_waits_for_the_start(server: RoomServer, world: County) -> None:
    phone = server.join(world.member, make_lecture(world))
    phone.send(t="watch", via="auto")
    assert phone.until("media")["via"] == "wait"


def test_a_sixth_socket_of_one_person_sends_the_oldest_away(server: RoomServer, world: County) -> None:
    """With a code after which the page does not come back, and only in this room, and nobody else's."""
    lecture, other_lecture = make_live(world), make_live(world)
    key = sign_in(world.member)
    neighbour = server.join(world.members[1], lecture)
    in_other_room = server.join(world.member, other_lecture, session_key=key)
    phones = [server.join(world.member, lecture, session_key=key) for _ in range(5)]
    newest = [server.join(world.member, lecture, session_key=key) for _ in range(2)]
    for phone in phones[:2]:
        assert phone.until("bye") == {"t": "bye", "reason": "elsewhere", "after_ms": None}
        assert phone.closed() == 4409
    for index, phone in enumerate([*phones[2:], *newest, neighbour, in_other_room]):
        phone.send(t="chat", id=f"still-{index}", text="还在")
        assert phone.until("ack")


def test_one_person_does_not_fill_a_process_over_many_rooms(server: RoomServer, world: County) -> None:
    key, phones = sign_in(world.member), []
    for lecture in [make_live(world) for _ in range(6)]:
        phones += [server.join(world.member, lecture, session_key=key) for _ in range(4)]
    for phone in phones[:4]:
        assert phone.until("bye")["reason"] == "elsewhere"
    phones[-1].send(t="chat", id="x", text="还在")
    assert phones[-1].until("ack")


def test_the_lecturers_desk_stays_while_their_phone_comes_back_often(server: RoomServer, world: County) -> None:
    """A line that breaks leaves sockets behind that nobody has missed yet: those of the same phone go first."""
    lecture, key, phone_id = make_live(world), sign_in(world.lecturer), secrets.token_hex(16)
    desk = server.join(world.lecturer, lecture, session_key=key)
    phones = [server.join(world.lecturer, lecture, session_key=key, device=phone_id) for _ in range(8)]
    assert [phone.until("bye")["reason"] for phone in phones[:4]] == ["elsewhere"] * 4
    for phone in (desk, *phones[4:]):
        phone.send(t="chat", id=secrets.token_hex(4), text="还在")
        assert phone.until("ack")


# --- a break, and what the audience gets --------------------------------------------------------------------------


def test_a_break_is_told_to_all_and_found_by_whoever_comes_later(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    host, member = server.join(world.lecturer, lecture), server.join(world.member, lecture)
    member.send(t="take_break", minutes=5)
    assert member.until("not_host")["t"] == "take_break"
    host.send(t="take_break", minutes=0)
    host.until("break_length")
    host.send(t="take_break", minutes=10)
    until = member.event("break")["until"]
    assert 9 * 60_000 < until - time.time() * 1000 <= 10 * 60_000 + 5_000
    host.send(t="offer", sdp="v=0", again=False)
    assert host.until("state")["t"] == "offer"
    assert server.join(world.members[1], lecture).frames[-1]["break_until"] == until
    host.send(t="go_on")
    while (told := member.event("break")["until"]) is not None:
        assert told == until
    # Another process did it, and nobody told: found in the database.
    take_break(occasion_id=lecture.pk, minutes=5, as_of=timezone.now())
    assert member.event("break")["until"] > until - 10 * 60_000
    assert not PresenceSpan.objects.filter(member=world.member).exclude(ended_at=None).exists()


def test_only_hosts_hear_what_the_media_host_sees(server: RoomServer, world: County) -> None:
    """Organiser 9: 连接良好 while nobody saw the lecturer. What is told comes from the media, about once a second."""
    lecture = make_live(world)
    node = MediaNode.objects.create(name="facts", url="unix:/x", beat_at=timezone.now())
    Lecture.objects.filter(pk=lecture.pk).update(media_node=node)
    host, member = server.join(world.lecturer, lecture), server.join(world.member, lecture)
    seen = {"picture": True, "sound": True, "written": True, "recording": "on"}
    for picture in (True, False):
        facts = {**seen, "at": round(time.time() * 1000), "picture": picture}
        note_air(node_id=node.pk, air={str(lecture.pk): facts})  # type: ignore[dict-item]
        assert host.event("air") == {"t": "air", **facts}
    member.send(t="chat", id="x", text="看得到吗")
    member.event("chat")
    assert not [event for frame in member.frames for event in frame.get("events", []) if event["t"] == "air"]
