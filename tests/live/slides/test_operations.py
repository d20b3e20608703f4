"""Slides of a lecture: added, drawn, shown, replaced, taken away, and gone after their time."""

import datetime as dt
import errno
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import DjangoCaptureOnCommitCallbacks as Capture

from live import operations, room_events
from live.core.wire.slides import NO_SLIDES, SlideEvent
from live.models import Lecture, SlideDeck, SlideTurn
from live.operations import UnableToAddSlides, UnableToShowSlide
from live.operations.drawing import SLIDES
from live.queries import decks_of, replay_slides, room_facts
from media import leftovers, pdf, storage
from media.ffmpeg import UnableToConfine
from media.operations import drawing
from tests.factories.live import make_lecture, make_live
from tests.factories.organizations import County
from tests.live.slides.conftest import add, drawn
from tests.pdfs import BROKEN, make_pdf

pytestmark = pytest.mark.integration
State = SlideDeck.State


def show(lecture: Lecture, deck: SlideDeck, page: int, at: dt.datetime | None = None) -> None:
    operations.show_slide(occasion_id=lecture.pk, deck=deck.key, page=page, as_of=at or timezone.now())


def hide(lecture: Lecture) -> None:
    operations.hide_slides(occasion_id=lecture.pk, as_of=timezone.now())


def remove(lecture: Lecture, deck: SlideDeck) -> None:
    operations.remove_deck(occasion_id=lecture.pk, deck=deck.key, actor_id=lecture.lecturer_id, as_of=timezone.now())


def shown(lecture: Lecture) -> SlideEvent:
    return room_facts([lecture.pk])[lecture.pk].slide


def end(lecture: Lecture) -> None:
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    monkeypatch.setattr(room_events, "publish", lambda _occasion, event: events.append(event))
    return events


# --- added and drawn ---------------------------------------------------------------------------------------------


