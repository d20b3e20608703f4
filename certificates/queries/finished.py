"""Who has finished a training, set by set; and what certificates rest on. Nothing here writes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q

from attendance.models import Occasion, RosterEntry, Training
from attendance.queries.coming import coming_in
from attendance.queries.giving import hours_given
from attendance.standing import with_standing
from certificates.core.finish import CALLED_OFF, ZERO, Finish, Place, Terms, finish_of
from certificates.models import Certificate, CertificateSetting
from certificates.queries.issued import standing
from organizations.models import Membership, Node
from organizations.queries import valid_on

_ITSELF = Q(occasion__repeats=None)  # no further session of another


@dataclass
class Stood:
    """How one person stands in a training, and the unit of the last roster that names them."""

    places: list[Place] = field(default_factory=list)
    node_id: int = 0


def stood_in(*, training_ids: Collection[int], member_ids: Collection[int]) -> dict[tuple[int, int], Stood]:
    """Return how these people stand, by training and person; whoever is expected nowhere is left out. One query.

    A further session is a way to make up the first, which says it all: nobody lacks it and nothing rests on it.
    """
    entries = RosterEntry.objects.filter(_ITSELF, occasion__training_id__in=training_ids, member_id__in=member_ids)
    rows = with_standing(entries).order_by("occasion__starts_at", "occasion_id")
    found: defaultdict[tuple[int, int], Stood] = defaultdict(Stood)
    for training_id, member_id, occasion_id, node_id, state, hours in rows.values_list(
        "occasion__training_id", "member_id", "occasion_id", "node_id", "stands", "rec__stands_hours"
    ):
        one = found[training_id, member_id]
        one.places.append(Place(occasion_id, str(state), hours or ZERO))
        one.node_id = node_id
    return dict(found)


def terms_of(setting: CertificateSetting) -> Terms:
    """Return what the certificate of a training asks for; the training should be loaded with it."""
    return Terms(setting.counts_excused, setting.counts_exempt, Decimal(setting.training.hours_required))


def terms_as_issued(terms: Mapping[str, Any]) -> Terms:
    """Return what was stored with a certificate: what it accepted, and the hours that it states."""
    return Terms(bool(terms["excused"]), bool(terms["exempt"]), Decimal(str(terms["hours"])))


def units_on(*, member_ids: Collection[int], on_date: date) -> dict[int, Node]:
    """Return the unit of each of these people that day; whoever belongs nowhere is left out. One query."""
    rows = Membership.objects.filter(valid_on(on_date), member_id__in=member_ids).select_related("node")
    return {row.member_id: row.node for row in rows}


@dataclass(frozen=True, slots=True)
class Way:
    """How far one person is from the certificate of a training, and what is still to come for them."""

    setting: CertificateSetting
    finish: Finish
    lacking: list[Occasion]
    coming: list[Occasion]
    reach: Decimal | None  # the hours they have once all of that is done; None: nobody can say yet

    @property
    def is_short(self) -> bool:
        """Whether all that is still to come and to be made up does not give the hours that are asked for."""
        return self.reach is not None and self.reach < self.finish.asked

    @property
    def may_take(self) -> bool:
        return self.setting.is_on and self.finish.is_finished and not self.coming


def way_to(*, setting: CertificateSetting, member_id: int) -> Way | None:
    """Return how far a person is; None where no roster of the training names them and nothing is to come."""
    return ways_to(settings=[setting], member_id=member_id).get(setting.training_id)


def ways_to(*, settings: Collection[CertificateSetting], member_id: int) -> dict[int, Way]:
    """Return how far a person is from each of these, by training; the same few queries for any number of them."""
    ids = [one.training_id for one in settings]
    stood = stood_in(training_ids=ids, member_ids=[member_id])
    # A further session is one way to make up what already lacks, not one more thing to do.
    ahead = [one.occasion for one in coming_in(member_id=member_id, training_ids=ids)]
    coming = [one for one in ahead if one.repeats_id is None]
    named = {training_id for training_id, _member in stood} | {one.training_id for one in coming}
    finishes = {one.training_id: _finish(stood, one, member_id) for one in settings if one.training_id in named}
    lacking = occasions_by(pk for one in finishes.values() for pk in one.lacking)
    return {
        one.training_id: _way(one, finishes[one.training_id], lacking, coming)
        for one in settings
        if one.training_id in named
    }


def _finish(stood: Mapping[tuple[int, int], Stood], setting: CertificateSetting, member_id: int) -> Finish:
    one = stood.get((setting.training_id, member_id))
    return finish_of(one.places if one else [], terms_of(setting))


def _way(setting: CertificateSetting, finish: Finish, lacking: list[Occasion], coming: list[Occasion]) -> Way:
    here = [one for one in lacking if one.training_id == setting.training_id]
    ahead = [one for one in coming if one.training_id == setting.training_id]
    return Way(setting, finish, here, ahead, _reach(finish, [*here, *ahead]))


def number_to_take(member_id: int) -> int:
    """Return how many certificates a person can take now, of trainings that run: a closed one gives its own by itself.
    One query where none is to be had."""
    had = Certificate.objects.filter(member_id=member_id).values("training_id")
    running = CertificateSetting.objects.filter(is_on=True, training__state=Training.State.PUBLISHED)
    running = running.filter(training__occasions__roster__member_id=member_id).exclude(training_id__in=had)
    found = list(running.select_related("training").distinct())
    return sum(one.may_take for one in ways_to(settings=found, member_id=member_id).values()) if found else 0


def _reach(finish: Finish, to_do: list[Occasion]) -> Decimal | None:
    if finish.hours >= finish.asked:
        return finish.hours
    more = hours_given(to_do).values()
    return None if None in more else finish.hours + sum((one for one in more if one is not None), ZERO)


def hours_together(training_id: int) -> Decimal | None:
    """Return how many hours the occasions of a training give at most, together; None where nobody can say yet."""
    found = Occasion.objects.filter(training_id=training_id, repeats=None).exclude(state__in=CALLED_OFF)
    given = hours_given(found.select_related("rule", "node")).values()
    return None if None in given else sum((one for one in given if one is not None), ZERO)


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking through a closed training: how many have a certificate, and what its occasions give."""

    issued: int
    given: Decimal | None


