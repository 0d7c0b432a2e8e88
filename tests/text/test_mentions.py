"""Where a text says @name, and where it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlechat.core.names import fold
from littlechat.text.mentions import known, split

NAMES = ("Ben", "Ben.", "Ada-Lou", "o.k", "मीरा", "Zoë", "all")


def found(text: str) -> list[str]:
    return [name for _, name in split(text, known(NAMES)) if name]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@Ben", ["Ben"]),
        ("hello @ben, and @BEN!", ["Ben", "Ben"]),
        ("(@Ben)", ["Ben"]),
        ("@Ben’s", ["Ben"]),
        ("@Ben. Yes", ["Ben."]),
        ("@o.k. then", ["o.k"]),
        ("@Ada-Lou- and", ["Ada-Lou"]),
        ("@Ben-and", ["Ben"]),
        ("@मीरा।", ["मीरा"]),
        ("@Zoe\u0308", ["Zoë"]),
        ("@all@Ben", ["all"]),
        ("@Benny @Be @ Ben @", []),
        ("a@Ben 1@Ben _@Ben .@Ben @@Ben /@Ben", []),
    ],
)
def test_known_names_are_found_and_nothing_like_them(text: str, names: list[str]) -> None:
    assert found(text) == names


def test_pieces_are_as_they_were_typed() -> None:
    assert split("hi @ben!", known(NAMES)) == [("hi ", ""), ("@ben", "Ben"), ("!", "")]


@given(st.text("@BenbAl-._ é\u0308ß", max_size=60))
def test_pieces_make_up_the_text_again(text: str) -> None:
    pieces = split(text, known(NAMES))
    assert "".join(piece for piece, _ in pieces) == text
    assert all(fold(piece[1:]) == fold(name) for piece, name in pieces if name)


def test_many_signs_take_no_long_time() -> None:
    assert found("@" + "a." * 4_000) == []
    assert found("@a.b" * 2_000) == []
