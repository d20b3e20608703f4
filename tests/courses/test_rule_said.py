"""The course page says the rule in one sentence: what is enough, how to make it up, and the hours it gives."""

import pytest
from django.test import Client
from django.urls import reverse

from attendance.sentences.rules import rule_of_occasion
from tests.factories.courses import give_course
from tests.factories.organizations import make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def test_a_member_reads_the_rule_on_the_course_page() -> None:
    county = make_county()
    given, client = give_course(county.branch), Client()
    client.force_login(county.member)
    said = rule_of_occasion(given.run.occasion)
    assert said == "看满 80% 就算学完，到期后学完算补学，补到课和培训都结束以后 14 天；记 1 学时"
    assert said in client.get(reverse("courses_course", args=[given.run.pk])).content.decode()
