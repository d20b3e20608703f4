"""What a statement says, word for word."""

import datetime as dt
import uuid

import pytest

from api.core.delivery import PAUSES_S, Answer, answer_of, lasting_pause_s
from api.core.statements import TYPES, VERBS, Result, Thing, agent, duration, id_of, statement, voiding
from tests.api.lrs import check

pytestmark = pytest.mark.unit
SITE = "https://study.example.cn"
AT = dt.datetime(2026, 9, 1, 8, 0, 0, 123456, tzinfo=dt.UTC)
ID = id_of(site=SITE, key="quiz 1")


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (0, "PT0S"), (9, "PT0S"), (10, "PT0.01S"), (3_500, "PT3.5S"), (60_000, "PT1M"), (2_703_500, "PT45M3.5S"),
        (3_600_000, "PT1H"), (90_061_230, "PT25H1M1.23S"), (600_000, "PT10M"), (10_000, "PT10S"),
    ],
)  # fmt: skip
def test_a_duration(ms: int, said: str) -> None:
    assert duration(ms) == said


def test_the_same_thing_has_the_same_id_and_no_other() -> None:
    assert id_of(site=SITE, key="quiz 1") == ID
    assert len({ID, id_of(site=SITE, key="quiz 2"), id_of(site="https://other.example.cn", key="quiz 1")}) == 3
    assert ID.version == 5


def test_a_statement_with_everything() -> None:
    course = Thing(f"{SITE}/xapi/trainings/1", "course", "防汛")
    said = statement(
        id_=ID, actor=agent(site=SITE, account="a-1"), verb="passed",
        thing=Thing(f"{SITE}/xapi/quizzes/2", "assessment", "自测"),
        result=Result(completion=True, success=True, score=(2, 3), duration_ms=61_000, extensions={f"{SITE}/x": 1.5}),
        within={"grouping": course}, platform="课堂", at=AT,
    )  # fmt: skip
    check(said)
    assert said["actor"] == {"objectType": "Agent", "account": {"homePage": SITE, "name": "a-1"}}
    assert said["result"] == {
        "completion": True, "success": True, "score": {"scaled": 0.6667, "raw": 2, "min": 0, "max": 3},
        "duration": "PT1M1S", "extensions": {f"{SITE}/x": 1.5},
    }  # fmt: skip
    assert said["context"]["contextActivities"] == {"grouping": [course.as_activity()]}
    assert said["timestamp"] == "2026-09-01T08:00:00.123+00:00"


@pytest.mark.parametrize("verb", sorted(VERBS))
@pytest.mark.parametrize("kind", sorted(TYPES))
def test_a_statement_with_little(verb: str, kind: str) -> None:
    said = statement(
        id_=ID, actor=agent(site=SITE, account="a-1", name="王"), verb=verb, thing=Thing(f"{SITE}/xapi/x", kind, "题"),
        result=Result(), within={}, platform="课堂", at=AT,
    )  # fmt: skip
    check(said)
    assert (said["result"], said["actor"]["name"], "contextActivities" in said["context"]) == ({}, "王", False)


def test_a_voiding() -> None:
    said = voiding(id_=ID, site=SITE, voided=uuid.UUID(int=7), at=AT)
    check(said)
    assert said["object"] == {"objectType": "StatementRef", "id": "00000000-0000-0000-0000-000000000007"}


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        (200, Answer.TAKEN), (204, Answer.TAKEN), (409, Answer.HAS_IT), (400, Answer.REFUSED), (413, Answer.REFUSED),
        (422, Answer.REFUSED), (0, Answer.LATER), (302, Answer.LATER), (401, Answer.LATER), (403, Answer.LATER),
        (404, Answer.LATER), (429, Answer.LATER), (500, Answer.LATER), (503, Answer.LATER),
    ],
)  # fmt: skip
def test_what_an_answer_means(status: int, meant: Answer) -> None:
    assert answer_of(status) is meant


def test_pauses_grow_and_never_end() -> None:
    assert [lasting_pause_s(count) for count in (1, 2, 3, 4, 5, 500)] == [*PAUSES_S[:4], PAUSES_S[3], PAUSES_S[3]]
