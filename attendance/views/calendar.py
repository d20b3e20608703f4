"""Calendar files: one occasion, and everything ahead of one person behind a secret address."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Alarm, Calendar, Event

from attendance.calendars import Entry, entries_of
from attendance.kinds import kinds
from attendance.models import Occasion, Rule
from attendance.operations.choices import calendar_hash
from attendance.queries import occasions_ahead, occasions_expecting
from attendance.queries.notices import choice_by_calendar
from attendance.sentences.records import day_and_hour
from attendance.standing import due_at, is_due_over, standings_of
from organizations.models import User
from organizations.queries import has_left, membership_on

AHEAD, BEHIND = timedelta(days=60), timedelta(days=1)
MOST_AHEAD = 100
REFRESH = "PT4H"


def event_of(occasion: Occasion, *, url: str, host: str, as_of: datetime) -> Event:
    """Return an occasion as an event with a reminder a quarter of an hour before."""
    event = Event()
    event.add("uid", f"occasion-{occasion.pk}@{host}")
    event.add("sequence", occasion.revision)
    event.add("dtstamp", as_of)
    event.add("dtstart", timezone.localtime(occasion.starts_at))
    event.add("dtend", timezone.localtime(occasion.ends_at))
    event.add("summary", occasion.title)
    event.add("description", f"{occasion.training.title} · {occasion.node.name}\n{url}")
    event.add("url", url)
    event.add_component(_alarm(occasion.title, timedelta(minutes=-15)))
    return event


def _event_of_entry(entry: Entry, *, site: str, host: str, as_of: datetime) -> Event:
    """Return what a person gives or organises, or what was cancelled: that has the last word on the same event."""
    event, url = Event(), site + entry.path
    event.add("uid", f"occasion-{entry.occasion_id}@{host}")
    event.add("sequence", entry.revision)
    event.add("dtstamp", as_of)
    event.add("dtstart", timezone.localtime(entry.starts_at))
    event.add("dtend", timezone.localtime(entry.ends_at))
    event.add("summary", _("已取消：%(title)s") % {"title": entry.title} if entry.is_cancelled else entry.title)
    event.add("description", "\n".join(line for line in (entry.unit, entry.note, url) if line))
    event.add("url", url)
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    if not entry.is_cancelled:
        event.add_component(_alarm(entry.title, timedelta(minutes=-15)))
    return event


def _deadline_of(occasion: Occasion, *, url: str, host: str, as_of: datetime) -> Event:
    """Return the end of the time in which something can still be done, with a reminder a day before."""
    until, event = due_at(occasion), Event()
    title = _("截止：%(title)s") % {"title": occasion.title}
    event.add("uid", f"due-{occasion.pk}@{host}")
    event.add("dtstamp", as_of)
    event.add("dtstart", timezone.localtime(until - timedelta(minutes=30)))
    event.add("dtend", timezone.localtime(until))
    event.add("summary", title)
    event.add("description", f"{occasion.training.title} · {day_and_hour(until)}\n{url}")
    event.add("url", url)
    event.add_component(_alarm(title, timedelta(days=-1)))
    return event


def _alarm(text: str, before: timedelta) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", text)
    alarm.add("trigger", before)
    return alarm


def calendar_of(events: Iterable[Event], *, name: str = "") -> bytes:
    """Return events as a calendar file; one with a name is asked for again every few hours."""
    book = Calendar()
    book.add("prodid", "-//Fingertip Classroom//zh-Hans")
    book.add("version", "2.0")
    if name:
        book.add("x-wr-calname", name)
        book.add("x-published-ttl", REFRESH)
    for event in events:
        book.add_component(event)
    return bytes(book.to_ical())


def member_of_feed(token: str, *, as_of: datetime) -> User | None:
    """Return whose secret calendar this is; None where it was ended, or its person left or may not sign in."""
    found = choice_by_calendar(calendar_hash(token))
    if found is None or has_left(found.member, on_date=timezone.localdate(as_of)):
        return None
    return found.member


def feed_of(member: User, *, as_of: datetime) -> bytes:
    """Return what is ahead of a person: what they are expected at, until when what they owe can be done, what they give
    and organise; what was cancelled lately says so. The same number of queries always."""
    site = str(settings.SITE_URL)
    host = urlsplit(site).hostname or "localhost"
    membership = membership_on(member_id=member.pk, on_date=timezone.localdate(as_of))
    events: list[Event] = []
    if membership is not None:
        ahead = occasions_ahead(membership, since=as_of - BEHIND, on_date=timezone.localdate(as_of))
        for one in ahead[:MOST_AHEAD]:
            if one.starts_at <= as_of + AHEAD:
                url = site + kinds()[one.kind].url_for(one, member)
                events.append(event_of(one, url=url, host=host, as_of=as_of))
    opened = list(occasions_expecting(member))
    stands = standings_of(occasions=opened, member_id=member.pk, as_of=as_of)
    for one in opened:
        url = site + kinds()[one.kind].url_for(one, member)
        if one.state == Occasion.State.OPEN and one.rule.basis == Rule.Basis.WINDOW:
            events.append(event_of(one, url=url, host=host, as_of=as_of))
        elif stands[one.pk].is_undone and not is_due_over(one, as_of):
            events.append(_deadline_of(one, url=url, host=host, as_of=as_of))
    known = {str(event["uid"]) for event in events}
    others = entries_of(member, since=as_of - BEHIND, until=as_of + AHEAD)
    added = [_event_of_entry(one, site=site, host=host, as_of=as_of) for one in others]
    events += [event for event in added if str(event["uid"]) not in known]
    return calendar_of(events, name=_("指尖上的课堂"))
