"""Parts of a lecture that hosts carried one after the other: brought, fetched, waited for."""

import datetime as dt
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from live import operations
from live.agent import agent, folders, parts
from live.agent.carrier import Carrier
from live.agent.meeting import is_of_before
from live.models import Lecture, LecturePart
from live.operations import nodes
from live.queries import nodes as queries
from media import parts as on_the_way
from media import storage
from media.storage import UnableToReach
from tests.factories.live import make_live
from tests.factories.organizations import make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
HOUR = dt.timedelta(hours=1)
FILES = {
    "run-0000.json": b"{}", "run-0000.journal": b"", "run-0000-init.mp4": b"init", "run-0000-00000.m4s": b"picture",
    "audio-0000.journal": b"", "audio-0000-init.mp4": b"init", "audio-0000-00000.m4s": b"sound",
}  # fmt: skip


def beat(name: str, *, ago: dt.timedelta = dt.timedelta()) -> int:
    return nodes.beat(name=name, url=f"unix:/{name}", load={}, engine_up=True, as_of=timezone.now() - ago)


@pytest.fixture
def lecture(var_dir: Path) -> Lecture:
    """It was at ``first``, which died, and is at ``second`` now."""
    first, second = beat("first", ago=HOUR), beat("second")
    made = make_live(make_county(), record=True)
    Lecture.objects.filter(pk=made.pk).update(media_node=first, published_at=timezone.now())
    nodes.move_lecture(made.pk, from_id=first, to_id=second, as_of=timezone.now())
    return Lecture.objects.select_related("occasion").get(pk=made.pk)


def part_of(lecture: Lecture) -> LecturePart:
    return LecturePart.objects.select_related("lecture", "node").get(lecture=lecture)


def recorded(root: Path, lecture: Lecture) -> Path:
    folder = root / str(lecture.pk)
    folder.mkdir(parents=True)
    for name, content in {**FILES, "live.m3u8": b"#EXTM3U", "run-0000.log": b"x", "run-0000.m3u8": b""}.items():
        (folder / name).write_bytes(content)
    return folder


def brought(lecture: Lecture) -> dict[str, bytes]:
    folder = storage.root() / "parts" / str(lecture.pk) / str(part_of(lecture).node_id)
    return {file.name: file.read_bytes() for file in folder.iterdir()} if folder.exists() else {}


def hand_in(root: Path, lecture: Lecture) -> bool:
    parts.hand_in(root, part_of(lecture), as_of=timezone.now())
    return part_of(lecture).handed_in_at is not None


def carrier(folder: Path, lecture: Lecture) -> Carrier:
    made = Carrier(occasion_id=lecture.pk, folder=folder, engine=None, record=True)  # type: ignore[arg-type]
    parts.take_over(made, lecture, node_id=lecture.media_node_id or 0)
    return made


def test_what_a_host_had_is_brought_and_fetched_and_dropped(lecture: Lecture, tmp_path: Path) -> None:
    recorded(tmp_path / "first", lecture)
    second = carrier(tmp_path / "second" / str(lecture.pk), lecture)
    assert hand_in(tmp_path / "first", lecture)
    assert brought(lecture) == FILES
    (second.packager.folder / "run-0000-init.mp4").write_bytes(b"mine")  # what is here already stays
    assert parts.fetch(second, lecture, node_id=lecture.media_node_id or 0)
    fetched = {file.name: file.read_bytes() for file in second.packager.folder.glob("*-*")}
    assert fetched["run-0000-00000.m4s"] == b"picture"
    assert fetched["run-0000-init.mp4"] == b"mine"
    assert hand_in(tmp_path / "first", lecture)  # twice is once
    parts.drop(lecture.pk)
    assert brought(lecture) == {}
    parts.drop(lecture.pk)
    parts.drop(0)


def test_what_was_put_aside_is_brought_too(lecture: Lecture, tmp_path: Path) -> None:
    recorded(tmp_path, lecture).rename(folders.put_aside(tmp_path, lecture.pk))
    assert hand_in(tmp_path, lecture)
    assert brought(lecture) == FILES


def test_nothing_is_brought_where_there_is_nothing_or_one_disk_or_no_recording(
    lecture: Lecture, tmp_path: Path
) -> None:
    assert hand_in(tmp_path / "nothing", lecture)
    assert brought(lecture) == {}
    LecturePart.objects.update(handed_in_at=None)
    shared = recorded(tmp_path, lecture)
    carrier(shared, lecture)  # the host that carries it now writes into this very folder
    assert hand_in(tmp_path, lecture)
    assert brought(lecture) == {}
    LecturePart.objects.update(handed_in_at=None)
    Lecture.objects.update(record=False)
    assert hand_in(recorded(tmp_path / "first", lecture).parent, lecture)
    assert brought(lecture) == {}