def looked_through(setting: CertificateSetting) -> Looked | None:
    """Return what came of the last look through; None while that is still to come."""
    if not setting.is_on or setting.done_at is None:
        return None
    issued = standing().filter(training=setting.training_id).count()
    return Looked(issued, None if issued else hours_together(setting.training_id))


def occasions_by(ids: Iterable[int]) -> list[Occasion]:
    """Return these occasions, the first to begin first."""
    asked = list(ids)
    found = Occasion.objects.filter(pk__in=asked).select_related("training", "rule", "node")
    return list(found.order_by("starts_at", "pk")) if asked else []


def people_of(training_id: int, *, after: int, most: int) -> list[int]:
    """Return the next people whom a roster of the training names, by their ids."""
    entries = RosterEntry.objects.filter(_ITSELF, occasion__training_id=training_id, member_id__gt=after)
    return list(entries.order_by("member_id").values_list("member_id", flat=True).distinct()[:most])


def number_of_people(training_id: int) -> int:
    """Return how many people the rosters of a training name."""
    entries = RosterEntry.objects.filter(_ITSELF, occasion__training_id=training_id)
    return entries.values("member_id").distinct().count()


def setting_of(training_id: int) -> CertificateSetting | None:
    """Return what was decided about a training's certificates, with the training and the issuing unit."""
    found = CertificateSetting.objects.select_related("training__node", "issuer").filter(training_id=training_id)
    return found.exclude(training__state=Training.State.DRAFT).first()