def test_a_deck_is_kept_drawn_and_listed(
    lecture: Lecture, hints: list[int], django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        deck = add(lecture, name="a/防汛 避险.pdf")
    assert (deck.name, deck.state, hints) == ("防汛 避险", State.QUEUED, [deck.pk])
    drawn(deck)
    assert (deck.state, deck.pages, deck.done, deck.titles) == (State.READY, 3, 3, {"1": "开场"})
    folder = storage.slides_folder(lecture.pk, deck.key)
    assert sorted(each.name for each in folder.iterdir()) == ["1280", "240", "720", "source.pdf"]
    assert not list(leftovers.work_folders())
    assert list(decks_of(lecture.pk)) == [deck]
    assert not operations.draw_slides(deck_id=deck.pk, as_of=timezone.now()), "done once"


def test_it_is_refused_in_words(
    world: County, lecture: Lecture, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SLIDES_MAX_BYTES = 10
    with pytest.raises(UnableToAddSlides, match="50 MB"):
        add(lecture)
    settings.SLIDES_MAX_BYTES = 2**20
    monkeypatch.setattr(storage, "room", lambda: 0)
    with pytest.raises(UnableToAddSlides, match="存储空间不足"):
        add(lecture)
    monkeypatch.undo()
    for _each in range(10):
        add(lecture)
    with pytest.raises(UnableToAddSlides, match="最多放 10 份"):
        add(lecture)
    SlideDeck.objects.filter(pk=SlideDeck.objects.latest("pk").pk).update(state=SlideDeck.State.FAILED)
    add(lecture)
    with pytest.raises(UnableToAddSlides, match="最多放 10 份"):
        add(lecture)
    over = make_live(world)
    end(over)
    with pytest.raises(UnableToAddSlides, match="已经结束"):
        add(over)
    assert not list(storage.slides_folder(over.pk).iterdir()), "nothing is left of what was refused"


def test_a_broken_pdf_says_why_and_can_be_taken_away(lecture: Lecture) -> None:
    deck = drawn(add(lecture, BROKEN))
    assert (deck.state, deck.error_code) == (State.FAILED, "unreadable")
    assert not storage.slides_folder(lecture.pk, deck.key).exists(), "nobody draws it again"
    with pytest.raises(UnableToShowSlide) as refused:
        show(lecture, deck, 1)
    assert refused.value.code == "slides_gone"
    remove(lecture, deck)
    assert not SlideDeck.objects.exists()


def test_a_full_disk_is_said(lecture: Lecture, monkeypatch: pytest.MonkeyPatch) -> None:
    deck = add(lecture)
    monkeypatch.setattr(storage, "room", lambda: -1)
    assert drawn(deck).error_code == "no_space"


def test_who_lost_the_deck_to_another_worker_takes_no_file_from_it(
    lecture: Lecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_more: Any) -> None:
        SlideDeck.objects.update(lease="another")
        raise pdf.UnableToDraw("unreadable")

    deck = add(lecture)
    monkeypatch.setattr(pdf, "draw", fail)
    assert drawn(deck).state == State.RUNNING
    assert storage.slides_folder(lecture.pk, deck.key).exists()


def test_where_there_is_no_sandbox_it_waits(lecture: Lecture, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_more: Any) -> None:
        raise UnableToConfine("no")

    deck = add(lecture)
    monkeypatch.setattr(pdf, "draw", refuse)
    assert (drawn(deck).state, deck.attempts) == (State.QUEUED, 0)


def test_what_a_dead_worker_left_is_drawn_again_and_given_up_after_three(lecture: Lecture, hints: list[int]) -> None:
    deck, now = add(lecture), timezone.now()
    hints.clear()
    for attempt in range(3):
        at = now + attempt * dt.timedelta(minutes=2)
        assert operations.reconcile_slides(as_of=at) == 1
        assert SLIDES.claim(job_id=deck.pk, as_of=at) is not None
        assert operations.reconcile_slides(as_of=at) == 0, "somebody draws it"
        assert SLIDES.claim(job_id=deck.pk, as_of=at) is None
    assert hints == [deck.pk] * 3
    assert operations.reconcile_slides(as_of=now + dt.timedelta(minutes=6)) == 0
    deck.refresh_from_db()
    assert (deck.state, deck.error_code) == (State.FAILED, "unreadable")
    assert not storage.slides_folder(lecture.pk, deck.key).exists()


def test_pages_are_made_durable_before_anything_is_locked(lecture: Lecture, monkeypatch: pytest.MonkeyPatch) -> None:
    deck, depth, sync, depths = add(lecture), len(connection.savepoint_ids), storage.sync, []

    def noted(path: Path) -> None:
        depths.append(len(connection.savepoint_ids))
        sync(path)

    monkeypatch.setattr(storage, "sync", noted)
    with CaptureQueriesContext(connection) as asked:
        drawn(deck)
    assert depths == [depth] * (3 * 3 + 3)
    said = [query["sql"] for query in asked]
    ready = next(n for n, sql in enumerate(said) if sql.startswith("UPDATE") and "'ready'" in sql)
    assert 'FROM "live_lecture"' in said[ready - 1], "the lecture is locked before its deck"


def test_whoever_lost_the_lease_publishes_nothing(lecture: Lecture, monkeypatch: pytest.MonkeyPatch) -> None:
    deck = add(lecture)
    real = pdf.draw

    def late(*args: Any, **more: Any) -> Any:
        made = real(*args, **more)
        SlideDeck.objects.filter(pk=deck.pk).update(lease="another's")
        return made

    monkeypatch.setattr(pdf, "draw", late)
    assert drawn(deck).state == State.RUNNING
    assert [each.name for each in storage.slides_folder(lecture.pk, deck.key).iterdir()] == ["source.pdf"]


def test_a_deck_that_is_taken_away_meanwhile_is_not_drawn_on(lecture: Lecture, monkeypatch: pytest.MonkeyPatch) -> None:
    deck = add(lecture)
    monkeypatch.setattr(drawing, "RENEW_EVERY_S", 0.0)
    real = drawing.Lease.page

    def page(self: Any, done: int, pages: int) -> None:
        SlideDeck.objects.filter(pk=deck.pk).update(removed_at=timezone.now())
        real(self, done, pages)

    monkeypatch.setattr(drawing.Lease, "page", page)
    assert (drawn(deck).state, deck.done) == (State.RUNNING, 0)


def test_how_far_it_is_and_a_database_that_is_away(lecture: Lecture, monkeypatch: pytest.MonkeyPatch) -> None:
    deck, now = add(lecture), timezone.now()
    lease = SLIDES.claim(job_id=deck.pk, as_of=now)
    assert lease is not None
    lease.page(1, 3)
    deck.refresh_from_db()
    assert (deck.done, deck.pages) == (1, 3)
    lease.page(2, 3)
    deck.refresh_from_db()
    assert deck.done == 1, "not at each page"
    lease.renewed = 0.0

    def away(**_facts: Any) -> int:
        raise drawing.DatabaseError

    monkeypatch.setattr("django.db.models.query.QuerySet.update", lambda self, **facts: away(**facts))
    lease.page(3, 3)


def test_a_lost_hint_is_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    def send(*_args: Any, **_more: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(current_app, "send_task", send)
    SLIDES.hint(1)


def test_pages_that_an_attempt_before_placed_stay(lecture: Lecture) -> None:
    deck = add(lecture)
    there = storage.slides_folder(lecture.pk, deck.key) / "720"
    there.mkdir()
    (there / "1.jpg").write_bytes(b"x")
    assert drawn(deck).state == State.READY
    assert (there / "1.jpg").read_bytes() == b"x"


def test_another_fault_of_the_disk_is_no_success(lecture: Lecture, monkeypatch: pytest.MonkeyPatch) -> None:
    deck = add(lecture)

    def refuse(self: Path, _target: Path) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="broken"):
        operations.draw_slides(deck_id=deck.pk, as_of=timezone.now())
    deck.refresh_from_db()
    assert deck.state == State.RUNNING, "the lease runs out, and another tries"


# --- shown -------------------------------------------------------------------------------------------------------


def test_a_page_is_shown_turned_and_hidden(
    lecture: Lecture, deck: SlideDeck, told: list[dict[str, Any]], django_capture_on_commit_callbacks: Capture
) -> None:
    assert shown(lecture) == NO_SLIDES
    with django_capture_on_commit_callbacks(execute=True):
        hide(lecture)
        show(lecture, deck, 1)
        show(lecture, deck, 1)
        show(lecture, deck, 3)
    assert shown(lecture) == SlideEvent(deck.key, 3, 3)
    with django_capture_on_commit_callbacks(execute=True):
        hide(lecture)
        hide(lecture)
    assert shown(lecture) == NO_SLIDES
    assert [(event.get("deck"), event.get("page")) for event in told] == [(deck.key, 1), (deck.key, 3), (None, None)]
    assert list(SlideTurn.objects.order_by("pk").values_list("page", flat=True)) == [1, 3, 0]


@pytest.mark.parametrize("number", [0, 4])
def test_there_is_no_such_page(lecture: Lecture, deck: SlideDeck, number: int) -> None:
    with pytest.raises(UnableToShowSlide) as refused:
        show(lecture, deck, number)
    assert refused.value.code == "slide_page"


def test_only_a_deck_of_this_lecture_while_it_is_on(world: County, lecture: Lecture, deck: SlideDeck) -> None:
    other = make_live(world)
    with pytest.raises(UnableToShowSlide) as refused:
        show(other, deck, 1)
    assert refused.value.code == "slides_gone"
    end(lecture)
    for act in (lambda: show(lecture, deck, 1), lambda: hide(lecture)):
        with pytest.raises(UnableToShowSlide) as refused:
            act()
        assert refused.value.code == "state"


def test_before_it_begins_too(world: County, hints: list[int]) -> None:
    coming = make_lecture(world)
    show(coming, drawn(add(coming)), 1)
    assert shown(coming).page == 1


# --- replaced and taken away -------------------------------------------------------------------------------------


def test_what_is_shown_is_replaced_at_the_same_page(lecture: Lecture, deck: SlideDeck) -> None:
    show(lecture, deck, 3)
    new = add(lecture, make_pdf(2), replaces=deck.key)
    assert shown(lecture).deck == deck.key, "until the new one is ready"
    drawn(new)
    assert shown(lecture) == SlideEvent(new.key, 2, 2)
    assert list(decks_of(lecture.pk)) == [new]
    assert SlideDeck.objects.get(pk=deck.pk).removed_at is not None, "kept for the replay"


def test_what_is_not_shown_is_replaced_quietly(lecture: Lecture, deck: SlideDeck) -> None:
    new = drawn(add(lecture, make_pdf(2), replaces=deck.key))
    assert shown(lecture) == NO_SLIDES
    assert list(SlideDeck.objects.all()) == [new]
    later = drawn(add(lecture, replaces="nothing"))
    assert later.replaces is None


def test_a_deck_that_went_meanwhile_is_not_replaced(lecture: Lecture, deck: SlideDeck) -> None:
    show(lecture, deck, 1)
    new = add(lecture, replaces=deck.key)
    remove(lecture, deck)
    drawn(new)
    assert shown(lecture) == NO_SLIDES


def test_taken_away_it_is_hidden_and_its_files_go_unless_they_were_shown(
    lecture: Lecture, deck: SlideDeck, django_capture_on_commit_callbacks: Capture
) -> None:
    show(lecture, deck, 1)
    remove(lecture, deck)
    assert shown(lecture) == NO_SLIDES
    assert storage.slides_folder(lecture.pk, deck.key).is_dir()
    remove(lecture, deck)
    other = drawn(add(lecture))
    with django_capture_on_commit_callbacks(execute=True):
        remove(lecture, other)
    assert not storage.slides_folder(lecture.pk, other.key).exists()


def test_slides_go_180_days_after_a_lecture_without_a_replay(
    lecture: Lecture, deck: SlideDeck, django_capture_on_commit_callbacks: Capture
) -> None:
    show(lecture, deck, 1)
    hide(lecture)
    end(lecture)
    now = timezone.now()
    soon, late = now + dt.timedelta(days=179), now + dt.timedelta(days=221)
    assert operations.delete_old_slides(as_of=soon) == 0
    Lecture.objects.filter(pk=lecture.pk).update(ended_at=now + dt.timedelta(days=10))
    assert operations.delete_old_slides(as_of=now + dt.timedelta(days=181)) == 0
    assert SlideDeck.objects.get().ask_at == now + dt.timedelta(days=211), "asked once a month"
    with django_capture_on_commit_callbacks(execute=True):
        assert operations.delete_old_slides(as_of=late) == 1
    assert not SlideDeck.objects.exists()
    assert not SlideTurn.objects.exists()
    assert not storage.slides_folder(lecture.pk, deck.key).exists()
    assert Lecture.objects.get(pk=lecture.pk).slide_id is None


# --- in the replay -----------------------------------------------------------------------------------------------


def test_a_replay_shows_them_in_step_with_chapters(lecture: Lecture, deck: SlideDeck) -> None:
    start = lecture.occasion.window_start_at
    assert start is not None
    assert replay_slides(lecture).steps == []
    for at_s, page in ((-60, 1), (120, 2), (600, 3)):
        show(lecture, deck, page, start + dt.timedelta(seconds=at_s))
    lecture.refresh_from_db()
    occasion = lecture.occasion
    occasion.media_ms, occasion.media_offset_ms, occasion.media_cuts = 900_000, 0, [[60_000, 30_000]]
    found = replay_slides(lecture)
    assert [(step.at, step.page) for step in found.steps] == [(0, 1), (90_000, 2), (570_000, 3)]
    assert [(chapter.start, chapter.title) for chapter in found.chapters] == [(0, "开场"), (90_000, ""), (570_000, "")]


def test_slides_that_are_deleted_while_they_are_drawn_leave_nothing(
    lecture: Lecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    deck = add(lecture)

    def deleted(*_of: Any, **_how: Any) -> None:
        SlideDeck.objects.filter(pk=deck.pk).delete()
        raise drawing.LeaseLost

    monkeypatch.setattr("media.operations.drawing.pdf.draw", deleted)
    assert operations.draw_slides(deck_id=deck.pk, as_of=timezone.now())
    assert not storage.slides_folder(lecture.pk, deck.key).exists()
