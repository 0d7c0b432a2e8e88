"""What is told to a person who sent something that cannot be done."""


class Invalid(Exception):
    """What a person sent breaks a rule; `errors` holds one sentence for each field at fault."""

    def __init__(self, **errors: str) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


class Refused(Exception):
    """The act is understood but not allowed here; the text is a sentence for the person."""
