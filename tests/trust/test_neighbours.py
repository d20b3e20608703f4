"""A secretary of the neighbouring branch: nothing of this branch, by page, file, post, socket or media address."""

import datetime as dt
import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from attendance.models import Correction, Dispute, Evidence, Occasion, RosterEntry, WatchSession
from attendance.operations import open_occasion, raise_dispute, settle
from courses.models import LessonProgress
from live.models import ChatMessage, Lecture, Restriction
from live.operations import end_lecture
from live.room import tickets
from live.room.process import RoomProcess
from live.room.routing import websockets
from media.signing import signed_url
from organizations.models import AccessEntry, Membership, RoleGrant, User
from tests.factories.attendance import OccasionFactory, TrainingFactory, be_present
from tests.factories.courses import give_course, watch
from tests.factories.live import ChatMessageFactory, make_lecture, make_live
from tests.factories.organizations import JOINED, MembershipFactory, NodeFactory
from tests.trust import requests, urls
from tests.trust.world import MARKS, TRAINING, World, undone

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
NEIGHBOURS = ("neighbour_secretary", "neighbour_organiser", "neighbour", "neighbour_lecturer", "neighbour_operator")
STORED = (
    AccessEntry, ChatMessage, Correction, Dispute, Evidence, LessonProgress, Membership, RoleGrant, RosterEntry,
    WatchSession, Restriction,
)  # fmt: skip
# What a key opens and no session answers everybody alike (tests/live/encoders).
WITH_OBJECTS = [row for row in urls.ROWS if "<" in row.route and (row.who, row.visitor) != (urls.NOBODY, urls.KEY)]


@pytest.fixture(autouse=True)
def rolled_back(unchanged: World) -> World:
    return unchanged


def counts() -> list[int]:
    return [model.objects.count() for model in STORED]


@pytest.mark.parametrize("persona", NEIGHBOURS)
def test_every_address_of_the_branch_is_404_and_stores_nothing(world: World, persona: str) -> None:
    before, wrong = counts(), {}
    for row in WITH_OBJECTS:
        if persona in row.who:
            continue
        for method in row.methods.split():
            world.sign_in(persona)
            url, sent = requests.address(row, world, persona), requests.body(row, method, world)
            status = world.browser.generic(method, url, **sent).status_code
            away = {302, 404} if row.route.startswith("admin/") else {404}
            if status not in away:
                wrong[f"{method} {row.route}"] = status
    assert wrong == {}, str(wrong)
    assert counts() == before


@pytest.mark.parametrize("form", ["csv", "xlsx", "json", "html"])
@pytest.mark.parametrize("name", ["missing", "records"])
def test_exports_are_404_whichever_node_is_asked_for(world: World, name: str, form: str) -> None:
    base = f"/branch/{world.training.pk}/reports/{name}"
    url = f"{base}/" if form == "html" else f"{base}.{form}"
    county = world.county
    assert world.ask("secretary", "GET", url).status_code == 200
    for node in (
        "",
        f"?node={county.branch.pk}",
        f"?node={county.neighbour.pk}",
        f"?node={county.county.pk}",
        "?node=0",
    ):
        assert world.ask("neighbour_secretary", "GET", url + node).status_code == 404
    for node in (county.neighbour, county.township, county.county):
        assert world.ask("secretary", "GET", f"{url}?node={node.pk}").status_code == 404


@pytest.mark.parametrize("what", ["leave", "declare", "correct"])
def test_what_a_secretary_writes_is_404_for_the_neighbour(world: World, what: str) -> None:
    url = f"/branch/occasions/{world.given.pk}/members/{world.member.pk}/{what}/"
    assert world.ask("secretary", "GET", url).status_code == 200
    for method in ("GET", "POST"):
        assert world.ask("neighbour_secretary", method, url).status_code == 404
    own = f"/branch/occasions/{world.given.pk}/members/{world.county.secretary.pk}/{what}/"
    assert world.ask("secretary", "GET", own).status_code == 404


@pytest.mark.parametrize("persona", NEIGHBOURS)
def test_own_pages_say_nothing_of_the_branch(world: World, persona: str) -> None:
    plain = [row for row in urls.ROWS if persona in row.who and "<" not in row.route and "GET" in row.methods]
    if persona == "neighbour_operator":  # any operator keeps the disk in order: titles and states of all videos
        plain = [row for row in plain if not row.route.startswith("admin/videos/")]
    told = {}
    for row in plain:
        text = world.ask(persona, "GET", f"/{row.route}").content.decode("utf-8", "replace")
        if seen := [mark for mark in MARKS if mark in text]:
            told[row.route] = seen
    assert told == {}, str(told)


