"""What goes wrong with a disk or a bucket, told apart by what somebody can do about it."""


class UnableToStore(Exception):
    """The disk is fuller than the reserve allows, or the bucket takes no more; evidence goes on."""


class UnableToReach(OSError):
    """The bucket does not answer, or does not let us in: nothing is wrong with the file, and it can be tried again.

    ``code``: "away" (slow, down, no way there), "forbidden", "no_bucket", "clock" (ours is wrong) or "refused".
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
