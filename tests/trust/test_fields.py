"""No field without a rule, and phone numbers nowhere but sealed: not in exports, logs, sessions or dumps."""

import io
import json
import logging
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers
from django.db.models import Model
from django.utils import timezone

from config.retention import fields
from organizations.models import AccessEntry, Node, User
from organizations.operations import import_roster
from organizations.queries import phone_of
from tests.factories.organizations import PASSWORD, UserFactory
from tests.trust.others import OTHERS
from tests.trust.world import World

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
OWN_APPS = (
    "config",
    "organizations",
    "attendance",
    "meetings",
    "certificates",
    "api",
    "quizzes",
    "packages",
    "media",
    "cms",
    "courses",
    "live",
    "lti",
)


def stored(model: type[Model]) -> set[str]:
    return {field.name for field in [*model._meta.local_concrete_fields, *model._meta.local_many_to_many]}


@pytest.mark.unit
def test_every_field_of_every_model_is_named_once() -> None:
    models = {model._meta.label: model for label in OWN_APPS for model in apps.get_app_config(label).get_models()}
    named = {label: [name for row in rows for name in row.names.split()] for label, rows in fields.FIELDS.items()}
    assert {label: sorted(names) for label, names in named.items()} == {
        label: sorted(stored(model)) for label, model in models.items()
    }


@pytest.mark.unit
def test_every_row_says_what_it_is_who_reads_it_and_for_how_long() -> None:
    rows = [row for model in fields.FIELDS.values() for row in model]
    assert {row.kind for row in rows} == set(fields.KINDS)
    assert [row for row in rows if not (row.readers and row.kept)] == []


@pytest.mark.unit
def test_tables_of_others_hold_no_more_of_a_person_than_named() -> None:
    found = {}
    for model in apps.get_models(include_auto_created=False):
        if model._meta.app_label in OWN_APPS:
            continue
        names = [field.name for field in model._meta.local_fields if field.related_model is User]
        if names:
            found[model._meta.label] = " ".join(sorted(names))
    assert found == OTHERS


@pytest.mark.unit
def test_wagtails_models_are_not_extended_with_people() -> None:
    """Ours that inherit theirs are pages of content; none points at a person."""
    own = [model for label in OWN_APPS for model in apps.get_app_config(label).get_models()]
    heirs = [
        model for model in own if any(base._meta.app_label not in OWN_APPS for base in model._meta.get_parent_list())
    ]
    assert {model._meta.label for model in heirs} == {
        "cms.CourseIndexPage",
        "cms.CoursePage",
        "cms.LessonPage",
        "cms.PathPage",
        "cms.SubtreeReview",
    }
    assert [model for model in heirs for field in model._meta.local_fields if field.related_model is User] == []


@pytest.mark.unit
def test_what_wagtail_searches_and_logs_knows_no_phone() -> None:
    """The trail of changed rows leaves the number out in every form."""
    from auditlog.registry import auditlog

    watched = set(auditlog.get_model_fields(User)["include_fields"])
    assert watched == {"name", "number", "is_active", "is_staff", "is_superuser"}


# --- Phone numbers -------------------------------------------------------------------------------------------------


def digits_of(people: list[User]) -> list[str]:
    """The eleven digits of each number, as nobody may find them anywhere."""
    return [phone_of(user).removeprefix("+86") for user in people if user.phone_cipher]


@pytest.fixture
def everybody(unchanged: World) -> list[str]:
    return digits_of(list(User.objects.all()))


def spoken_of(numbers: list[str], text: str) -> list[str]:
    squeezed = re.sub(r"[\s-]", "", text)
    return [number for number in numbers if number in squeezed]


def whole_text(name: str, body: bytes) -> str:
    if not name.endswith(".xlsx"):
        return body.decode("utf-8-sig")
    book = zipfile.ZipFile(io.BytesIO(body))
    return " ".join(book.read(part).decode() for part in book.namelist())


@pytest.mark.integration
@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
@pytest.mark.parametrize("name", ["missing", "records"])
def test_exports_hold_no_phone_number(world: World, everybody: list[str], name: str, form: str) -> None:
    url = f"/branch/{world.training.pk}/reports/{name}.{form}"
    text = whole_text(url, world.ask("secretary", "GET", url).content)
    assert "王一" in text
    assert len(everybody) > 10
    assert spoken_of(everybody, text) == []


