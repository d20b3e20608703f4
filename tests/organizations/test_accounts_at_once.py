"""Two visits at one moment, for one account or one person: one link, and a sentence for whoever comes second."""

from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from organizations.models import AccountLink, Role, User
from organizations.operations import accounts, set_phone
from organizations.operations.accounts import (
    Refusal,
    UnableToLinkAccount,
    UnableToUseAccount,
    link_account,
    link_own_account,
    person_of_account,
)
from organizations.queries import phone_of
from tests.factories.organizations import RoleGrantFactory, UserFactory
from tests.races import together

pytestmark = [pytest.mark.integration]


def visit(person: User, external_id: str) -> Any:
    return person_of_account(provider="oidc", external_id=external_id, phone=phone_of(person), as_of=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_the_same_account_twice_lets_its_person_in_twice() -> None:
    person = UserFactory()
    found = together(*[partial(visit, person, "zhang")] * 2, refusals=(UnableToUseAccount,))
    assert found == [person, person]
    assert AccountLink.objects.get().member == person


@pytest.mark.django_db(transaction=True)
def test_of_two_accounts_with_one_number_the_first_is_theirs() -> None:
    person = UserFactory()
    found = together(partial(visit, person, "a"), partial(visit, person, "b"), refusals=(UnableToUseAccount,))
    refused = [one for one in found if isinstance(one, UnableToUseAccount)]
    assert [one.why for one in refused] == [Refusal.OTHER_ACCOUNT]
    assert AccountLink.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_account_for_two_people() -> None:
    """They hold no lock in common: the database has the last word."""
    people = [UserFactory(), UserFactory()]
    works = [
        partial(link_account, member_id=person.pk, provider="oidc", external_id="a", as_of=timezone.now())
        for person in people
    ]
    found = together(*works, refusals=(UnableToLinkAccount,))
    assert sorted(isinstance(one, UnableToLinkAccount) for one in found) == [False, True]
    assert AccountLink.objects.count() == 1


def bind(person: User, external_id: str) -> Any:
    return link_own_account(member_id=person.pk, provider="wechat", external_id=external_id, as_of=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_one_account_that_two_people_link_to_themselves() -> None:
    people = [UserFactory(), UserFactory()]
    found = together(*[partial(bind, person, "a") for person in people], refusals=(UnableToUseAccount,))
    assert sorted(isinstance(one, UnableToUseAccount) for one in found) == [False, True]
    assert AccountLink.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_accounts_that_one_person_links_to_themselves() -> None:
    person = UserFactory()
    found = together(partial(bind, person, "a"), partial(bind, person, "b"), refusals=(UnableToUseAccount,))
    assert [one.why for one in found if isinstance(one, UnableToUseAccount)] == [Refusal.SECOND]
    assert AccountLink.objects.count() == 1


@pytest.mark.django_db
def test_what_the_database_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_kwargs: Any) -> None:
        raise IntegrityError

    person = UserFactory()
    monkeypatch.setattr(AccountLink.objects, "create", refuse)
    with pytest.raises(UnableToUseAccount) as error:
        visit(person, "zhang")
    assert error.value.why is Refusal.AT_ONCE
    with pytest.raises(UnableToUseAccount, match=Refusal.AT_ONCE.value):
        bind(person, "zhang")
    with pytest.raises(UnableToLinkAccount, match="刚刚有人"):
        link_account(member_id=person.pk, provider="oidc", external_id="zhang", as_of=timezone.now())


@pytest.mark.django_db
def test_a_number_that_was_taken_away_meanwhile_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    person = UserFactory()
    monkeypatch.setattr("organizations.operations.accounts.user_by_phone", lambda _phone: person)
    with pytest.raises(UnableToUseAccount) as error:
        person_of_account(provider="oidc", external_id="a", phone="+8613900009999", as_of=timezone.now())
    assert error.value.why is Refusal.UNKNOWN


@pytest.mark.django_db
def test_whoever_manages_the_site_is_linked_by_hand_alone() -> None:
    """The list of numbers elsewhere is written by others."""
    person = RoleGrantFactory(role=Role.OPERATOR).user
    set_phone(member_id=person.pk, phone="+8613900008888", verified=True)
    person.refresh_from_db()
    with pytest.raises(UnableToUseAccount) as error:
        visit(person, "zhang")
    assert (error.value.why, AccountLink.objects.count()) == (Refusal.BY_HAND, 0)
    link_account(member_id=person.pk, provider="oidc", external_id="zhang", as_of=timezone.now())
    assert visit(person, "zhang") == person


@pytest.mark.django_db
def test_a_link_that_was_ended_meanwhile_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    person = UserFactory()
    visit(person, "zhang")
    monkeypatch.setattr(accounts, "_check_stays", lambda *_of: AccountLink.objects.all().delete())
    with pytest.raises(UnableToUseAccount) as error:
        visit(person, "zhang")
    assert error.value.why is Refusal.AT_ONCE
