"""What a question about a person of the file says, in codes and values (sentences: ``organizations.sentences``)."""

from organizations.core.roster.changes import Said
from organizations.models import User
from organizations.operations.roster_entries import Entry, Known


def phone_said(phone: str) -> str:
    """The row's own number as a question shows it: enough to recognise it, not enough to pass it on."""
    digits = phone.removeprefix("+86")
    return f"{digits[:3]}****{digits[-4:]}"


def _who(user: User) -> str:
    return f"{user.name}（{user.number}）" if user.number else user.name


def other_name(entry: Entry) -> Said:
    row = entry.row
    values: dict[str, str | int] = {"name": row.name, "phone": phone_said(row.phone), "number": row.number or ""}
    if entry.numbered and entry.called and entry.numbered is not entry.called:
        return Said("number_and_phone_were", values | {"was": entry.numbered.name, "other": _who(entry.called)})
    if entry.numbered and entry.called:
        return Said("both_were", values | {"was": entry.numbered.name})
    if entry.numbered:
        return Said("number_was", values | {"was": entry.numbered.name})
    if entry.called:
        return Said("phone_was", values | {"was": _who(entry.called)})
    assert entry.public is not None  # noqa: S101  # somebody holds something
    return Said("id_was", values | {"was": _who(entry.public)})


def taking_over(entry: Entry, user: User) -> Said:
    row = entry.row
    values: dict[str, str | int] = {"name": row.name, "phone": phone_said(row.phone), "number": row.number or ""}
    if entry.called is not None and entry.called is not user:
        return Said("phone_of_other", values | {"other": _who(entry.called)})
    assert entry.numbered is not None  # noqa: S101  # somebody else holds something
    return Said("number_of_other", values | {"other": _who(entry.numbered)})


def keeps(entry: Entry, user: User) -> Said:
    """What 换号 does where the person is certain and the phone or the 编号 is somebody else's."""
    row = entry.row
    if entry.called is not None and entry.called is not user:
        values: dict[str, str | int] = {"name": row.name, "phone": phone_said(row.phone), "other": _who(entry.called)}
        return Said("phone_passes", values)
    other = entry.numbered.name if entry.numbered else ""
    return Said("number_passes", {"name": row.name, "number": row.number or "", "other": other})


def is_known(entry: Entry, known: Known) -> Said:
    values: dict[str, str | int] = {"name": known.user.name, "unit": known.unit, "last4": known.user.phone_last4}
    values["phone"] = phone_said(entry.row.phone) if entry.row.phone else ""
    if entry.leaving:
        return Said("is_known_leaves", values)
    if known.left is not None:
        return Said("is_known_back", values | {"day": known.left.isoformat()})
    return Said("is_known" if entry.row.phone else "is_known_number", values | {"number": entry.row.number or ""})


def handing_over(entry: Entry) -> Said:
    """What 换了人 does: the phone (and the 编号, if that is what the row repeats) passes to somebody new."""
    row = entry.row
    values: dict[str, str | int] = {"name": row.name, "phone": phone_said(row.phone), "number": row.number or ""}
    if entry.called is None and entry.numbered is None:
        return Said("new_person", values)
    if entry.called is None or (entry.numbered and entry.numbered is not entry.called):
        held = " ".join(user.name for user in (entry.numbered, entry.called) if user)
        return Said("new_person_number" if entry.called is None else "new_person_both", values | {"was": held})
    code = "new_person_both" if entry.numbered else "new_person_phone"
    return Said(code, values | {"was": entry.called.name})
