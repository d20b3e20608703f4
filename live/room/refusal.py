"""Why a room's command is not done."""


class Refused(Exception):
    """The command cannot be done; ``code`` is stable and fit for a client. ``id``: of the message it was about."""

    def __init__(self, code: str, id: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.id = id
