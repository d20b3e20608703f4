"""The wire: what is read, what is refused, and that page and types have not drifted from it."""

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.core.wire import asking, captions, fallback, meeting, protocol, slides
from live.core.wire.typescript import frames_module

pytestmark = pytest.mark.unit
ROOT = Path(__file__).resolve().parents[4]

SDP = "v=0\r\n"
CANDIDATE = {"candidate": "candidate:1 1 udp 1 10.0.0.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
GOOD = [
    ({"t": "beat"}, protocol.Beat()),
    ({"t": "hide", "sound": True}, protocol.Hide(sound=True)),
    ({"t": "show", "more": "is ignored"}, protocol.Show()),
    ({"t": "leave"}, protocol.Leave()),
    ({"t": "chat", "id": "a-1_B", "text": "好"}, protocol.Say(id="a-1_B", text="好")),
    ({"t": "hand", "up": False}, protocol.Hand(up=False)),
    ({"t": "watch", "via": "hls"}, protocol.Watch(via="hls")),
    ({"t": "answer", "sdp": SDP}, protocol.Answer(sdp=SDP)),
    (
        {"t": "candidate", "pc": "sub", "candidate": CANDIDATE},
        protocol.Trickle(pc="sub", candidate=protocol.Candidate(**CANDIDATE)),  # type: ignore[arg-type]
    ),
    (
        {"t": "candidate", "pc": "pub", "candidate": {"candidate": ""}},
        protocol.Trickle(pc="pub", candidate=protocol.Candidate(candidate="")),
    ),
    ({"t": "candidate", "pc": "pub", "candidate": None}, protocol.Trickle(pc="pub", candidate=None)),
    ({"t": "reclaim", "pc": "sub", "key": "a-1_B"}, protocol.Reclaim(pc="sub", key="a-1_B")),
    ({"t": "offer", "sdp": SDP, "again": True}, protocol.Offer(sdp=SDP, again=True)),
    ({"t": "fall_back", "source": "desk"}, fallback.FallBack(source="desk")),
    ({"t": "unpublish"}, protocol.Unpublish()),
    ({"t": "go_live"}, protocol.GoLive()),
    ({"t": "end"}, protocol.EndLecture()),
    ({"t": "resume"}, protocol.ResumeLecture()),
    ({"t": "take_break", "minutes": 5}, protocol.TakeBreak(minutes=5)),
    ({"t": "go_on"}, protocol.GoOn()),
    ({"t": "show_slide", "deck": "a1b2", "page": 3}, slides.ShowSlide(deck="a1b2", page=3)),
    ({"t": "hide_slides"}, slides.HideSlides()),
    ({"t": "hide_message", "message": 7}, protocol.HideMessage(message=7)),
    ({"t": "mute", "member": 7, "on": True}, protocol.Mute(member=7, on=True)),
    ({"t": "remove", "member": 7, "on": False}, protocol.Remove(member=7, on=False)),
    ({"t": "lower", "member": 7}, protocol.Lower(member=7)),
    ({"t": "lower_all"}, protocol.LowerAll()),
    ({"t": "invite", "member": 7}, protocol.Invite(member=7)),
    ({"t": "take_down", "member": 7}, protocol.TakeDown(member=7)),
    ({"t": "take_down_all"}, protocol.TakeDownAll()),
    ({"t": "show_picture", "member": 7}, protocol.ShowPicture(member=7)),
    ({"t": "sending", "sound": True, "picture": False}, protocol.Sending(sound=True, picture=False)),
    ({"t": "step_up"}, protocol.StepUp()),
    ({"t": "step_down"}, protocol.StepDown()),
    ({"t": "speak", "sdp": "v=0", "again": True}, protocol.Speak(sdp="v=0", again=True)),
    ({"t": "appear", "sdp": "v=0", "again": True}, meeting.Appear(sdp="v=0", again=True)),
    ({"t": "devices", "mic": True, "cam": False}, meeting.ShowDevices(mic=True, cam=False)),
    ({"t": "see", "members": [7, 8]}, meeting.See(members=[7, 8])),
    ({"t": "silence", "member": 0}, meeting.Silence(member=0)),
    ({"t": "give_floor", "member": 7, "on": True}, meeting.GiveFloor(member=7, on=True)),
    ({"t": "lobby", "on": True}, meeting.OpenLobby(on=True)),
    ({"t": "admit", "member": 7}, meeting.Admit(member=7)),
    ({"t": "record", "on": True}, meeting.Record(on=True)),
    (
        {"t": "note", "id": "a", "kind": "decision", "title": "值班", "text": "两人"},
        meeting.WriteNote(id="a", kind="decision", title="值班", text="两人"),
    ),
    ({"t": "note_drop", "id": "a"}, meeting.DropNote(id="a")),
    ({"t": "open_chat", "on": False}, protocol.OpenChat(on=False)),
    ({"t": "lock", "on": True}, protocol.Lock(on=True)),
    ({"t": "give_back", "source": "page"}, protocol.GiveBack(source="page")),
    ({"t": "await_encoder", "on": True, "source": "page"}, protocol.AwaitEncoder(on=True, source="page")),
    ({"t": "poll_answer", "id": "a", "poll": 7, "choice": 1}, asking.AnswerPoll(id="a", poll=7, choice=1)),
    ({"t": "ask", "id": "a", "text": "好"}, asking.Ask(id="a", text="好")),
    ({"t": "vote", "id": "a", "question": 7, "on": True}, asking.Vote(id="a", question=7, on=True)),
    ({"t": "react", "kind": "unclear"}, asking.React(kind="unclear")),
    (
        {"t": "poll_save", "id": "a", "poll": 0, "quiz": True, "text": "几", "options": ["一", "二"], "right": [1]},
        asking.SavePoll(id="a", poll=0, quiz=True, text="几", options=["一", "二"], right=[1]),
    ),
    ({"t": "poll_drop", "poll": 7}, asking.DropPoll(poll=7)),
    ({"t": "poll_open", "poll": 7}, asking.OpenPoll(poll=7)),
    ({"t": "poll_close", "poll": 7}, asking.ClosePoll(poll=7)),
    ({"t": "poll_show", "poll": 7, "on": True}, asking.ShowPoll(poll=7, on=True)),
    ({"t": "question_mark", "question": 7, "state": "now"}, asking.MarkQuestion(question=7, state="now")),
    ({"t": "pin", "text": ""}, asking.Pin(text="")),
    ({"t": "caption", "id": "a", "text": "第一句"}, captions.Caption(id="a", text="第一句")),
    ({"t": "caption_drop", "line": 7}, captions.DropCaption(line=7)),
]


@pytest.mark.parametrize(("frame", "command"), GOOD)
def test_commands_are_read(frame: dict[str, object], command: protocol.Command) -> None:
    assert protocol.parse(json.dumps(frame)) == command


def test_every_command_stands_in_the_table_above() -> None:
    assert {frame["t"] for frame, _command in GOOD} == set(protocol.COMMANDS)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "malformed"),
        ("x" * 16_385, "malformed"),
        ("", "malformed"),
        ("[]", "malformed"),
        ("[" * 9_000, "malformed"),
        ("null", "malformed"),
        ('{"t":"chat"', "malformed"),
        ("{}", "unknown"),
        ('{"t":["chat"]}', "unknown"),
        ('{"t":"drop"}', "unknown"),
        ('{"t":"hide"}', "bad_field"),
        ('{"t":"hide","sound":1}', "bad_field"),
        ('{"t":"watch","via":"udp"}', "bad_field"),
        ('{"t":"watch","via":["hls"]}', "bad_field"),
        ('{"t":"chat","id":"","text":"a"}', "bad_field"),
        ('{"t":"chat","id":"a b","text":"a"}', "bad_field"),
        ('{"t":"chat","id":3,"text":"a"}', "bad_field"),
        (json.dumps({"t": "chat", "id": "a", "text": "a" * 2001}), "bad_field"),
        (json.dumps({"t": "speak", "sdp": "a" * 14_001, "again": False}), "bad_field"),
        ('{"t":"mute","member":true,"on":true}', "bad_field"),
        ('{"t":"react","kind":"angry"}', "bad_field"),
        ('{"t":"poll_save","id":"a","poll":0,"quiz":true,"text":"","options":"ab","right":[]}', "bad_field"),
        ('{"t":"poll_save","id":"a","poll":0,"quiz":true,"text":"","options":[1],"right":[]}', "bad_field"),
        ('{"t":"poll_save","id":"a","poll":0,"quiz":true,"text":"","options":[],"right":[-1]}', "bad_field"),
        (
            json.dumps({"t": "poll_save", "id": "a", "poll": 0, "quiz": False, "text": "", "options": ["x"] * 11})[:-1]
            + ',"right":[]}',
            "bad_field",
        ),
        ('{"t":"mute","member":-1,"on":true}', "bad_field"),
        ('{"t":"mute","member":9223372036854775808,"on":true}', "bad_field"),
        ('{"t":"mute","member":1.5,"on":true}', "bad_field"),
        ('{"t":"candidate","pc":"sub","candidate":"x"}', "bad_field"),
        ('{"t":"candidate","pc":"sub","candidate":{}}', "bad_field"),
        ('{"t":"candidate","pc":"sub","candidate":{"candidate":"a","sdpMid":4}}', "bad_field"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_code(text: str | None, code: str) -> None:
    with pytest.raises(protocol.BadFrame) as refused:
        protocol.parse(text)
    assert refused.value.code == code


def test_the_answer_of_a_full_meeting_fits_and_no_other_frame_is_so_long() -> None:
    """49 sounds and 16 pictures; a lecture's room takes no frame of that size."""
    section = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" + "a=fmtp:96 profile-level-id=42e01f\r\n" * 14
    sdp = "v=0\r\n" + section * 65
    text = json.dumps({"t": "answer", "sdp": sdp})
    assert len(sdp) > 30_000
    assert protocol.parse(text, meets=True) == protocol.Answer(sdp=sdp)
    offer = json.dumps({"t": "appear", "sdp": sdp, "again": False})
    longer = json.dumps({"t": "answer", "sdp": "v" * 65_537})
    for told, meets, code in ((text, False, "malformed"), (offer, True, "malformed"), (longer, True, "bad_field")):
        with pytest.raises(protocol.BadFrame) as refused:
            protocol.parse(told, meets=meets)
        assert refused.value.code == code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=12,
)
FIELDS = sorted({item.name for kind in protocol.COMMANDS.values() for item in dataclasses.fields(kind)})  # type: ignore[arg-type]
NEARLY = st.dictionaries(st.sampled_from(FIELDS), JSON).flatmap(
    lambda rest: st.sampled_from(sorted(protocol.COMMANDS)).map(lambda word: {**rest, "t": word})
)


