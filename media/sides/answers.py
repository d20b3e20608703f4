"""What a service that speaks S3 answers where it did not do it, as a fault of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from media.sides.faults import UnableToReach, UnableToStore

FULL = {
    "QuotaExceeded", "InsufficientStorage", "InsufficientCapacity", "XMinioStorageFull", "StorageFull",
    "XMinioAdminBucketQuotaExceeded", "507",
}  # fmt: skip
FORBIDDEN = {
    "AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidAccessKeyId", "SignatureDoesNotMatch", "Forbidden",
    "InvalidToken", "ExpiredToken", "401", "403", "UserDisable",
}  # fmt: skip
NOT_THERE = {"NoSuchKey", "NoSuchUpload", "NotFound", "404"}
CLOCK = {"RequestTimeTooSkewed", "RequestExpired"}


@contextmanager
def told_apart() -> Iterator[None]:
    """Raise UnableToStore, UnableToReach or FileNotFoundError for what boto says. No key is in any of them."""
    try:
        yield
    except ClientError as error:
        raise _of(error) from error
    except BotoCoreError as error:
        raise UnableToReach("away", type(error).__name__) from error


def _of(error: ClientError) -> Exception:
    said: Any = error.response
    code = str(said.get("Error", {}).get("Code", ""))
    status = int(said.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in FULL or status == 507:
        return UnableToStore(code)
    if code == "NoSuchBucket":
        return UnableToReach("no_bucket")
    if code in CLOCK:
        return UnableToReach("clock", code)
    if code in FORBIDDEN or status in (401, 403):
        return UnableToReach("forbidden", code)
    if code in NOT_THERE or status == 404:
        return FileNotFoundError(code)
    return UnableToReach("away" if status >= 500 or status == 429 else "refused", code or str(status))
