"""The stage over real sockets: member, host, second host and neighbour; and what crosses to a second web process."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from attendance.models import PresenceSpan
from live import operations
from live.models import AirTurn, Lecture, RaisedHand, Speaker
from organizations.models import RoleGrant
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county
from tests.realtime.conftest import Phone, RoomServer, serving_two, wait_until

pytestmark = pytest.mark.realtime


@pytest.fixture
def world(server: RoomServer) -> County:
    return make_county(members=3)


def come(server: RoomServer, who: Any, lecture: Lecture) -> tuple[Phone, dict[str, Any]]:
    phone = server.join(who, lecture, wait=False)
    return phone, phone.until("joined")


def test_hands_outlive_the_host_and_go_down_with_their_member(server: RoomServer, world: County) -> None:
    """Finding: organiser 6, 8, 20."""
    lecture = make_live(world)
    host = server.join(world.lecturer, lecture)
    first, second = (server.join(who, lecture) for who in world.members[:2])
    first.send(t="hand", up=True)
    assert host.event("hand")["name"] == world.members[0].name
    second.send(t="hand", up=True)
    assert host.event("hand")["name"] == world.members[1].name
    host.close()
    again, joined = come(server, world.organiser, lecture)
    assert [one["name"] for one in joined["stage"]["hands"]] == [one.name for one in world.members[:2]]
    assert joined["people"] == 2, "hosts are not counted among the members"
    _other, other = come(server, world.members[2], lecture)
    assert (other["stage"], other["hand"]) == (None, False)
    first.close()
    down = again.event("hand")
    assert (down["member"], down["up"]) == (world.members[0].pk, False)
    again.send(t="lower_all")
    assert second.event("hands_down") == {"t": "hands_down"}
    second.send(t="hand", up=True)
    assert again.event("hand")["up"] is True


def test_a_picture_is_refused_while_somebody_else_is_on_the_air(server: RoomServer, world: County) -> None:
    """Finding: organiser 5."""
    lecture = make_live(world)
    lecturer, organiser = server.join(world.lecturer, lecture), server.join(world.organiser, lecture)
    lecturer.send(t="offer", sdp="v=0", again=False, source="desk")
    lecturer.until("engine_unreachable")  # no engine here: the turn is taken all the same
    told = organiser.event("on_air")
    assert (told["name"], told["source"], told["here"]) == (world.lecturer.name, "desk", True)
    organiser.send(t="offer", sdp="v=0", again=False, source="laptop")
    assert organiser.until("taken")["t"] == "offer"
    organiser.send(t="offer", sdp="v=0", again=False, source="laptop", turn=told["turn"])
    organiser.until("engine_unreachable")
    replaced = lecturer.event("on_air")
    while replaced["source"] == "desk":
        replaced = lecturer.event("on_air")
    assert (replaced["name"], replaced["before"]) == (world.organiser.name, "desk")
    organiser.send(t="give_back", source="laptop")
    assert lecturer.event("on_air")["offered"] is True
    lecturer.send(t="give_back", source="desk")
    assert lecturer.until("state")["t"] == "give_back"
    organiser.close()
    assert lecturer.event("on_air")["here"] is False
    lecturer.send(t="offer", sdp="v=0", again=False, source="desk", turn=replaced["turn"])
    assert lecturer.event("on_air")["source"] == "desk"
    assert AirTurn.objects.filter(lecture=lecture).count() == 3


def test_a_lost_line_opens_the_air_to_no_other_page_of_the_host(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    desk, phone = server.join(world.lecturer, lecture), server.join(world.lecturer, lecture)
    desk.send(t="offer", sdp="v=0", again=False, source="desk")
    desk.until("engine_unreachable")
    assert phone.event("on_air")["source"] == "desk"
    desk.drop()
    wait_until(lambda: server.gauges()["live_phones"] == 1)
    phone.send(t="offer", sdp="v=0", again=False, source="phone")
    phone.until("taken")
    back = server.join(world.lecturer, lecture)
    back.send(t="offer", sdp="v=0", again=False, source="desk")
    back.until("engine_unreachable")
    # The page itself is left: the computer was changed.
    back.close()
    assert phone.event("on_air")["here"] is False
    phone.send(t="offer", sdp="v=0", again=False, source="phone")
    assert phone.event("on_air")["source"] == "phone"


def test_a_lecturer_whose_role_ends_leads_no_more_and_leaves_the_air(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    lecturer, organiser = server.join(world.lecturer, lecture), server.join(world.organiser, lecture)
    lecturer.send(t="offer", sdp="v=0", again=False, source="desk")
    lecturer.until("engine_unreachable")  # no engine here: the turn is taken all the same
    turn = organiser.event("on_air")["turn"]
    RoleGrant.objects.filter(user=world.lecturer).update(active_to_date=timezone.localdate())
    assert lecturer.closed() == 4403
    assert [one for one in lecturer.frames if one.get("t") == "bye"] == [
        {"t": "bye", "reason": "rights", "after_ms": None}
    ]
    assert organiser.event("on_air")["here"] is False
    organiser.send(t="offer", sdp="v=0", again=False, source="laptop", turn=turn)
    assert organiser.event("on_air")["name"] == world.organiser.name


def test_a_closed_chat_and_a_locked_room_hold_for_whoever_comes(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    host = server.join(world.lecturer, lecture)
    inside, late, never = world.members
    phone = server.join(inside, lecture)
    host.send(t="open_chat", on=False)
    assert phone.event("room") == {"t": "room", "chat": False, "locked": False}
    phone.send(t="chat", id="a", text="好")
    assert phone.until("chat_off")["id"] == "a"
    phone.send(t="ask", id="q", text="为什么")
    assert phone.until("chat_off") == {"error": "chat_off", "t": "ask", "id": "q"}
    host.send(t="chat", id="h", text="请听讲")
    assert host.until("ack")
    host.send(t="ask", id="hq", text="谁来说说")
    assert host.until("stored")["id"] == "hq"
    _late, joined = come(server, late, lecture)
    assert joined["chat"] is False
    host.send(t="lock", on=True)
    assert phone.event("room")["locked"] is True
    for _knock in range(3):
        assert server.join(never, lecture, wait=False).closed() == 4423, "knocking again opens nothing"
    phone.drop()
    wait_until(lambda: PresenceSpan.objects.filter(member=inside).exclude(ended_at=None).exists())
    assert come(server, inside, lecture)[1]["locked"] is True
    assert come(server, world.organiser, lecture)[1]["host"] is True
    host.send(t="lock", on=False)
    wait_until(lambda: Lecture.objects.get(pk=lecture.pk).locked_at is None)
    wait_until(lambda: come(server, never, lecture)[1]["locked"] is False)


def test_a_second_web_process_knows_the_stage(transactional_db: None, tmp_path: Path) -> None:
    """Without Redis: what crosses is the database alone. A killed process loses nothing of it."""
    world = make_county(members=3)
    lecture = make_live(world)
    with serving_two(tmp_path) as (one, two):
        host, phone = one.join(world.lecturer, lecture), two.join(world.members[0], lecture)
        phone.send(t="hand", up=True)
        assert host.event("hand")["name"] == world.members[0].name
        host.send(t="open_chat", on=False)
        assert phone.event("room")["chat"] is False
        host.send(t="lock", on=True)
        assert phone.event("room")["locked"] is True
        assert two.join(world.members[1], lecture, wait=False).closed() == 4423
        # Its presence is known to the other process by the database alone.
        phone.drop()
        assert come(one, world.members[0], lecture)[1]["hand"] is True
        one.kill()
        second, joined = come(two, world.organiser, lecture)
        assert [hand["member"] for hand in joined["stage"]["hands"]] == [world.members[0].pk]
        RaisedHand.objects.update(seen_at=timezone.now() - dt.timedelta(minutes=1))
        assert second.event("hand", timeout=15)["up"] is False


def test_members_and_neighbours_set_nothing(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    phone = server.join(world.member, lecture)
    for asked in ({"t": "lower_all"}, {"t": "open_chat", "on": False}, {"t": "lock", "on": True}, {"t": "give_back"}):
        phone.send(**asked)
        assert phone.until("not_host")["t"] == asked["t"]
    stranger = server.join(world.neighbour_member, lecture, wait=False)
    assert stranger.closed() == 4403
    lecture.refresh_from_db()
    assert (lecture.is_chat_open, lecture.locked_at) == (True, None)


def test_a_hand_becomes_a_voice_and_the_stage_is_left_in_every_way(server: RoomServer, world: County) -> None:
    lecture = make_live(world)
    host = server.join(world.lecturer, lecture)
    member, other, _third = world.members
    phone, listener = server.join(member, lecture), server.join(other, lecture)
    phone.send(t="step_up")
    assert phone.until("not_invited")["t"] == "step_up"
    phone.send(t="speak", sdp="v=0", again=False)
    assert phone.until("not_invited")["t"] == "speak"
    host.send(t="invite", member=world.organiser.pk)
    assert host.until("not_invitable")["t"] == "invite"
    phone.send(t="hand", up=True)
    host.event("hand")
    host.send(t="invite", member=member.pk)
    assert host.event("hand")["up"] is False
    asked = phone.event("speakers")["speakers"]
    assert [(one["name"], one["on"]) for one in asked] == [(member.name, False)]
    phone.send(t="step_up")
    assert phone.until("may_speak")["ice"] == []
    listener.event("speakers")
    assert listener.event("speakers")["speakers"][0]["on"] is True
    phone.send(t="speak", sdp="v=0", again=False)
    assert phone.until("engine_unreachable")["t"] == "speak"  # no engine here: the stage stands all the same
    host.send(t="show_picture", member=member.pk)
    assert host.until("no_picture")["t"] == "show_picture"
    listener.send(t="sending", sound=True, picture=True)
    assert listener.until("not_invited")["t"] == "sending"
    phone.send(t="sending", sound=False, picture=True)
    one = listener.event("speakers")["speakers"][0]
    assert (one["sound"], one["picture"], one["shown"]) == (False, False, False), "no picture was seen to come"
    operations.note_sending(occasion_id=lecture.pk, member_id=member.pk, sound=False, picture=True)
    assert listener.event("speakers")["speakers"][0]["picture"] is True
    host.send(t="show_picture", member=member.pk)
    assert listener.event("speakers")["speakers"][0]["shown"] is True
    _late, joined = come(server, world.members[2], lecture)
    assert [(one["member"], one["shown"]) for one in joined["speakers"]] == [(member.pk, True)]
    phone.drop()
    back, joined = come(server, member, lecture)
    assert joined["speakers"][0]["on"] is True, "a line that broke keeps its place"
    back.send(t="reclaim", pc="talk", key="nothing")
    assert back.until("engine_unreachable")["t"] == "reclaim", "the stage stands; there is no engine here"
    host.send(t="take_down", member=member.pk)
    assert listener.event("speakers")["speakers"] == []
    back.send(t="reclaim", pc="talk", key="nothing")
    assert back.until("not_invited")["t"] == "reclaim"
    for way in ("no", "all", "mute"):
        host.send(t="invite", member=other.pk)
        wait_until(lambda: Speaker.objects.filter(member=other).exists())
        listener.send(t="step_up")
        listener.until("may_speak")
        if way == "no":
            listener.send(t="step_down")
        elif way == "all":
            host.send(t="take_down_all")
        else:
            host.send(t="mute", member=other.pk, on=True)
        wait_until(lambda: not Speaker.objects.exists())
    host.send(t="invite", member=other.pk)
    assert host.until("is_muted")["t"] == "invite"
    host.send(t="invite", member=member.pk)
    wait_until(lambda: Speaker.objects.filter(member=member).exists())
    back.send(t="step_up")
    back.until("may_speak")
    back.send(t="leave")
    wait_until(lambda: not Speaker.objects.exists())


def test_a_page_that_is_loaded_anew_keeps_its_place_on_the_stage(server: RoomServer, world: County) -> None:
    lecture, member = make_live(world), world.member
    host = server.join(world.lecturer, lecture)
    phone = server.join(member, lecture, device="a" * 32)
    host.send(t="invite", member=member.pk)
    phone.event("speakers")
    phone.close()
    wait_until(lambda: server.gauges()["live_phones"] == 1)
    phone = server.join(member, lecture, device="a" * 32)
    phone.send(t="step_up")
    phone.until("may_speak")
    phone.socket.close(1001)
    wait_until(lambda: server.gauges()["live_phones"] == 1)
    wait_until(lambda: Speaker.objects.get().is_muted)  # the place is kept, and nobody is said to speak
    back, joined = come(server, member, lecture)
    assert [(one["member"], one["on"]) for one in joined["speakers"]] == [(member.pk, True)]
    back.send(t="step_up")
    back.until("may_speak")
    back.send(t="speak", sdp="v=0", again=False)
    assert back.until("engine_unreachable")["t"] == "speak"
