"""A lecture on the air with a deck, made through the real operations; the broker's hints are gathered."""

from pathlib import Path

import pytest
from django.utils import timezone

from live import operations
from live.models import Lecture, SlideDeck
from media.operations import Drawing
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county
from tests.pdfs import make_pdf


@pytest.fixture
def world(db: None, var_dir: Path) -> County:
    return make_county()


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    told: list[int] = []
    monkeypatch.setattr(Drawing, "hint", lambda _kind, job_id: told.append(job_id))
    return told


@pytest.fixture
def lecture(world: County, hints: list[int]) -> Lecture:
    return make_live(world)


def add(lecture: Lecture, data: bytes | None = None, *, name: str = "防汛.pdf", replaces: str = "") -> SlideDeck:
    return operations.add_deck(
        occasion_id=lecture.pk,
        actor_id=lecture.lecturer_id,
        name=name,
        chunks=[make_pdf(3, titles={1: "开场"}) if data is None else data],
        as_of=timezone.now(),
        replaces=replaces,
    )


def drawn(deck: SlideDeck) -> SlideDeck:
    assert operations.draw_slides(deck_id=deck.pk, as_of=timezone.now())
    deck.refresh_from_db()
    return deck


@pytest.fixture
def deck(lecture: Lecture) -> SlideDeck:
    return drawn(add(lecture))
