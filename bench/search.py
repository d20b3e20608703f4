"""Search over 5,000 lessons as a member asks it: milliseconds to the first page with its places, and recall.

Embedded shape (SQLite file); with DATABASE_URL of an empty PostgreSQL that has the tables, there. The peer is Django's
icontains over the same words in a plain column; recall: of all lessons that icontains finds, the share found. Each
question is a pair of signs that stands in some lesson, rare or frequent. Goals: 50 ms, recall 1, 20 queries a page.
"""

import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.databases import sqlite_copy

COPY = None if os.environ.get("DATABASE_URL") else sqlite_copy("bench")
os.environ.setdefault("DATABASE_URL", f"sqlite:///{COPY}")
os.environ |= {"VAR_DIR": tempfile.mkdtemp(prefix="classroom-bench-"), "DEMO": "1"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models import Q  # noqa: E402
from django.db.models.signals import post_save  # noqa: E402
from django.test import Client  # noqa: E402
from modelsearch.signal_handlers import post_save_signal_handler  # noqa: E402

from bench._figure import figure  # noqa: E402
from cms.models import CoursePage, LessonPage  # noqa: E402
from cms.operations import index_lessons  # noqa: E402
from courses.finding import pages_found, places_found  # noqa: E402
from courses.models import CourseRun  # noqa: E402
from courses.permissions import readable_runs  # noqa: E402
from tests.attendance.people import expect, make_occasion, make_training  # noqa: E402
from tests.factories.cms import CoursePageFactory, LessonPageFactory  # noqa: E402
from tests.factories.organizations import County, make_county  # noqa: E402

PEER = "icontains"
COURSES, LESSONS, SIGNS, QUESTIONS = 250, 20, 400, 100
COMMON = "安全培训学习防汛急救党员支部会议生产消防健康法律知识方法群众服务工作农村发展"


def write(county: County, chance: random.Random) -> list[str]:
    """Give 5,000 lessons to a branch; return pairs of signs that stand in them."""
    for model in (CoursePage, LessonPage):
        post_save.disconnect(post_save_signal_handler, sender=model)
    training, asked = make_training(county.county), []
    rare = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]
    with transaction.atomic():
        for number in range(COURSES):
            course = CoursePageFactory(title=f"课程{number}", node=county.county)
            occasion = make_occasion(training, title=course.title, kind="course", media_ms=60_000)
            CourseRun.objects.create(occasion=occasion, page=course)
            expect(occasion, county.member, county.branch)
            for _lesson in range(LESSONS):
                signs = chance.choices(COMMON, k=SIGNS // 2) + chance.choices(rare, k=SIGNS // 2)
                chance.shuffle(signs)
                text, at = "".join(signs), chance.randrange(SIGNS - 2)
                asked.append(text[at : at + 2])
                title, body = text[:8], [("text", f"<p>{text}</p>")]
                LessonPageFactory(course=course, title=title, search_description=text, body=body)
    return chance.sample(asked, QUESTIONS)


def milliseconds(ask: Callable[[str], Any], questions: list[str]) -> list[float]:
    times = []
    for question in questions:
        began = time.perf_counter()
        ask(question)
        times.append((time.perf_counter() - began) * 1000)
    return sorted(times)


def contains(question: str) -> Any:
    """The peer: lessons that a LIKE over titles and descriptions finds."""
    found = Q(title__icontains=question) | Q(search_description__icontains=question)
    return LessonPage.objects.live().order_by("path").filter(found)


def speed(questions: list[str], county: County) -> None:
    """Print how long a page of results takes, beside the peer."""
    member, runs = county.member, readable_runs(county.member)

    def search(question: str) -> None:
        pages = pages_found(runs, question)
        pages.count()
        places_found(list(pages[:10]), question, runs=runs, member_id=member.pk)

    def peer(question: str) -> None:
        found = contains(question)
        found.count()
        list(found[:10])

    search(questions[0])
    ours, theirs = milliseconds(search, questions), milliseconds(peer, questions)
    slowest = -(-len(ours) * 95 // 100) - 1
    name = f"search over {COURSES * LESSONS} lessons, {connection.vendor}"
    for what, pick in (("median", statistics.median), ("95 %", lambda times: times[slowest])):
        value, label = pick(ours), f"{name}: {what}"
        figure(bench="search", figure=label, value=value, unit="ms", peer=PEER, peer_value=pick(theirs), goal=50)


def recall(questions: list[str], county: County) -> None:
    """Print how much of what the peer finds is found."""
    runs, wanted, found = readable_runs(county.member), 0, 0
    for question in questions:
        expected = set(contains(question).values_list("pk", flat=True))
        wanted += len(expected)
        found += len(expected & {page.pk for page in pages_found(runs, question)})
    share = found / wanted
    figure(bench="search", figure="recall", value=share, unit="share", peer=PEER, goal=1, higher_is_better=True)


def queries_of_the_page(questions: list[str], county: County) -> None:
    """Print how many queries the member's page takes. Raises RuntimeError where it shows nothing."""
    client = Client()
    client.force_login(county.member)
    asked: list[str] = []

    def count(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if not sql.startswith("BEGIN"):
            asked.append(sql)
        return execute(sql, *rest)

    client.get("/courses/", {"q": questions[0]})
    with connection.execute_wrapper(count):
        answer = client.get("/courses/", {"q": questions[1]})
    if answer.status_code != 200 or b"<mark>" not in answer.content:
        raise RuntimeError(f"the page answered {answer.status_code}, or showed nothing")
    figure(bench="search", figure="queries of the page", value=len(asked), unit="queries", goal=20)


def main() -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    county = make_county()
    questions = write(county, random.Random(11))
    began = time.perf_counter()
    index_lessons()
    took = time.perf_counter() - began
    speed(questions, county)
    recall(questions, county)
    figure(bench="search", figure="writing the index anew", value=took, unit="s")
    queries_of_the_page(questions, county)
    connection.close()
    if COPY is not None:
        shutil.rmtree(Path(COPY).parent)
    shutil.rmtree(os.environ["VAR_DIR"])


if __name__ == "__main__":
    main()