def test_organiser_reads_counts_without_names(world: World) -> None:
    page = world.ask("organiser", "GET", f"/branch/{world.training.pk}/").content.decode()
    assert TRAINING in page
    assert [name for name in ("王一", "赵书记") if name in page] == []


# --- Media ---------------------------------------------------------------------------------------------------------


def live_address(world: World, viewer: User, path: str = "live.m3u8") -> str:
    return signed_url(root="live", object_id=str(world.on_air.pk), viewer_id=viewer.pk, path=path, as_of=timezone.now())


def test_an_address_signed_for_a_neighbour_opens_nothing(world: World) -> None:
    neighbour = world.county.neighbour_secretary
    for url in (requests.media_address(world, neighbour.pk), live_address(world, neighbour)):
        assert world.ask("neighbour_secretary", "GET", url).status_code == 404
    assert world.ask("member", "GET", live_address(world, world.member)).status_code == 200


@pytest.mark.parametrize("which", ["recording", "live"])
def test_a_playlist_handed_on_opens_nothing_and_ends_with_the_right(world: World, which: str) -> None:
    """The address works where the person is signed in whom it was made for, while they may watch, and no longer."""
    lecture = world.given if which == "recording" else world.on_air
    member, holder = User.objects.get(pk=world.county.members[2].pk), f"on the roster: {which}"
    world.people[holder] = member
    world.sign_in(holder)
    url = requests.media_address(world, member.pk) if which == "recording" else live_address(world, member)
    assert world.ask(holder, "GET", url).status_code == 200
    assert [world.ask(who, "GET", url).status_code for who in ("anyone", "member", "secretary")] == [404, 404, 404]
    RosterEntry.objects.filter(occasion_id=lecture.pk, member=member).delete()
    assert world.ask(holder, "GET", url).status_code == 200  # remembered for minutes
    cache.clear()
    assert world.ask(holder, "GET", url).status_code == 404


def test_a_token_for_another_object_or_person_is_forged(world: World) -> None:
    url = live_address(world, world.member)
    mine = f"l.{world.on_air.pk}."
    assert mine in url
    assert world.ask("member", "GET", url.replace(mine, f"l.{world.given.pk}.")).status_code == 404
    assert world.ask("member", "GET", url.replace("/m/l.", "/m/v.")).status_code == 404


# --- The socket ----------------------------------------------------------------------------------------------------


