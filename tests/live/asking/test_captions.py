"""Live captions: kept once, told to the room, taken away everywhere, and in the replay where they were said."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from live import operations, queries, room_events
from live.models import CaptionLine, Lecture
from live.operations import UnableToCaption
from live.room.asking_state import CAPTIONS_KEPT, RoomAsking
from media.core.captions import Cue
from media.models import Captions, Video
from media.operations import keep_captions, shift_captions
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county
from tests.live.test_operations import finish, packed

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def world() -> County:
    return make_county(members=2)


@pytest.fixture
def lecture(world: County) -> Lecture:
    return make_live(world)


def say(lecture: Lecture, text: str, client_id: str = "a", at: dt.datetime | None = None) -> int:
    return operations.caption(
        occasion_id=lecture.pk,
        author_id=lecture.lecturer_id,
        client_id=client_id,
        text=text,
        as_of=at or timezone.now(),
    )


def drop(lecture: Lecture, line: int) -> None:
    operations.drop_caption(occasion_id=lecture.pk, line_id=line, as_of=timezone.now())


def shown(lecture: Lecture, *, is_host: bool = False) -> list[str]:
    return [text for _line, text in queries.caption_lines(occasion_id=lecture.pk, is_host=is_host)]


def test_a_line_is_kept_once_and_a_long_one_in_parts(
    lecture: Lecture, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(room_events, "publish", lambda _room, event, **_: told.append(event))
    with django_capture_on_commit_callbacks(execute=True):
        first = say(lecture, "同志们好，" + "一" * 36 + "。现在开始")
        assert say(lecture, "别的话") == first
    rows = list(CaptionLine.objects.order_by("place"))
    assert [row.text for row in rows] == ["同志们好，", "一" * 36 + "。", "现在开始"]
    assert told == [{"t": "captions", "lines": [row.pk for row in rows], "texts": [row.text for row in rows]}]
    assert shown(lecture) == ["一" * 36 + "。", "现在开始"]
    assert len(shown(lecture, is_host=True)) == 3


@pytest.mark.parametrize(("text", "code"), [(" \x00", "empty"), ("字" * 401, "too_long")])
def test_what_is_no_line(lecture: Lecture, text: str, code: str) -> None:
    with pytest.raises(UnableToCaption, match=code):
        say(lecture, text)


def test_captions_end_with_the_lecture_and_have_an_end(lecture: Lecture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("live.operations.captions.MOST_LINES", 1)
    first = say(lecture, "一")
    with pytest.raises(UnableToCaption, match="many"):
        say(lecture, "二", "b")
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert say(lecture, "一") == first
    with pytest.raises(UnableToCaption, match="closed"):
        say(lecture, "三", "c")


def test_a_line_is_taken_away_once(world: County, lecture: Lecture) -> None:
    line, other = say(lecture, "说错了"), make_live(world, node=world.neighbour)
    with pytest.raises(UnableToCaption, match="gone"):
        drop(other, line)
    drop(lecture, line)
    with pytest.raises(UnableToCaption, match="gone"):
        drop(lecture, line)
    assert (shown(lecture), CaptionLine.objects.get().text) == ([], "")
    since = timezone.now() - SECOND * 30
    assert queries.asking_facts([lecture.pk], changed_since=since)[lecture.pk].captions == {line: ""}


def test_the_pages_begin_with_the_last_lines(world: County, lecture: Lecture) -> None:
    line = say(lecture, "第一句")
    client = Client()
    client.force_login(world.member)
    assert client.get(reverse("live_state", args=[lecture.pk])).json()["captions"] == [[line, "第一句"]]
    assert client.get(reverse("live_room", args=[lecture.pk])).context["data"]["captions"] == [(line, "第一句")]


def test_a_room_is_told_each_line_once() -> None:
    room = RoomAsking()
    room.caption({1: "一", 2: "二"})
    room.caption({2: "二", 3: "三"})
    assert (room.drop_caption(3), room.drop_caption(3), room.drop_caption(9)) == (True, False, True)
    lines = room.next_lines()
    assert lines is not None
    assert (lines.lines, lines.texts) == ([1, 2], ["一", "二"])
    assert room.next_lines() is None
    room.caption(dict.fromkeys(range(100, 100 + 2 * CAPTIONS_KEPT), "字"))
    assert len(room.captioned) == CAPTIONS_KEPT
    some = room.next_lines()
    assert some is not None
    assert len(some.lines) == 200


def test_old_lines_go(lecture: Lecture) -> None:
    say(lecture, "一")
    now = timezone.now()
    assert operations.delete_old_captions(as_of=now + dt.timedelta(days=179)) == 0
    assert operations.delete_old_captions(as_of=now + dt.timedelta(days=181)) == 1


def test_all_old_lines_go_by_steps_and_not_more_than_so_many_at_once(
    lecture: Lecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        say(lecture, "一", f"l{n}")
    monkeypatch.setattr("live.operations.captions.PRUNE_AT_ONCE", 1)
    monkeypatch.setattr("live.operations.captions.PRUNE_AT_MOST", 3)
    late = timezone.now() + dt.timedelta(days=181)
    assert [operations.delete_old_captions(as_of=late) for _turn in range(3)] == [3, 2, 0]


def test_captions_of_a_recording_outlive_their_lines(lecture: Lecture, var_dir: Path) -> None:
    began = timezone.now().replace(microsecond=0)
    say(lecture, "一", at=began + SECOND)
    lecture = ended(lecture, var_dir / "one", started_at=began)
    kept, late = of_replay(lecture), began + dt.timedelta(days=181)
    assert kept
    operations.delete_old_captions(as_of=late)
    operations.write_captions(occasion_id=lecture.pk, as_of=late)
    assert of_replay(lecture) == kept


# --- in the replay ----------------------------------------------------------------------------------------------------


def ended(lecture: Lecture, folder: Path, **facts: Any) -> Lecture:
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    finish(lecture, packed(folder), **facts)
    return Lecture.objects.select_related("occasion", "recording").get(pk=lecture.pk)


def of_replay(lecture: Lecture) -> list[Any]:
    found = Captions.objects.filter(video_id=lecture.recording_id).first()
    return found.cues if found else []


def test_lines_stand_in_the_replay_where_they_were_said(world: County, lecture: Lecture, var_dir: Path) -> None:
    began = timezone.now().replace(microsecond=0)
    lines = [say(lecture, f"第{n}句", f"l{n}", began + n * SECOND) for n in (5, 20, 50)]
    # Ten seconds after fifteen were not recorded.
    lecture = ended(lecture, var_dir / "one", started_at=began, duration_ms=50_000, cuts=[(15_000, 10_000)])
    assert of_replay(lecture) == [[5_000, 13_000, "第5句"], [40_000, 48_000, "第50句"]]
    video_id = lecture.recording_id
    assert video_id is not None
    shift_captions(video_id=video_id, shift_ms=-2000, actor_id=world.organiser.pk, as_of=began)
    drop(lecture, lines[0])
    assert (of_replay(lecture), Captions.objects.get().shift_ms) == ([[40_000, 48_000, "第50句"]], -2000)
    client = Client()
    client.force_login(world.member)
    player = client.get(reverse("live_replay", args=[lecture.pk])).context["player"]
    assert client.get(player["captions_url"]).content.decode().endswith("00:00:38.000 --> 00:00:46.000\n第50句\n")
    assert client.get(player["refresh_url"]).json()["captions_url"] == player["captions_url"]
    drop(lecture, lines[2])
    assert (of_replay(lecture), Video.objects.get(pk=video_id).captions_digest) == ([], "")


def test_uploaded_captions_stay_whatever_becomes_of_the_recording(
    world: County, lecture: Lecture, var_dir: Path
) -> None:
    began = timezone.now().replace(microsecond=0)
    line = say(lecture, "打错了", at=began + SECOND)
    lecture = ended(lecture, var_dir / "one", started_at=began)
    first = lecture.recording
    assert first is not None
    facts: dict[str, Any] = {"origin": "file", "name": "好.vtt", "actor_id": world.organiser.pk, "as_of": began}
    keep_captions(video_id=first.pk, cues=[Cue(0, 1000, "好")], **facts)
    drop(lecture, line)
    assert of_replay(lecture) == [[0, 1000, "好"]]
    operations.resume_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    lecture = ended(lecture, var_dir / "two", started_at=began, duration_ms=70_000)
    assert lecture.recording != first
    assert of_replay(lecture) == [[0, 1000, "好"]]


def test_typed_lines_are_laid_anew_in_a_better_recording(lecture: Lecture, var_dir: Path) -> None:
    began = timezone.now().replace(microsecond=0)
    say(lecture, "一", at=began + SECOND)
    lecture = ended(lecture, var_dir / "one", started_at=began)
    operations.resume_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    lecture = ended(lecture, var_dir / "two", started_at=began - SECOND, duration_ms=70_000)
    assert of_replay(lecture) == [[2_000, 10_000, "一"]]


def test_a_recording_of_nothing_has_no_captions(lecture: Lecture) -> None:
    say(lecture, "一")
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    finish(lecture, None)
    operations.write_captions(occasion_id=lecture.pk, as_of=timezone.now())
    assert not Captions.objects.exists()
