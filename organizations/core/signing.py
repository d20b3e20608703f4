"""How two providers of text messages want a request signed. Pure: moment, nonce and body come in, headers go out.

ACS3-HMAC-SHA256: Alibaba Cloud "V3 request structure and signature". TC3-HMAC-SHA256: Tencent Cloud "Signature v3".
"""

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

ACS3, TC3 = "ACS3-HMAC-SHA256", "TC3-HMAC-SHA256"
JSON_TYPE = "application/json; charset=utf-8"


def canonical_query(values: Mapping[str, str]) -> str:
    """Sorted by name, percent-encoded as RFC 3986 has it (a space is %20, ``~`` stays)."""
    return "&".join(f"{quote(name, safe='~')}={quote(values[name], safe='~')}" for name in sorted(values))


def acs3_headers(
    *,
    host: str,
    action: str,
    version: str,
    query: str,
    body: bytes,
    key_id: str,
    key_secret: str,
    at: dt.datetime,
    nonce: str,
) -> dict[str, str]:
    """The headers of a POST to ``/`` at Alibaba Cloud. ``query``: as ``canonical_query`` writes it; ``at``: UTC."""
    digest = hashlib.sha256(body).hexdigest()
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": digest,
        "x-acs-date": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(sorted(headers))
    request = _canonical_request(query=query, headers=headers, names=names, digest=digest)
    signature = _hmac(key_secret.encode(), f"{ACS3}\n{_sha256(request)}").hex()
    return {**headers, "authorization": f"{ACS3} Credential={key_id},SignedHeaders={names},Signature={signature}"}


def tc3_headers(
    *,
    host: str,
    action: str,
    version: str,
    region: str,
    body: bytes,
    key_id: str,
    key_secret: str,
    at: dt.datetime,
) -> dict[str, str]:
    """The headers of a POST of JSON to ``/`` at Tencent Cloud; the service is the first word of ``host``."""
    service, moment = host.split(".", 1)[0], int(at.timestamp())
    scope = f"{at.astimezone(dt.UTC):%Y-%m-%d}/{service}/tc3_request"
    signed = {"content-type": JSON_TYPE, "host": host}
    names = ";".join(sorted(signed))
    request = _canonical_request(query="", headers=signed, names=names, digest=hashlib.sha256(body).hexdigest())
    key = ("TC3" + key_secret).encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    signature = _hmac(key, f"{TC3}\n{moment}\n{scope}\n{_sha256(request)}").hex()
    return {
        **signed,
        "x-tc-action": action,
        "x-tc-version": version,
        "x-tc-timestamp": str(moment),
        "x-tc-region": region,
        "authorization": f"{TC3} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}",
    }


def _canonical_request(*, query: str, headers: Mapping[str, str], names: str, digest: str) -> str:
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    return f"POST\n/\n{query}\n{lines}\n{names}\n{digest}"


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