@pytest.mark.integration
def test_pages_show_no_number_but_ones_own(world: World, everybody: list[str]) -> None:
    base = f"/branch/{world.training.pk}"
    for url in (f"{base}/", f"{base}/members/{world.member.pk}/", f"{base}/hall/", f"{base}/reports/records/"):
        assert spoken_of(everybody, world.ask("secretary", "GET", url).content.decode()) == []
    mine = digits_of([world.member])
    assert spoken_of(everybody, world.ask("member", "GET", "/me/data.json").content.decode()) == mine


@pytest.mark.integration
def test_a_revealed_number_is_written_down(world: World, everybody: list[str], unchanged: World) -> None:
    world.sign_in("secretary")
    answer = world.browser.post(f"/branch/{world.training.pk}/members/{world.member.pk}/phone/")
    assert spoken_of(everybody, answer.content.decode()) == digits_of([world.member])
    entry = AccessEntry.objects.get(subject=world.member)
    assert (entry.reader, entry.what) == (world.county.secretary, "phone")


@pytest.fixture
def spoken(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All that is logged, at every level, with the values of structlog's events."""
    chatty = logging.getLogger("config.middleware")
    before = chatty.level
    chatty.setLevel(logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        yield caplog
    chatty.setLevel(before)


def roster_file(phone: str) -> io.BytesIO:
    file = io.BytesIO(f"组织,姓名,手机号\n东风村第一支部,林九,{phone}\n".encode())
    file.name = "roster.csv"
    return file


@pytest.mark.integration
def test_neither_logs_nor_sessions_nor_dumps_hold_a_number(
    world: World, unchanged: World, spoken: pytest.LogCaptureFixture, settings: Any
) -> None:
    """Sign-in by password and by code, right and wrong, an import, a reveal, a download."""
    user, unknown, imported = UserFactory(phone="+8613712345678", password=PASSWORD), "13787654321", "13700001111"
    own = phone_of(user).removeprefix("+86")
    numbers = [*digits_of(list(User.objects.all())), unknown, imported]
    browser = world.browser
    browser.cookies.clear()
    for phone, password in ((own, "wrong-password"), (unknown, PASSWORD), ("137-1234-5678", PASSWORD)):
        browser.post("/accounts/login/", {"login": phone, "password": password})
    assert browser.session["_auth_user_id"] == str(user.pk)
    browser.cookies.clear()
    settings.DEMO = True  # otherwise a site without a way for messages takes no number here
    for phone in (own, unknown):
        browser.post("/accounts/login/code/", {"phone": phone})
    settings.DEMO = False
    import_roster(
        path_or_file=roster_file(imported),
        under=Node.objects.get(pk=world.county.township.pk),
        dry_run=False,
        as_of=timezone.now(),
        actor_id=world.county.operator.pk,
    )
    assert User.objects.filter(phone_last4="1111", name="林九").exists()
    world.sign_in("secretary")
    browser.post(f"/branch/{world.training.pk}/members/{world.member.pk}/phone/")
    world.sign_in("member")
    browser.get("/me/data.json")
    lines = [f"{record.getMessage()} {record.__dict__}" for record in spoken.records]
    assert any("sms_to_console" in line for line in lines)
    assert any("'request'" in line for line in lines)
    assert [line for line in lines if spoken_of(numbers, line)] == []
    assert [model for model, text in dumped() if spoken_of(numbers, text)] == []


def dumped() -> Iterator[tuple[str, str]]:
    for model in apps.get_models(include_auto_created=True):
        rows: Any = model._default_manager.all()
        yield model._meta.label, serializers.serialize("json", rows)


@pytest.mark.integration
def test_a_download_about_oneself_names_nobody_else(world: World) -> None:
    data = world.ask("member", "GET", "/me/data.json").content.decode()
    held = json.loads(data)
    assert held["person"]["name"] == world.member.name
    assert [name for name in ("王一1", "王一2", "李二", "钱书记") if name in data] == []
