"""What people are listed by follows their names, whichever way a name is written."""

import pytest
from django.db.models import Q

from organizations.models import User
from organizations.operations.people import rename_member
from organizations.queries import people_named
from tests.factories.organizations import UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def test_saving_renaming_and_creating_in_bulk_write_it() -> None:
    one = UserFactory(name="吕明")
    User.objects.bulk_create([User(name="单玉香", username="bulk"), User(name="周德顺", username="bulk2")])
    assert list(User.objects.order_by("name_key").values_list("name_key", flat=True)) == [
        "lv3ming2", "shan4yu4xiang1", "zhou1de2shun4",
    ]  # fmt: skip
    rename_member(member_id=one.pk, name="曾明")
    assert User.objects.get(pk=one.pk).name_key == "zeng1ming2"


def test_lists_of_people_are_in_that_order_in_every_database() -> None:
    """Finding: secretary 28."""
    for name in ("周明", "连明", "宋明", "李明", "吕明"):
        UserFactory(name=name)
    found = people_named("明", among=Q())
    assert [one.name for one in found] == ["李明", "连明", "吕明", "宋明", "周明"]
