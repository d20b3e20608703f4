"""``python -m tests.faults.people N [AGO]``: a new branch of N signed-in members and a lecture on air for it.

It began AGO seconds ago: 600, so that it may end at once and was held. Prints the lecture's number and its lecturer's
phone number (with ``PASSWORD``), then the cookie of each member. Any number of times on one database.
"""

import os
import secrets
import sys
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from live.operations import go_live  # noqa: E402
from organizations.models import Membership, NodeKind, Role, User  # noqa: E402
from tests.factories.attendance import OccasionFactory, RuleFactory, TrainingFactory  # noqa: E402
from tests.factories.live import make_lecture  # noqa: E402
from tests.factories.organizations import JOINED, PASSWORD, NodeFactory, RoleGrantFactory, UserFactory  # noqa: E402


def cookie_of(person: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


@transaction.atomic
def make_people(count: int, ago_s: int) -> tuple[int, str, list[str]]:
    mark = secrets.token_hex(4)
    for factory in (OccasionFactory, RuleFactory, TrainingFactory, NodeFactory):
        factory.reset_sequence(secrets.randbelow(10**9), force=True)
    branch = NodeFactory(name=f"第{mark}支部", code=f"F{mark}", kind=NodeKind.BRANCH)
    names = [User(username=f"{mark}-{number}", name=f"党员{number}", password="!") for number in range(count)]
    people = User.objects.bulk_create(names)
    phone = f"139{secrets.randbelow(10**8):08d}"
    lecturer = UserFactory(phone=f"+86{phone}", username=f"{mark}-lecturer", password=PASSWORD)
    RoleGrantFactory(user=lecturer, node=branch, role=Role.LECTURER)
    Membership.objects.bulk_create(
        [Membership(member=person, node=branch, active_from_date=JOINED) for person in people]
    )
    world: Any = SimpleNamespace(branch=branch, lecturer=lecturer)
    began = timezone.now() - timedelta(seconds=ago_s)
    lecture = make_lecture(world, starts_at=began)
    go_live(occasion_id=lecture.pk, as_of=began)
    return lecture.pk, phone, [cookie_of(person) for person in people]


if __name__ == "__main__":
    occasion_id, phone, cookies = make_people(int(sys.argv[1]), int((sys.argv[2:] or ["600"])[0]))
    sys.stdout.write("\n".join([f"people {occasion_id}", phone, *cookies, ""]))
