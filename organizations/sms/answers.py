"""What a gateway made of a message. Nothing here holds a phone number, a code or a secret."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sent:
    """The gateway took the message. ``answer``: its own words, for the operator who tries it; ``message_id``: what its
    receipts will call the message, "" where it said none.
    """

    request_id: str = ""
    answer: str = ""
    message_id: str = ""


class UnableToSendSms(Exception):
    """The gateway did not take the message.

    ``code`` and ``request_id``: the provider's own, for its support; ``answer``: its sentence, for a screen, never for
    a log; ``about_number``: it was this one number's fault, other messages go out; ``unsure``: nobody can say whether
    the gateway took it after all, so it must not be sent again.
    """

    def __init__(
        self,
        reason: str,
        *,
        code: str = "",
        request_id: str = "",
        answer: str = "",
        about_number: bool = False,
        unsure: bool = False,
    ) -> None:
        super().__init__(reason)
        self.unsure = unsure
        self.code, self.request_id, self.answer, self.about_number = code, request_id, answer, about_number

    def logged(self) -> dict[str, str]:
        """What the log may hold."""
        return {"reason": str(self), "code": self.code, "request_id": self.request_id}
