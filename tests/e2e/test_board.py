"""The secretary's list on a phone: of sixty people the last name is three screens away at most, elder mode included."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from attendance.models import Dispute, Occasion, RecordState, Rule
from tests.attendance.people import expect, make_occasion, make_rule, make_training, stand, use_plain_kind
from tests.e2e.pages.browser import PHONE, chromium
from tests.factories.organizations import County, MembershipFactory, make_county

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]
STYLES = Path(__file__).resolve().parents[2] / "static/css/app.css"
SCREENS = 3
LAST = """() => {
  const names = [...document.querySelectorAll(".people > li")].filter((one) => !one.closest("details"));
  return [names.length, names[names.length - 1].getBoundingClientRect().bottom, document.body.scrollWidth];
}"""
CALL = ".people button.tel, .people a.tel, .people .name"
SMALLEST = f"""() => Math.min(...[...document.querySelectorAll("{CALL}")].map((one) => one.offsetHeight))"""


@pytest.fixture
def county(settings: Any) -> County:
    """Sixty people who have all missed two lectures, each with a course to go on with; one disputes it."""
    use_plain_kind(settings)
    county = make_county(members=3)
    training = make_training(county.county, "2026 年下半年党员教育培训")
    occasions = [
        make_occasion(training, title=title, media_ms=3_600_000)
        for title in ("急救常识", "防汛避险：雨季前要做的六件事")
    ]
    course = make_occasion(
        training, title="手机诈骗怎么防", state=Occasion.State.OPEN, media_ms=360_000,
        rule=make_rule(name="课程", basis=Rule.Basis.MEDIA), ends_at=timezone.now() + dt.timedelta(days=9),
    )  # fmt: skip
    names = ["古丽娜尔·买买提艾力", "阿卜杜热西提·" * 5, *(f"欧阳国庆{number}" for number in range(55))]
    added = [MembershipFactory(member__name=name, node=county.branch).member for name in names]
    people = [*county.members, *added]
    for number, member in enumerate(people):
        for occasion in occasions:
            stand(occasion, member, county.branch, RecordState.MISSING, live=number % 3)
        expect(course, member, county.branch)
    Dispute.objects.create(occasion=occasions[0], member=people[0], text="那天我在", raised_at=timezone.now())
    return county


@pytest.mark.parametrize("elder", [False, True])
def test_sixty_names_end_within_three_screens(county: County, elder: bool) -> None:
    client = Client()
    client.force_login(county.secretary)
    address = re.findall(r'href="(/branch/\d+/)"', client.get("/branch/").content.decode())[0]
    text = re.sub(r"<(script|link).*?(</script>|>)", "", client.get(address).content.decode(), flags=re.DOTALL)
    if elder:
        text = text.replace("<html ", '<html data-mode="elder" ', 1)
    with chromium() as browser:  # from here on nothing asks the database
        page = browser.new_page(viewport=PHONE)
        page.set_content(text)
        page.add_style_tag(content=STYLES.read_text())
        (count, last, wide), smallest = page.evaluate(LAST), page.evaluate(SMALLEST)
    assert count == 60
    assert last <= SCREENS * PHONE["height"]
    assert wide <= PHONE["width"]
    assert smallest >= 48
