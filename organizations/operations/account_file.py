"""A file that says whose accounts are whose: all of it, or nothing and what is wrong with each row (ADR 85)."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from organizations.core.csvfile import UnableToDecode, decode, rows_of
from organizations.core.roster import number_key
from organizations.models import AccountLink, User
from organizations.operations.accounts import UnableToLinkAccount, link_account
from organizations.queries import holders_of_numbers, user_by_phone

PHONE, NUMBER, ACCOUNT = "手机号", "编号", "账号"


class UnableToLinkAccounts(Exception):
    """Nothing was linked; ``lines``: what is wrong, each with its row."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True)
class Linked:
    """How many accounts were linked, and how many were already."""

    made: int
    known: int


def link_accounts(*, data: bytes, provider: str, as_of: dt.datetime, dry_run: bool = False) -> Linked:
    """Link what a CSV file's rows say: a person by 手机号 or 编号, and 账号. Raises UnableToLinkAccounts."""
    rows = _rows(data)
    before = AccountLink.objects.filter(provider=provider).count()
    wrong: list[str] = []
    with transaction.atomic():
        for number, person, account in rows:
            try:
                link_account(member_id=_person(person).pk, provider=provider, external_id=account, as_of=as_of)
            except UnableToLinkAccount as error:
                wrong.append(_("第 %(row)s 行：%(why)s") % {"row": number, "why": error})
        made = AccountLink.objects.filter(provider=provider).count() - before
        transaction.set_rollback(dry_run or bool(wrong))
    if wrong:
        raise UnableToLinkAccounts(wrong)
    return Linked(made, len(rows) - made)


def _rows(data: bytes) -> list[tuple[int, dict[str, str], str]]:
    """Return the row's number, what names the person, and the account."""
    try:
        table = rows_of(decode(data))
    except UnableToDecode as error:
        raise UnableToLinkAccounts([_("读不懂这个文件。请存成 CSV（UTF-8 或 GBK）再试。")]) from error
    filled = [(number, [cell.strip() for cell in row]) for number, row in table if any(cell.strip() for cell in row)]
    names = filled[0][1] if filled else []
    if ACCOUNT not in names or not {PHONE, NUMBER} & set(names):
        raise UnableToLinkAccounts([_("第一行要是列名：账号，还要有手机号或编号。")])
    found = []
    for number, row in filled[1:]:
        cells = dict(zip(names, row, strict=False))
        found.append((number, cells, cells.get(ACCOUNT, "")))
    return found


def _person(cells: dict[str, str]) -> User:
    """By number and phone, which must agree where both are there. Raises UnableToLinkAccount."""
    phone, number = cells.get(PHONE, ""), cells.get(NUMBER, "")
    people = {person.pk: person for person in holders_of_numbers([number_key(number)])} if number else {}
    if phone:
        by_phone = user_by_phone(phone)
        found = {} if by_phone is None else {by_phone.pk: by_phone}
        people = {key: one for key, one in found.items() if not number or key in people}
    if len(people) != 1:
        raise UnableToLinkAccount(_("名册上没有这个手机号或编号的人，或者两个对不上。"))
    return next(iter(people.values()))
