"""Which media host carries what: the one with most room, never one that drains, and who takes over from a dead one."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from attendance.models import Occasion
from config import doctor, metrics
from live import operations
from live.management.commands import drain_node
from live.models import Lecture, LecturePart, MediaNode
from live.operations import nodes
from live.queries import nodes as queries
from tests.attendance.operations.test_message_ends import PATIENCE_S, waits_for_lock
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SECOND = dt.timedelta(seconds=1)
DAY = dt.timedelta(days=1)


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture
def now() -> dt.datetime:
    return timezone.now()


def beat(name: str, *, as_of: dt.datetime, handles: int = 0, address: str = "") -> int:
    load = {"handles": handles}
    return nodes.beat(name=name, url=f"unix:/{name}", load=load, engine_up=True, as_of=as_of, address=address)


def drain(name: str, *, on: bool = True) -> MediaNode:
    return nodes.drain(name=name, on=on, by="root", as_of=timezone.now())


def new_live(world: County, **fields: Any) -> Lecture:
    """On air since this moment, and carried by nobody."""
    lecture = make_live(world)
    Lecture.objects.filter(pk=lecture.pk).update(**{"live_at": timezone.now(), **fields})
    return Lecture.objects.get(pk=lecture.pk)


def place(lecture: Lecture, as_of: dt.datetime) -> str | None:
    return operations.place_lecture(occasion_id=lecture.pk, as_of=as_of)


# --- draining -------------------------------------------------------------------------------------------------------


def test_a_host_that_drains_keeps_what_it_carries_and_gets_nothing_new(world: County, now: dt.datetime) -> None:
    first, second = beat("first", as_of=now), beat("second", handles=90, as_of=now)
    held = new_live(world, media_node_id=first)
    drain("first")
    assert place(held, now) == "unix:/first"
    lecture = new_live(world)
    assert nodes.claim_lectures(node_id=first, as_of=now + 10 * SECOND) == 0
    assert nodes.claim_lectures(node_id=second, as_of=now) == 1
    assert set(Lecture.objects.filter(media_node=second)) == {lecture}
    assert place(new_live(world), now) == "unix:/second"
    assert place(held, now) == "unix:/first"
    beat("first", as_of=now + SECOND)  # its own beats do not undo it
    assert queries.pick_node(as_of=now + SECOND) == MediaNode.objects.get(pk=second)
    drain("first", on=False)
    assert queries.pick_node(as_of=now + SECOND) == MediaNode.objects.get(pk=first)


def test_a_host_that_drains_takes_what_no_other_takes(world: County, now: dt.datetime) -> None:
    """The best one beats, and takes nothing: its own database thread, or its disk, may hang."""
    first = beat("first", as_of=now)
    drain("first")
    lecture = new_live(world, live_at=now)
    late = now + nodes.LEFT_BY_DRAINING
    beat("second", as_of=late)
    assert nodes.claim_lectures(node_id=first, as_of=late - SECOND) == 0
    assert nodes.claim_lectures(node_id=first, as_of=late) == 1
    assert Lecture.objects.get(pk=lecture.pk).media_node_id == first


@pytest.mark.parametrize("became", ["packed", "another's", "alive"])
def test_what_changed_since_it_was_read_is_not_moved(world: County, now: dt.datetime, became: str) -> None:
    first, second, third = beat("first", as_of=now - DAY), beat("second", as_of=now), beat("third", as_of=now)
    held = new_live(world, media_node_id=first)
    mine = Lecture.objects.filter(pk=held.pk)
    if became == "packed":
        mine.update(state=Lecture.State.RECORDED, ended_at=now)
    elif became == "another's":
        mine.update(media_node_id=third)
    else:
        beat("first", as_of=now)
    assert not nodes.move_lecture(held.pk, from_id=first, to_id=second, as_of=now)
    assert mine.exclude(media_node_id=second).filter(moves=0).exists()
    assert not LecturePart.objects.exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_host_that_beats_while_it_is_given_up_keeps_its_lecture(world: County, now: dt.datetime) -> None:
    """READ COMMITTED: the claim waits for the beat that is being written, and then reads it."""
    first, second = beat("first", as_of=now - DAY), beat("second", as_of=now)
    held = new_live(world, media_node_id=first)

    def claim() -> bool:
        try:
            return nodes.move_lecture(held.pk, from_id=first, to_id=second, as_of=now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            beat("first", as_of=now)
            other = pool.submit(claim)
            waits_for_lock(other)
        assert other.result(PATIENCE_S) is False
    assert Lecture.objects.get(pk=held.pk).media_node_id == first


def test_the_last_host_that_is_there_carries_though_it_drains(world: County, now: dt.datetime) -> None:
    first = beat("first", as_of=now)
    beat("dead", as_of=now - DAY)
    drain("first")
    lecture = new_live(world)
    assert nodes.claim_lectures(node_id=first, as_of=now) == 1
    assert place(lecture, now) == "unix:/first"


def test_a_half_drained_host_that_dies_is_left_as_any_other(world: County, now: dt.datetime) -> None:
    first = beat("first", as_of=now - DAY)
    held = new_live(world, media_node_id=first)
    drain("first")
    second = beat("second", as_of=now)
    assert nodes.claim_lectures(node_id=second, as_of=now) == 1
    assert place(held, now) == "unix:/second"
    assert nodes.claim_lectures(node_id=first, as_of=now) == 0  # it is back, and has no say


def test_saying_it_twice_keeps_the_first_moment_and_a_wrong_name_is_told(now: dt.datetime) -> None:
    beat("甲", as_of=now)
    first = drain("甲").draining_at
    assert first is not None
    assert drain("甲").draining_at == first
    assert drain("甲", on=False).draining_at is None
    assert drain("甲", on=False).draining_at is None
    with pytest.raises(nodes.UnableToDrain, match="没有叫“乙”的媒体主机。现有：甲。"):
        drain("乙")
    MediaNode.objects.all().delete()
    with pytest.raises(nodes.UnableToDrain, match="一台也没有"):
        drain("甲")


def test_the_host_with_most_room_comes_first_and_others_a_little_later(world: County, now: dt.datetime) -> None:
    busy, idle = beat("busy", handles=90, as_of=now), beat("idle", as_of=now)
    lecture = new_live(world, live_at=now)
    assert nodes.claim_lectures(node_id=busy, as_of=now) == 0
    assert nodes.claim_lectures(node_id=busy, as_of=now + 3 * SECOND) == 1  # the other has just died, it seems
    assert nodes.claim_lectures(node_id=idle, as_of=now + 3 * SECOND) == 0
    # Of a host that dies it counts from when that is noticed.
    Lecture.objects.filter(pk=lecture.pk).update(media_node=beat("dead", as_of=now - 16 * SECOND))
    assert nodes.claim_lectures(node_id=busy, as_of=now) == 0
    assert nodes.claim_lectures(node_id=busy, as_of=now + 2 * SECOND) == 1
    MediaNode.objects.update(capacity=0)  # nobody has room: whoever looks takes it
    Lecture.objects.update(media_node=None)
    assert nodes.claim_lectures(node_id=busy, as_of=now) == 1
    assert queries.share_of(MediaNode.objects.get(pk=busy)) == 1.0


def test_rooms_are_needed_where_a_lecture_is_carried_and_nowhere_else(world: County, now: dt.datetime) -> None:
    here, there = beat("here", as_of=now), beat("there", as_of=now)
    mine, theirs, nobodys = (new_live(world, media_node_id=node) for node in (here, there, None))
    over = new_live(world, media_node_id=here)
    operations.end_lecture(occasion_id=over.pk, as_of=now)
    asked = [mine.pk, theirs.pk, nobodys.pk, over.pk, 10**9]
    assert queries.not_here(asked, node_id=here) == {theirs.pk, over.pk, 10**9}
    assert queries.not_here(asked, node_id=there) == {mine.pk, over.pk, 10**9}


# --- parts ----------------------------------------------------------------------------------------------------------


def test_a_lecture_that_moves_leaves_parts_in_their_order(world: County, now: dt.datetime) -> None:
    first, second = beat("first", as_of=now - DAY), beat("second", as_of=now - DAY)
    lecture = new_live(world, record=True)
    assert nodes.move_lecture(lecture.pk, from_id=None, to_id=first, as_of=now)
    assert not LecturePart.objects.exists()  # nobody had it before
    assert nodes.move_lecture(lecture.pk, from_id=first, to_id=second, as_of=now)
    assert not nodes.move_lecture(lecture.pk, from_id=first, to_id=second, as_of=now)
    assert nodes.move_lecture(lecture.pk, from_id=second, to_id=first, as_of=now)
    assert list(LecturePart.objects.order_by("number").values_list("node_id", "number")) == [(first, 0), (second, 1)]
    assert Lecture.objects.get(pk=lecture.pk).moves == 2
    assert queries.parts_left(node_id=first) == []  # it carries it itself
    (part,) = queries.parts_left(node_id=second)
    assert [one.pk for one in queries.parts_of(lecture.pk, node_id=first)] == [part.pk]
    assert queries.keeps_part([lecture.pk], node_id=second) == {lecture.pk}
    nodes.hand_in(part.pk, as_of=now)
    nodes.hand_in(part.pk, as_of=now + DAY)
    part.refresh_from_db()
    assert part.handed_in_at == now
    assert queries.parts_left(node_id=second) == []
    assert queries.keeps_part([lecture.pk], node_id=second) == set()
    assert str(part) == f"{lecture.pk}: 1"


def test_what_came_too_late_is_kept_and_told(world: County, now: dt.datetime) -> None:
    first, second = beat("first", as_of=now - DAY), beat("second", as_of=now)
    lecture = new_live(world, media_node_id=first)
    nodes.move_lecture(lecture.pk, from_id=first, to_id=second, as_of=now)
    assert queries.unjoined(since=now - DAY) == []
    Lecture.objects.filter(pk=lecture.pk).update(state=Lecture.State.RECORDED, ended_at=now)
    assert queries.parts_left(node_id=first) == []
    assert queries.keeps_part([lecture.pk], node_id=first) == {lecture.pk}
    told = {one.title: one for one in doctor.examine(as_of=now)}["录像缺一段"]
    assert lecture.occasion.title in told.what
    assert "first" in told.what
    assert f"live/{lecture.pk}" in told.next_step
    Lecture.objects.filter(pk=lecture.pk).update(recording_dropped_at=now)
    assert queries.keeps_part([lecture.pk], node_id=first) == set()


def test_where_what_is_on_air_lies(world: County, now: dt.datetime) -> None:
    far, near = beat("far", as_of=now, address="10.0.0.2:8088"), beat("near", as_of=now)
    lecture = new_live(world)
    assert queries.address_of(lecture.pk, here="near") == ""
    Lecture.objects.filter(pk=lecture.pk).update(media_node=far)
    assert queries.address_of(lecture.pk, here="near") == "10.0.0.2:8088"
    assert queries.address_of(lecture.pk, here="far") == ""
    Lecture.objects.filter(pk=lecture.pk).update(media_node=near)
    assert queries.address_of(lecture.pk, here="web") == ""


# --- for the operator -----------------------------------------------------------------------------------------------


def said(*argv: str) -> list[str]:
    out = StringIO()
    call_command("drain_node", *argv, stdout=out)
    return out.getvalue().splitlines()


def test_command_drains_and_says_what_is_left(world: County, now: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said() == ["还没有媒体主机报到。"]
    for argv in (("--wait",), ("--undo",), ("一号", "--undo", "--wait"), ("九号",)):
        with pytest.raises(CommandError):
            said(*argv)
    first = beat("一号", as_of=now)
    beat("二号", as_of=now)
    lecture = new_live(world, media_node_id=first)
    assert said() == ["一号\t在工作。1 场正在直播。", "二号\t在工作。"]
    assert said("一号") == ["一号\t在工作。1 场正在直播。不再接新的直播，手上的直播照常到结束。"]
    waits: list[float] = []

    def ends(seconds: float) -> None:
        waits.append(seconds)
        state = Lecture.State.ENDED if len(waits) == 1 else Lecture.State.RECORDED
        Lecture.objects.filter(pk=lecture.pk).update(state=state, ended_at=now)

    monkeypatch.setattr(drain_node.time, "sleep", ends)
    empty = "一号\t在工作。不再接新的直播，现在是空的，可以停机。"
    packing = "一号\t在工作。1 场在整理回放。不再接新的直播，手上的直播照常到结束。"
    assert said("一号", "--wait")[1:] == [packing, empty]
    assert len(waits) == 2
    assert said("一号", "--undo") == ["一号\t在工作。"]


def test_words_say_when_no_other_host_is_there_and_who_is_silent(world: County, now: dt.datetime) -> None:
    first = beat("一号", as_of=now)
    drain("一号")
    assert "没有别的媒体主机在工作" in said()[0]
    MediaNode.objects.update(beat_at=now - 2 * DAY)
    assert said("一号", "--undo") == ["一号\t没有消息。"]
    new_live(world, media_node_id=first)
    assert said() == ["一号\t没有消息：正在直播的会由别的主机接过去。1 场正在直播。"]
    Lecture.objects.update(media_node=None)
    MediaNode.objects.update(beat_at=now - 30 * DAY)
    assert said() == ["还没有媒体主机报到。"]  # it is history


def test_page_drains_a_host_and_lets_it_work_again(
    client: Client, world: County, now: dt.datetime, django_assert_max_num_queries: Any
) -> None:
    for name in ("一号", "二号"):
        beat(name, as_of=now)
    new_live(world, media_node=MediaNode.objects.get(name="一号"))
    for person in (world.member, world.organiser):
        client.force_login(person)
        assert client.post("/health/", {"node": "一号", "drain": "1"}).status_code == 404
    assert not MediaNode.objects.exclude(draining_at=None).exists()
    client.force_login(world.operator)
    page = client.post("/health/", {"node": "一号", "drain": "1"}, follow=True).content.decode()
    assert "“一号”不再接新的直播，手上的照常到结束。" in page
    assert page.count("恢复接新的直播") == 1
    assert "drain_node 一号 --undo" in page  # whoever forgets it is told
    assert MediaNode.objects.exclude(draining_at=None).get().name == "一号"
    page = client.post("/health/", {"node": "一号", "drain": "0"}, follow=True).content.decode()
    assert "“一号”又接新的直播了。" in page
    assert "恢复接新的直播" not in page
    assert (
        "没有叫“三号”的媒体主机"
        in client.post("/health/", {"node": "三号", "drain": "1"}, follow=True).content.decode()
    )
    for number in range(20):
        beat(f"h{number}", as_of=now)
    with django_assert_max_num_queries(40):
        client.get("/health/")


def test_metrics_name_every_host(world: County, now: dt.datetime) -> None:
    first = beat("一号", as_of=now)
    drain("一号")
    new_live(world, media_node_id=first)
    ended = new_live(world, media_node_id=first)
    Lecture.objects.filter(pk=ended.pk).update(state=Lecture.State.ENDED, ended_at=now)
    told = {
        one.name: {sample.labels.get("node"): sample.value for sample in one.samples} for one in metrics.site.collect()
    }
    assert told["site_media_node_carried"] == {"一号": 1.0}
    assert told["site_media_node_packing"] == {"一号": 1.0}
    assert told["site_media_node_draining"] == {"一号": 1.0}
    assert Occasion.objects.count() == 2