@given(st.text(max_size=200) | JSON.map(json.dumps) | NEARLY.map(json.dumps))
def test_nothing_but_a_command_or_a_code_comes_of_any_text(text: str) -> None:
    try:
        outcome: object = type(protocol.parse(text))
    except protocol.BadFrame as refused:
        outcome = refused.code
    assert outcome in {"malformed", "unknown", "bad_field", *protocol.COMMANDS.values()}


def test_frames_are_compact_json_and_valid_utf8() -> None:
    event = protocol.ChatEvent(message=1, member=2, name="王", unit="村", text="a\ud800", at=3, host=False)
    text = protocol.encode(event)
    assert text == '{"t":"chat","message":1,"member":2,"name":"王","unit":"村","text":"a?","at":3,"host":false}'
    assert protocol.error("muted") == '{"error":"muted"}'
    assert protocol.error("muted", t="chat", id="a") == '{"error":"muted","t":"chat","id":"a"}'


def test_events_are_built_from_what_is_published() -> None:
    assert protocol.event_of({"t": "picture", "on": True}) == protocol.PictureEvent(on=True)
    for wrong in ({"t": "nothing"}, {}, {"t": "picture"}, {"t": "picture", "on": "yes"}):
        with pytest.raises(protocol.BadFrame):
            protocol.event_of(wrong)


def test_typescript_has_not_drifted() -> None:
    assert (ROOT / "frontend/src/lib/frames.ts").read_text() == frames_module(), "run manage.py write_frames"


def test_page_names_every_frame_and_field() -> None:
    page = (ROOT / "docs/protocol.md").read_text()
    rows = {line.split("|")[1].strip().strip("`"): line for line in page.splitlines() if line.startswith("| `")}
    for table in (protocol.COMMANDS, protocol.EVENTS, protocol.FRAMES):
        for word, kind in table.items():
            text = page if word in {"tick", "offer", "answer", "chat", "hand", "candidate"} else rows[word]
            assert f"`{word}`" in text
            for item in dataclasses.fields(kind):  # type: ignore[arg-type]
                assert f"`{item.name}`" in text, (word, item.name)