async def closed_with(occasion_id: int, *, ticket: str, session: str, origin: str) -> tuple[list[str], int]:
    """Open the room's socket as a browser does; return what was sent and the code of the close."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    cookie = f"{settings.SESSION_COOKIE_NAME}={session}".encode()
    headers = [(b"origin", origin.encode()), (b"host", b"127.0.0.1"), (b"cookie", cookie)]
    path = f"/ws/live/{occasion_id}/"
    scope: dict[str, Any] = {
        "type": "websocket",
        "path": path,
        "query_string": f"ticket={ticket}".encode(),
        "headers": headers,
    }
    scope["state"] = {"rooms": RoomProcess()}
    await websockets(scope, receive, send)
    return [message["type"] for message in sent], sent[-1].get("code", 0)


def ticket_of(world: World, session: str, occasion_id: int) -> str:
    made = tickets.Ticket(occasion=occasion_id, member=world.member.pk, device="a" * 32, host=False, counted=True)
    return tickets.make(made, session_key=session)


@pytest.mark.parametrize("case", ["none", "nonsense", "another's", "another room's", "expired"])
async def test_the_socket_stays_shut(world: World, case: str) -> None:
    """A ticket opens one room, for the browser that fetched it, for two minutes."""
    room, mine, theirs = world.on_air.pk, world.sessions["neighbour_secretary"], world.sessions["member"]
    good = ticket_of(world, theirs, room)
    with time_machine.travel(timezone.now() - dt.timedelta(seconds=tickets.MAX_AGE_S + 1)):
        old = ticket_of(world, mine, room)
    elsewhere = ticket_of(world, mine, world.given.pk)
    shown = {"none": "", "nonsense": "x:y:z", "another's": good, "another room's": elsewhere, "expired": old}[case]
    answer = await closed_with(room, ticket=shown, session=mine, origin=settings.ALLOWED_ORIGINS[0])
    assert answer == (["websocket.accept", "websocket.close"], 4403)


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", ""])
async def test_another_sites_page_opens_no_socket(world: World, origin: str) -> None:
    theirs = world.sessions["member"]
    ticket = ticket_of(world, theirs, world.on_air.pk)
    assert await closed_with(world.on_air.pk, ticket=ticket, session=theirs, origin=origin) == (["websocket.close"], 0)


def test_tickets_are_made_for_oneself(world: World) -> None:
    url = f"/live/{world.on_air.pk}/ticket.json?device={'b' * 32}"
    made = json.loads(world.ask("member", "GET", url).content)["ticket"]
    cookie = f"{settings.SESSION_COOKIE_NAME}={world.sessions['member']}"
    ticket, session_key = tickets.read(made, occasion_id=world.on_air.pk, cookie_header=cookie)
    assert (ticket.member, session_key) == (world.member.pk, world.sessions["member"])
    assert world.ask("neighbour_secretary", "GET", url).status_code == 404


# --- Two worlds ----------------------------------------------------------------------------------------------------

CSRF = re.compile(rb'csrfmiddlewaretoken" value="[^"]*"|csrf[^"]{0,12}"[^"]*"[A-Za-z0-9]{64}"')


def pages_of_the_branch(world: World) -> Iterator[tuple[str, str]]:
    training, base = world.training.pk, f"/branch/{world.training.pk}"
    for url in ("/branch/", f"{base}/", f"{base}/hall/", f"{base}/members/{world.member.pk}/"):
        yield "secretary", url
    for name in ("missing", "records"):
        for end in ("/", ".csv", ".json", ".xlsx"):
            yield "secretary", f"/branch/{training}/reports/{name}{end}"
    for url in (
        "/",
        "/me/",
        f"/me/records/{world.given.pk}/",
        "/me/data.json",
        "/courses/",
        f"/courses/{world.course.run.pk}/",
    ):
        yield "member", url
    for url in (f"/live/{world.on_air.pk}/state.json", f"/live/{world.given.pk}/replay/"):
        yield "member", url
    yield "lecturer", f"/live/{world.on_air.pk}/host/"


def bytes_of(world: World) -> dict[str, bytes]:
    found = {}
    for persona, url in pages_of_the_branch(world):
        answer = world.ask(persona, "GET", url)
        assert answer.status_code == 200, url
        body = answer.content
        if url.endswith(".xlsx"):
            book = zipfile.ZipFile(io.BytesIO(body))
            body = b"".join(book.read(name) for name in sorted(book.namelist()) if not name.startswith("docProps"))
        found[f"{persona} {url}"] = CSRF.sub(b"", body)
    return found


def fill_the_rest_of_the_tree(world: World) -> None:
    """Everything that can be there, outside the branch: people of the same names, lectures, disputes, courses."""
    county, now = world.county, timezone.now()
    for name in ("王一0", "王一1", "张三"):
        MembershipFactory(member__name=name, node=county.neighbour, active_from_date=JOINED)
    training = TrainingFactory(node=county.neighbour, title="防汛避险")
    start = now - dt.timedelta(hours=3)
    given = make_lecture(county, node=county.neighbour, starts_at=start)
    Lecture.objects.filter(pk=given.pk).update(state="live", live_at=start)
    occasion = Occasion.objects.get(pk=given.pk)
    open_occasion(occasion_id=occasion.pk, as_of=start)
    be_present(occasion, county.neighbour_member, 0, 600)
    end_lecture(occasion_id=given.pk, as_of=start + dt.timedelta(hours=1))
    settle(occasion_id=given.pk, as_of=start + dt.timedelta(hours=1))
    raise_dispute(occasion_id=given.pk, member_id=county.neighbour_member.pk, text="不对", as_of=now)
    ChatMessageFactory(lecture=make_live(county, node=county.neighbour), author=county.neighbour_member)
    OccasionFactory(training=training, node=county.neighbour, starts_at=now + dt.timedelta(hours=2))
    course = give_course(county.neighbour, title="邻支部课程")
    open_occasion(occasion_id=course.run.pk, as_of=now)
    watch(course, county.neighbour_member, (0, 5_000))
    make_more_tree(world)


def make_more_tree(world: World) -> None:
    another = NodeFactory(parent=world.county.township, name="东风村第三支部", code="QX.01.03")
    MembershipFactory(member__name="孙七", node=another)
    TrainingFactory(node=another)
    NodeFactory(name="白石县", code="BS")


def test_two_worlds_that_differ_outside_the_branch_give_the_same_bytes(world: World) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        before = bytes_of(world)
        with undone():
            fill_the_rest_of_the_tree(world)
            after = bytes_of(world)
    assert {url: body == after[url] for url, body in before.items()} == dict.fromkeys(before, True)


def test_the_comparison_would_notice(world: World) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        before = bytes_of(world)
        RosterEntry.objects.filter(occasion_id=world.given.pk, member=world.county.members[2]).delete()
        after = bytes_of(world)
    changed = {url for url, body in before.items() if body != after[url]}
    records = {f"secretary /branch/{world.training.pk}/reports/records{end}" for end in ("/", ".csv", ".json", ".xlsx")}
    assert records <= changed
