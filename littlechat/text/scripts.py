"""Which characters belong to scripts that are written without blanks between words.

Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan and their kin, and Korean, whose particles
follow a word without a blank. In these a word ends where the next begins: emphasis, addresses and
names cannot be told from what surrounds them by blanks.
"""

import re

UNSPACED = (
    "\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf"
    "\u2e80-\u2fdf\u2ff0-\ua4cf\ua960-\ua97f\ua9e0-\ua9ff\uaa60-\uaa7f\uac00-\ud7ff"
    "\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00016fe0-\U00018aff\U0001aff0-\U0001b16f"
    "\U00020000-\U0003ffff"
)
"""The body of a character class: their letters, marks, digits and punctuation marks."""

_UNSPACED = re.compile(f"[{UNSPACED}]")


def is_unspaced(char: str) -> bool:
    """Whether a character belongs to a script that is written without blanks; "" does not."""
    return _UNSPACED.match(char) is not None
