"""The secretary's list on a phone: of sixty people the last name is three screens away at most, elder mode included."""

import datetime as dt
import os
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from attendance.models import Dispute, Occasion, RecordState, Rule
from organizations.models import User
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


FIRST = ["古丽娜尔", "阿卜杜热西提", "努尔买买提", "迪丽努尔", "欧阳国庆", "吐尔逊阿依"]
LAST_NAME = ["买买提艾力", "阿卜杜拉江", "艾尔肯江", "麦麦提敏", "吾买尔江"]
LONG_NAMES = [f"{first}·{last}" for first in FIRST for last in LAST_NAME][:28]  # of 8 to 12 characters
LONG_NAMES += [f"{name[:7]}甲{number:02}" for number, name in enumerate(LONG_NAMES)] + ["阿卜杜热西提·" * 5]


@pytest.fixture
def county(settings: Any) -> County:
    """Sixty people with long names and something to do each: two lectures and a course, missed in every way."""
    use_plain_kind(settings)
    county = make_county(members=3)
    training = make_training(county.county, "2026 年下半年党员教育培训")
    lecture, walk = (
        make_occasion(training, title=title, media_ms=media_ms)
        for title, media_ms in (("防汛避险：雨季前要做的六件事", 3_600_000), ("入户走访和村部值班安排说明会", None))
    )
    course = make_occasion(
        training, title="手机诈骗怎么防", state=Occasion.State.OPEN, media_ms=360_000,
        rule=make_rule(name="课程", basis=Rule.Basis.MEDIA), ends_at=timezone.now() + dt.timedelta(days=9),
    )  # fmt: skip
    people = [*county.members]
    people += [MembershipFactory(member__name=name, node=county.branch).member for name in LONG_NAMES]
    User.objects.filter(pk__in=[one.pk for one in people[::9]]).update(phone_cipher=None, phone_index=None)
    for number, member in enumerate(people):
        unrecorded = number % 10 == 4
        stand(lecture, member, county.branch, RecordState.INCOMPLETE if unrecorded else RecordState.MISSING, live=11)
        stand(walk, member, county.branch, (RecordState.ATTENDED, RecordState.MISSING, RecordState.EXCUSED)[number % 3])
        expect(course, member, county.branch)
    Dispute.objects.create(occasion=lecture, member=people[0], text="那天我在", raised_at=timezone.now())
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
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=Path(folder) / f"board-60{'-elder' if elder else ''}.png", full_page=True)
        (count, last, wide), smallest = page.evaluate(LAST), page.evaluate(SMALLEST)
    assert count == 60
    assert last <= SCREENS * PHONE["height"]
    assert wide <= PHONE["width"]
    assert smallest >= 48
