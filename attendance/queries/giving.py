"""How many hours occasions can give, also before they open. Nothing here writes."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.utils import timezone

from attendance.core.hours import OWN, Conversion
from attendance.core.intervals import ms_of
from attendance.models import Occasion, Rule
from attendance.queries.hours import conversions_at
from attendance.queries.ledger import rule_of, window_of
from attendance.queries.windows import is_by_media

Known = dict[tuple[int, str, int], Mapping[str, Conversion]]


def hours_given(occasions: Iterable[Occasion]) -> dict[int, Decimal | None]:
    """Return the most that taking part in each of these occasions gives, by whatever way; None where that follows a
    length that is not known yet. Rule and unit should be loaded with them. The hours table of a unit is asked once."""
    known: Known = {}
    return {one.pk: _most(one, known) for one in occasions}


def _most(occasion: Occasion, known: Known) -> Decimal | None:
    if occasion.repeats_id is not None:
        return Decimal(0)  # given once: by the occasion of which this is a further session
    if occasion.rule_stamp:
        rule = rule_of(occasion)
        hours, apart = rule.hours, dict(rule.by_form)
    else:
        hours, apart = occasion.rule.hours, dict(_of_table(occasion, known))
    ways = {OWN: Conversion(Decimal(hours))} | apart
    length = _length_ms(occasion)
    given = [None if one.minutes and length is None else one.of(length or 0) for one in ways.values()]
    return None if None in given else max(one for one in given if one is not None)


def _of_table(occasion: Occasion, known: Known) -> Mapping[str, Conversion]:
    if occasion.rule.hours_by != Rule.HoursBy.TABLE:
        return {}
    key = (occasion.node_id, occasion.kind, timezone.localtime(occasion.starts_at).year)
    if key not in known:
        known[key] = conversions_at(node=occasion.node, kind=occasion.kind, starts_at=occasion.starts_at)[1]
    return known[key]


def _length_ms(occasion: Occasion) -> int | None:
    if is_by_media(occasion) or (not occasion.rule_stamp and occasion.rule.basis == Rule.Basis.MEDIA):
        return occasion.media_ms
    if occasion.rule_stamp:
        return window_of(occasion, as_of=occasion.ends_at).length
    return ms_of(occasion.ends_at) - ms_of(occasion.starts_at)
