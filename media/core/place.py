"""Where the files of a site lie: a disk, or a bucket of an S3 service (ADR 87)."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """A bucket, or (without one) the disk under MEDIA_ROOT. ``prefix``: "" or "…/", before every key in the bucket."""

    bucket: str = ""
    endpoint: str = ""
    region: str = ""
    addressing: str = "auto"
    prefix: str = ""
    key_id: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)

    @property
    def is_bucket(self) -> bool:
        return bool(self.bucket)

    def __str__(self) -> str:
        """What people may read: no key."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/") if self.bucket else "file://"


@dataclass(frozen=True)
class Storage:
    """``now``: where files go · ``before``: where else they are looked for · ``local``: this machine's own folder."""

    now: Place
    before: Place | None
    local: Path

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing but a disk."""
        return not self.now.is_bucket and self.before is None
