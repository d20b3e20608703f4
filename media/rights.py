"""Who may have a file of an object now: asked once, and remembered for a few minutes (ADR 29).

A film is hundreds of files, a lecture some every two seconds for each viewer. So both answers are kept apart, whose
session it is and what this person may see, each for ``REMEMBERED_S`` from the moment it was asked: whichever ends
(the right, the sign-in, the membership), the files end with it within that time. A "no" is asked again sooner, so that
nobody who was let in a moment ago waits. Where a full cache forgets, it is only asked again.
"""

import hashlib
from datetime import datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.module_loading import import_string

from media.signing import Claim

REMEMBERED_S = 300
REFUSAL_REMEMBERED_S = 10


def is_open_to(claim: Claim, *, session_key: str, as_of: datetime) -> bool:
    """Whether the browser with this session is signed in as the claim's viewer, and that viewer may still see it."""
    if not session_key:
        return False
    whose, right = _session_name(session_key), _right_name(claim.root, claim.object_id, claim.viewer_id)
    kept = cache.get_many([whose, right])
    viewer_id = _fresh(kept.get(whose), as_of=as_of)
    if viewer_id is None:
        viewer_id = _signed_in(session_key)
        if viewer_id:
            _keep(whose, viewer_id, as_of=as_of)
    if viewer_id != claim.viewer_id:
        return False
    answer = _fresh(kept.get(right), as_of=as_of)
    return bool(_ask(claim.root, claim.object_id, viewer_id, as_of=as_of) if answer is None else answer)


def may_read(*, root: str, object_id: str, viewer_id: int, as_of: datetime) -> bool:
    """Whether any app knows a right of this viewer, as it was at most ``REMEMBERED_S`` ago."""
    answer = _fresh(cache.get(_right_name(root, object_id, viewer_id)), as_of=as_of)
    return bool(_ask(root, object_id, viewer_id, as_of=as_of) if answer is None else answer)


def forget(*, root: str, object_id: str, viewer_id: int) -> None:
    """This viewer's right has just changed: it is asked for anew at the next file."""
    cache.delete(_right_name(root, object_id, viewer_id))


def _ask(root: str, object_id: str, viewer_id: int, *, as_of: datetime) -> bool:
    rules = (import_string(name) for name in settings.MEDIA_RIGHTS[root])
    answer = any(rule(viewer_id, object_id) for rule in rules)
    _keep(_right_name(root, object_id, viewer_id), answer, as_of=as_of)
    return answer


def _signed_in(session_key: str) -> int:
    """Whose session this is, 0 for nobody's, by Django's own rules: an active account, the same password."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return get_user(request).pk or 0


def _session_name(session_key: str) -> str:
    """Not the key itself: whoever reads the cache must not be signed in by it."""
    return f"media-viewer:{hashlib.sha256(session_key.encode()).hexdigest()}"


def _right_name(root: str, object_id: str, viewer_id: int) -> str:
    return f"media-right:{root}:{object_id}:{viewer_id}"


def _keep(name: str, answer: int | bool, *, as_of: datetime) -> None:
    """With its moment: the cache's own clock only frees the place."""
    cache.set(name, (answer, as_of.timestamp()), REMEMBERED_S)


def _fresh(kept: Any, *, as_of: datetime) -> int | bool | None:
    if kept is None:
        return None
    answer, asked_at = kept
    age = as_of.timestamp() - asked_at
    # A clock that was set back must not make an answer last.
    return answer if 0 <= age < (REMEMBERED_S if answer else REFUSAL_REMEMBERED_S) else None
