"""The register as it is written: its columns, its rows, and what they come to."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from attendance.models import Occasion, RecordState
from attendance.queries.naming import is_within
from attendance.queries.register import (
    MOST_OCCASIONS,
    MOST_PEOPLE,
    Cell,
    PersonLine,
    month_of,
    named_ahead,
    people_on,
    register_lines,
    register_occasions,
    units_ahead,
)
from attendance.reports.standing import names_below, place
from attendance.running import state_words
from attendance.sentences.records import hour
from attendance.standing import DONE, DUE, UNDONE, Amount, amount_of, asked_of, state_label
from attendance.views.people import short
from attendance.views.register_asked import UNDONE_FILTER, Asked
from attendance.views.register_cells import LOOKS, SIGNS, cell_html, plain


@dataclass(frozen=True)
class Head:
    """One occasion at the top of its column."""

    title: str
    short: str
    when: str
    url: str


@dataclass(frozen=True)
class Line:
    """One person's row, as it is written."""

    member_id: int
    name: str
    url: str
    note: str
    cells: SafeString
    done: str
    hours: str


@dataclass(frozen=True)
class Register:
    """The whole of it: columns, rows, and what they come to."""

    asked: Asked
    occasions: list[Occasion]
    people: list[PersonLine]
    names: Mapping[str, str]
    is_cut: bool
    named: Mapping[int, set[int]]  # who is expected at what has not begun and names them
    units: Mapping[int, list[tuple[str, bool]]]  # and for which units, where it is not for all

    @classmethod
    def read(cls, asked: Asked) -> "Register":
        """Read it: four queries at any size. Raises TooMany where it would not fit on a page."""
        month = month_of(asked.month) if asked.month else None
        training_id = asked.scope.training.pk if asked.scope else None
        occasions = register_occasions(node=asked.node, training_id=training_id, month=month)
        shown = occasions[:MOST_OCCASIONS]
        ids = [one.pk for one in shown if one.opened_at]
        if people_on(node=asked.node, occasion_ids=ids) > MOST_PEOPLE:
            raise TooMany
        people = register_lines(node=asked.node, occasion_ids=ids) if ids else []
        return cls(
            asked,
            shown,
            people,
            names_below(asked.node),
            len(occasions) > MOST_OCCASIONS,
            named_ahead(shown),
            units_ahead(shown),
        )

    @cached_property
    def shown(self) -> list[PersonLine]:
        """Whom the filter leaves."""
        wanted = UNDONE if self.asked.state == UNDONE_FILTER else (self.asked.state,)
        if not self.asked.state:
            return self.people
        return [one for one in self.people if any(cell.state in wanted for cell in one.cells.values())]

    @cached_property
    def _needs(self) -> dict[int, Amount]:
        return {one.pk: asked_of(occasion=one, as_of=self.asked.as_of) for one in self.occasions}

    @property
    def heads(self) -> list[Head]:
        day = "j" if self.asked.month else "n.j"
        return [
            Head(
                one.title,
                short(one.title),
                date_format(timezone.localtime(one.starts_at), day) + (f" {hour(one.starts_at)}"),
                f"{reverse('branch_occasion', args=[one.pk])}?node={self.asked.node.pk}",
            )
            for one in self.occasions
        ]

    @property
    def lines(self) -> list[Line]:
        return [self._line(one) for one in self.shown]

    @property
    def sums(self) -> list[str]:
        """How many of how many have done each occasion, of everybody, whatever the filter."""
        said = []
        for one in self.occasions:
            states = [person.cells[one.pk].state for person in self.people if one.pk in person.cells]
            expected = sum(state != RecordState.EXEMPT for state in states)
            said.append(f"{sum(state in DONE for state in states)}/{expected}" if states else "")
        return said

    @property
    def total(self) -> str:
        return f"{sum(one.done for one in self.people)}/{sum(one.asked for one in self.people)}"

    def sign(self, occasion: Occasion, person: PersonLine) -> tuple[str, str, str]:
        """Return what stands in a cell: the sign, its word, and how it looks."""
        cell = person.cells.get(occasion.pk)
        if cell is None:
            return self._without_record(occasion, person)
        if cell.state == RecordState.PENDING:
            return SIGNS[cell.state](), state_words(occasion, cell.state), LOOKS[cell.state]
        return self._studying(occasion, cell) if cell.state == DUE else plain(cell.state)

    def _without_record(self, occasion: Occasion, person: PersonLine) -> tuple[str, str, str]:
        """Return what stands where somebody has no record: not expected, or nobody has any yet."""
        is_asked = not occasion.is_named or person.member_id in self.named.get(occasion.pk, ())
        is_asked = is_asked and is_within(self.units.get(occasion.pk, ()), person.node_path)
        if occasion.opened_at or not is_asked:
            return "", _("不应到"), "n"
        is_past = occasion.ends_at <= self.asked.as_of
        return "·", _("已过时间，还没登记") if is_past else _("还没开始"), "n"

    def _studying(self, occasion: Occasion, cell: Cell) -> tuple[str, str, str]:
        amount = amount_of(self._needs[occasion.pk], cell.reasons, state=cell.state)
        done, needed = amount.done_ms // 60_000, -(-amount.needed_ms // 60_000)
        word = state_label(DUE) + (_("，还差 %(left)s") % {"left": amount.left} if amount.left else "")
        return f"{done}′/{needed}′", word, LOOKS[DUE]

    def _line(self, person: PersonLine) -> Line:
        cells = "".join(
            cell_html(person.member_id, one.pk, self.sign(one, person), linked=one.pk in person.cells)
            for one in self.occasions
        )
        where = place(person.node_path, names=self.names, below=self.asked.node.path)
        note = [] if person.node_path == self.asked.node.path else [where]
        note += [] if person.has_phone else [_("无手机")]
        url = reverse("branch_person", args=[person.member_id])
        done = f"{person.done}/{person.asked}"
        return Line(
            person.member_id,
            person.name,
            url,
            " · ".join(note),
            SafeString(cells),
            done,
            f"{person.hours.normalize():f}",
        )


class TooMany(Exception):
    """More people than a page holds."""
