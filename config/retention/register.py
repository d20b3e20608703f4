"""The register of personal data (个人信息清单): each field about a person, what for, who reads it, for how long.

Made from ``fields.py`` in the words of ``words.py``; ``docs/zh/个人信息清单.md`` is made from it.
"""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from config.retention.fields import EVIDENCE, FIELDS, PERSONAL, SECRET, VERDICT
from config.retention.words import KEPT, PURPOSES, READERS

ABOUT_PEOPLE = (PERSONAL, SECRET, EVIDENCE, VERDICT)
PAGE = settings.BASE_DIR / "docs/zh/个人信息清单.md"


@dataclass(frozen=True, slots=True)
class Entry:
    """Fields of one table that share an answer."""

    table: str
    fields: str
    purpose: str
    readers: str
    kept: str


def register() -> list[Entry]:
    """Return the register in the language of the moment. Raises KeyError for a field without words."""
    return [
        Entry(label, " ".join(row.names.split()), str(PURPOSES[label]), str(READERS[row.readers]), str(KEPT[row.kept]))
        for label, rows in FIELDS.items()
        for row in rows
        if row.kind in ABOUT_PEOPLE
    ]


def markdown() -> str:
    """Return the register as a page."""
    head = (_("表"), _("字段"), _("用途"), _("谁能看"), _("保存多久"))
    rows = [(f"`{one.table}`", f"`{one.fields}`", one.purpose, one.readers, one.kept) for one in register()]
    lines = [
        "# " + _("个人信息清单"),
        "",
        _("本页由 `manage.py personal_data --markdown` 生成，请不要手改。没有列出的字段不涉及个人。"),
        _("期限怎样设、到期怎样删，见管理员手册“保存期限”。"),
        "",
        *("| " + " | ".join(cells) + " |" for cells in (head, ("---",) * len(head), *rows)),
    ]
    return "\n".join(lines) + "\n"
