"""What a provider made of a work message. Nothing here holds a phone number, a text or a secret."""


class UnableToMessage(Exception):
    """The provider did not take a message, or did not say who somebody is.

    ``code``: its own number; ``answer``: its sentence, for a screen, never for a log; ``about_person``: there is no
    such account (any more), others get theirs; ``out_of_sight``: the application may not write to this one, who may be
    out of its scope, or its scope is wrong for all; ``about_setup``: our own settings are wrong there (secret, agent,
    permission, list of addresses), whoever it was for; ``unsure``: nobody can say whether it was taken after all, so
    it must not be sent again; ``whole``: not even a token is given, so that nothing goes. None of them: closed for now.
    """

    def __init__(self, reason: str, *, code: str = "", answer: str = "", unsure: bool = False) -> None:
        super().__init__(reason)
        self.code, self.answer, self.unsure = code, answer, unsure
        self.about_person = self.out_of_sight = self.about_setup = self.whole = False
