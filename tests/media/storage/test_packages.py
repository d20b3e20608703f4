"""Files of packages in a bucket that no row names: found there as on a disk, and nothing else is touched."""

import datetime as dt

import pytest
from django.utils import timezone

from media import storage
from media.core.place import Place
from packages import operations as do
from packages.operations import sweeping
from tests.factories.organizations import make_county
from tests.media.storage.conftest import Line
from tests.packages.zips import make_package

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
LATER = dt.timedelta(days=1, minutes=10)


def made() -> str:
    county, now = make_county(), timezone.now()
    package = do.add_package(
        file=make_package(), title="", node_id=county.branch.pk, made_by_id=county.organiser.pk, as_of=now
    )
    return str(package.key)


def left_behind(*keys: str) -> None:
    for key in keys:
        work = storage.make_work_folder(key)
        (work / "index.html").write_text("<p>", encoding="utf-8")
        storage.place_package(work, key)


def folders() -> set[str]:
    return {one.name for one in storage.package_folders()}


def test_what_no_row_names_in_a_bucket_goes_a_day_later(in_bucket: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "AT_ONCE", 2)
    monkeypatch.setattr(sweeping, "MOST_DROPPED", 2)
    key = made()
    left_behind("0a", "0b", "0c")
    assert folders() == {key, "0a", "0b", "0c"}
    now = timezone.now()
    assert do.drop_unnamed(as_of=now) == 0  # their rows may be on their way
    assert [do.drop_unnamed(as_of=now + LATER) for _turn in range(3)] == [2, 1, 0]
    assert folders() == {key}
    assert storage.placed_at(f"packages/{key}") is not None


def test_a_bucket_that_is_away_is_asked_again_by_the_next_turn(in_bucket: Place, line: Line) -> None:
    left_behind("0d")
    line.breaks("down", "GET")
    assert do.drop_unnamed(as_of=timezone.now() + LATER) == 0
    line.breaks("")
    assert do.drop_unnamed(as_of=timezone.now() + LATER) == 1
