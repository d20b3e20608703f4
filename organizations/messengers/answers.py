"""What a provider made of a work message. Nothing here holds a phone number, a text or a secret."""


class UnableToMessage(Exception):
    """The provider did not take a message, or did not say who somebody is.

    ``code``: its own number; ``answer``: its sentence, for a screen, never for a log; ``about_person``: it was about
    this one person (no account there, or out of the application's sight), others get theirs; ``unsure``: nobody can say
    whether it was taken after all, so it must not be sent again. None of them: the way is closed for now.
    """

    def __init__(
        self, reason: str, *, code: str = "", answer: str = "", about_person: bool = False, unsure: bool = False
    ) -> None:
        super().__init__(reason)
        self.code, self.answer, self.about_person, self.unsure = code, answer, about_person, unsure
