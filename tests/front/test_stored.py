"""nginx keeps what lies in a bucket: asked for there once, whoever asks, and still given to nobody else (ADR 93)."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
import requests

from tests.front.seed import SEGMENT
from tests.front.site import Front, front_site
from tests.front.test_front import cookies, raw
from tests.media.storage.conftest import KEYS, Line, line_to, s3_service

pytestmark = pytest.mark.front
VIEWERS = 20


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with s3_service() as service, line_to(service) as counted:
        yield counted


@pytest.fixture(scope="module")
def far(line: Line) -> Iterator[Front]:
    """The site with its films in a bucket; the line to it counts."""
    bucket = boto3.client(
        "s3", endpoint_url=line.url, region_name="us-east-1",
        aws_access_key_id=KEYS["key_id"], aws_secret_access_key=KEYS["secret"],
    )  # fmt: skip
    bucket.create_bucket(Bucket="films")
    storage = {
        "STORAGE_URL": f"s3://films?endpoint={line.url}&region=us-east-1&addressing=path",
        "STORAGE_KEY_ID": KEYS["key_id"], "STORAGE_SECRET": KEYS["secret"], "MEDIA_CACHE": "1",
    }  # fmt: skip
    with front_site(**storage) as running:
        for name in ("480p-0001.m4s", "480p-0002.m4s", "480p-0003.m4s"):
            bucket.put_object(Bucket="films", Key=f"{running.facts['folder']}/{name}", Body=SEGMENT)
        yield running
    bucket.close()


@pytest.fixture(scope="module")
def organiser(far: Front) -> requests.Session:
    return far.browser("organiser")


def part(front: Front, number: int) -> str:
    return str(front.facts["segment"]).replace("0001", f"{number:04}")


def test_many_viewers_cost_the_bucket_one_read(far: Front, organiser: requests.Session, line: Line) -> None:
    assert organiser.get(far.url + part(far, 2), timeout=60).status_code == 200  # every library is read by now
    url, before = far.url + part(far, 1), len(line.asked)
    with ThreadPoolExecutor(VIEWERS) as pool:
        answers = list(pool.map(lambda _one: organiser.get(url, timeout=60), range(VIEWERS)))
    assert [(one.status_code, one.content == SEGMENT) for one in answers] == [(200, True)] * VIEWERS
    assert Counter(method for method, _path in line.asked[before:]) == {"HEAD": 1, "GET": 1}
    ranged = organiser.get(url, headers={"Range": "bytes=1000-1999"}, timeout=60)
    assert (ranged.status_code, ranged.content) == (206, SEGMENT[1000:2000])
    same = organiser.get(url, headers={"If-None-Match": answers[0].headers["ETag"]}, timeout=60)
    assert (same.status_code, same.content) == (304, b"")
    assert len(line.asked) == before + 2


def test_its_headers_are_those_of_a_file_of_ones_own(far: Front, organiser: requests.Session) -> None:
    answer = raw(far, part(far, 2), {"Cookie": cookies(organiser)})
    assert answer.status == 200
    headers = {name.lower(): value for name, value in answer.headers}
    assert headers["content-type"] == "video/iso.segment"
    assert headers["cache-control"] == "private, max-age=31536000, immutable"
    assert headers["vary"] == "Cookie"
    assert {"set-cookie", "x-accel-redirect"}.isdisjoint(headers)
    assert [name for name, number in Counter(name.lower() for name, _v in answer.headers).items() if number > 1] == []


def test_what_is_kept_is_nobody_elses(far: Front, organiser: requests.Session) -> None:
    url = far.url + part(far, 1)
    assert organiser.get(url, timeout=60).status_code == 200
    for browser in (far.browser(), far.browser("member")):
        answer = browser.get(url, timeout=60)
        assert (answer.status_code, SEGMENT[:20] in answer.content) == (404, False)
    for inner in ("/_media/stored/x/videos/", f"/_media/stored/x/{far.facts['folder']}/480p-0001.m4s"):
        assert organiser.get(far.url + inner, timeout=60).status_code == 404
    said = far.all_logged()
    assert '"request":"GET /_media/stored/…"' in said
    assert "/_media/stored/" not in said.replace("/_media/stored/…", "")


def test_a_bucket_that_is_away_is_said_and_not_kept(far: Front, organiser: requests.Session, line: Line) -> None:
    url = far.url + part(far, 3)
    line.breaks("down", "HEAD", "GET")
    try:
        answer = organiser.get(url, timeout=60)
        assert answer.status_code == 503
        assert "immutable" not in answer.headers.get("Cache-Control", "")
    finally:
        line.breaks("")
    again = organiser.get(url, timeout=60)
    assert (again.status_code, again.content) == (200, SEGMENT)
    gone = organiser.get(far.url + part(far, 9), timeout=60)
    assert (gone.status_code, "immutable" in gone.headers.get("Cache-Control", "")) == (404, False)
