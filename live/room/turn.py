"""Short-lived credentials for the TURN relay: phones whose network lets no UDP through to the media engine.

coturn's ``use-auth-secret``: the name is ``<Unix time of the end>:<member>``, the password its HMAC-SHA1 with the
secret that coturn and this program share. Nothing is stored; coturn refuses a name whose time is over.
"""

import base64
import datetime as dt
import hashlib
import hmac

from django.conf import settings

from live.core.wire.protocol import IceServer


def ice_servers(*, member_id: int, as_of: dt.datetime, for_s: int | None = None) -> list[IceServer]:
    """What ``RTCPeerConnection`` takes as ``iceServers``; empty without TURN_URLS.

    ``for_s``: how long they open a relay, else TURN_TTL_S.
    Goes over the socket of the one browser that needs it, or answers its own POST; never into a page, a cache or a log.
    """
    if not settings.TURN_URLS:
        return []
    username = f"{int(as_of.timestamp()) + (for_s or settings.TURN_TTL_S)}:{member_id}"
    digest = hmac.new(settings.TURN_SECRET.encode(), username.encode(), hashlib.sha1).digest()
    return [{"urls": list(settings.TURN_URLS), "username": username, "credential": base64.b64encode(digest).decode()}]
