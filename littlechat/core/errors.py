"""The errors whose text is shown to the person who sent the request."""


class Invalid(Exception):
    """The input breaks a rule; `errors` maps the name of each field at fault to a sentence."""

    def __init__(self, **errors: str) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


class Refused(Exception):
    """The request is well formed but not allowed; the text is a sentence for the person."""