def test_a_store_that_is_away_is_tried_again(lecture: Lecture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(tmp_path, lecture)

    def away(*_args: Any, **_more: Any) -> None:
        raise UnableToReach("away")

    with monkeypatch.context() as patched:
        patched.setattr(on_the_way, "place", away)
        assert not hand_in(tmp_path, lecture)
    assert list((storage.root() / ".work").glob("*")) == [] if (storage.root() / ".work").exists() else True
    assert hand_in(tmp_path, lecture)
    assert brought(lecture) == FILES


def test_what_is_not_recorded_takes_no_part_and_what_is_missing_is_said(
    lecture: Lecture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(on_the_way, "fetch", lambda *_args, **_more: asked.append(1))
    recorded(tmp_path / "first", lecture)
    second, here = carrier(tmp_path / "second" / str(lecture.pk), lecture), lecture.media_node_id or 0
    assert not parts.fetch(second, lecture, node_id=here)
    hand_in(tmp_path / "first", lecture)
    lecture.record = False
    assert parts.fetch(second, lecture, node_id=here)
    assert asked == []
    lecture.record = True
    assert parts.fetch(second, lecture, node_id=here)
    assert asked == [1]


def test_who_lives_and_cannot_bring_it_is_waited_for(
    lecture: Lecture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a bucket both hosts wait; whoever packed first would lose what the other has for good."""
    second, here = carrier(tmp_path / str(lecture.pk), lecture), lecture.media_node_id or 0

    def away() -> None:
        raise UnableToReach("away")

    monkeypatch.setattr(on_the_way.sides, "bucket_now", lambda: SimpleNamespace(probe=away))
    assert not parts.fetch(second, lecture, node_id=here), "its host is dead"
    beat("first")
    with pytest.raises(UnableToReach):
        parts.fetch(second, lecture, node_id=here)
    monkeypatch.setattr(on_the_way.sides, "bucket_now", lambda: None)
    assert not parts.fetch(second, lecture, node_id=here), "the place is a disk"


def test_whoever_lost_it_to_another_packs_it_no_more(lecture: Lecture) -> None:
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    nodes_of = [part_of(lecture).node_id, lecture.media_node_id or 0]
    assert [queries.is_ended(lecture.pk, node_id=one) for one in nodes_of] == [False, True]


@pytest.mark.parametrize("is_whole", [True, False])
def test_an_earlier_replay_gives_way_only_to_one_that_has_all_of_it(
    lecture: Lecture, monkeypatch: pytest.MonkeyPatch, is_whole: bool
) -> None:
    """What was watched of the first counts by its place in it, and a tail has no such places."""
    finished: list[Any] = []
    monkeypatch.setattr(parts, "fetch", lambda *_args, **_more: is_whole)
    monkeypatch.setattr(agent, "holes_of", lambda *_args: [])
    monkeypatch.setattr(agent, "finish", lambda _lecture, recording, _holes: finished.append(recording))
    one = SimpleNamespace(node_id=0, _work=lambda _carrier: None)
    found = SimpleNamespace(pack=lambda _work: SimpleNamespace(duration_ms=1))
    for earlier in (None, uuid.uuid4()):
        lecture.recording_id = earlier
        agent.Agent._hand_over(one, lecture, found)  # type: ignore[arg-type]
    assert [recording is not None for recording in finished] == [True, is_whole]


def test_who_was_away_while_another_carried_it_begins_anew(lecture: Lecture, tmp_path: Path) -> None:
    """Its numbers would fall below those of the other, in the middle of a player's list."""
    second = carrier(tmp_path / str(lecture.pk), lecture)
    assert not is_of_before(second, lecture)
    lecture.moves += 2
    assert is_of_before(second, lecture)


def test_it_goes_on_behind_the_host_before_and_tells_what_is_missing(lecture: Lecture, tmp_path: Path) -> None:
    second = carrier(tmp_path / str(lecture.pk), lecture)
    assert second.packager._next_number == 1000
    assert second.hole_log.since("agent") is not None
    lecture.published_at = None  # there was no picture that could be missing
    assert carrier(tmp_path / "silent", lecture).hole_log.since("agent") is None


def test_who_lives_and_has_not_brought_is_waited_for(lecture: Lecture) -> None:
    now, second = timezone.now(), lecture.media_node_id or 0

    def are_coming() -> bool:
        found = Lecture.objects.get(pk=lecture.pk)
        return parts.are_coming(found, node_id=second, as_of=now)

    assert not are_coming()  # it is live: nobody packs
    Lecture.objects.update(state=Lecture.State.ENDED, ended_at=now)
    assert not are_coming()  # the other is away
    beat("first")
    assert are_coming()
    nodes.hand_in(part_of(lecture).pk, as_of=now)
    assert not are_coming()


async def test_waiting_ends_when_it_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[bool | Exception] = [True, DatabaseError("away"), True, False]

    async def asked(_work: Any) -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(parts, "in_database", asked)
    monkeypatch.setattr(parts, "LOOK_S", 0.0)
    await parts.wait_for(Lecture(pk=1, moves=1), node_id=1, now=timezone.now)
    assert answers == []
    # It asks nobody: the time is over.
    await parts.wait_for(Lecture(pk=1, moves=1), node_id=1, now=timezone.now, patience_s=0.0)
