"""Where files lie, from the environment: a disk or a bucket of an S3 service (ADR 87).

``STORAGE_URL``: nothing (VAR_DIR/files), ``file:///srv/classroom``, or ``s3://bucket?endpoint=…&region=…``.
``STORAGE_OLD_URL``: where they lay before, while ``manage.py move_storage`` runs; what is not found is sought there.
What is wrong stops the start and names the variable, in both languages; a key is never repeated.
"""

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.env import text
from media.core.place import Place, Storage

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
WORD = re.compile(r"[A-Za-z0-9-]{1,64}")
ADDRESSING = ("auto", "path", "virtual")
KNOWN = {"endpoint", "region", "addressing", "local"}


def read(*, var_dir: Path) -> Storage:
    """Return STORAGE_URL, STORAGE_OLD_URL and what belongs to them. Raises ImproperlyConfigured."""
    now, local = _place("STORAGE")
    before: Place | None = None
    if text("STORAGE_OLD_URL"):
        before, earlier = _place("STORAGE_OLD")
        if before == now or not (before.is_bucket or now.is_bucket):
            raise ImproperlyConfigured(
                "STORAGE_OLD_URL 和 STORAGE_URL 是同一个地方，或者都是磁盘；换一块磁盘请先停机，用 cp -a 复制"
                " / STORAGE_OLD_URL and STORAGE_URL are the same, or two disks; for another disk stop and copy"
            )
        if local and earlier and local != earlier:
            raise ImproperlyConfigured(
                f"STORAGE_OLD_URL 的文件夹和 STORAGE_URL 的 local 不一样，请都写 {earlier}"
                f" / the folders of STORAGE_OLD_URL and STORAGE_URL differ; write local={earlier}"
            )
        local = local or earlier
    return Storage(now, before, local or var_dir / "files")


def _place(name: str) -> tuple[Place, Path | None]:
    variable = f"{name}_URL"
    raw = text(variable).strip()
    try:
        parts = urlsplit(raw)
        asked = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise _wrong(variable) from None
    if not raw or parts.scheme == "file":
        if raw and (not parts.path.startswith("/") or parts.query):
            raise _wrong(variable)
        return Place(), Path(parts.path) if raw else None
    values = dict(asked)
    if parts.scheme != "s3" or len(values) != len(asked) or not values.keys() <= KNOWN:
        raise _wrong(variable)
    if "@" in parts.netloc:
        raise ImproperlyConfigured(
            f"{variable} 里不要写密钥，写在 {name}_KEY_ID 和 {name}_SECRET_FILE 里"
            f" / no key in {variable}: it belongs in {name}_KEY_ID and {name}_SECRET_FILE"
        )
    local = values.get("local", "")
    endpoint = values.get("endpoint", "").rstrip("/")
    prefix = parts.path.strip("/")
    is_fit = (
        BUCKET.fullmatch(parts.netloc) is not None
        and values.get("addressing", "auto") in ADDRESSING
        and WORD.fullmatch(values.get("region", "") or "us-east-1") is not None
        and re.fullmatch(r"[A-Za-z0-9/_-]{0,200}", prefix) is not None
        and (not local or local.startswith("/"))
        and _is_address(endpoint)
    )
    if not is_fit:
        raise _wrong(variable)
    key_id, secret = text(f"{name}_KEY_ID").strip(), text(f"{name}_SECRET").strip()
    if not key_id or not secret:
        raise ImproperlyConfigured(
            f"有 {variable}=s3://… 就要写 {name}_KEY_ID 和 {name}_SECRET（或者 {name}_SECRET_FILE）"
            f" / {variable}=s3://… needs {name}_KEY_ID and {name}_SECRET (or {name}_SECRET_FILE)"
        )
    place = Place(
        bucket=parts.netloc,
        endpoint=endpoint,
        region=values.get("region", "") or "us-east-1",
        addressing=values.get("addressing", "auto"),
        prefix=f"{prefix}/" if prefix else "",
        key_id=key_id,
        secret=secret,
    )
    return place, Path(local) if local else None


def _is_address(endpoint: str) -> bool:
    if not endpoint:
        return True
    parts = urlsplit(endpoint)
    try:
        port_is_fit = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = not (parts.path or parts.query or parts.fragment or parts.username)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain and port_is_fit


def _wrong(variable: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"{variable} 要写 file:///文件夹 或者 s3://桶名?endpoint=https://…&region=…，密钥另外写"
        f" / {variable} must be file:///folder or s3://bucket?endpoint=https://…&region=…, without a key"
    )
