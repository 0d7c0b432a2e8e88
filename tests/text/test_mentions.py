"""Where a text says @name, and where it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlechat.core.names import fold
from littlechat.text.mentions import known, split

NAMES = (
    "Ben",
    "Ben.",
    "Ada-Lou",
    "o.k",
    "मीरा",
    "Zoë",
    "all",
    "田中",
    "田中さくら",
    "지민",
    "ไอดา",
)


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
        ("a@Ben 1@Ben x_@Ben a-@Ben @@Ben /@Ben a/@Ben", []),
        (".@Ben well...@Ben —@Ben -@Ben _@Ben_ ¿@Ben? «@Ben»", ["Ben"] * 7),
        ("@Ben's @BEN’S @Ben: @Ben; @Ben! @Ben…", ["Ben"] * 6),
        ("＠Ben ﹫Ben ＠Ｂｅｎ OK＠Ben", ["Ben"] * 4),
        ("＠＠Ben /＠Ben", []),
        ("@田中さん、@田中さくらさん。こんにちは@田中！", ["田中", "田中さくら", "田中"]),
        ("@Benさん @Ben님 見て@Benです @Ben２", ["Ben"] * 4),
        ("@지민아 @지민", ["지민", "지민"]),
        ("@ไอดาครับ", ["ไอดา"]),
        ("@田", []),
        ("@all-hands @all.about @all. @ALL", ["all", "all"]),
    ],
)
def test_known_names_are_found_and_nothing_like_them(text: str, names: list[str]) -> None:
    assert found(text) == names


def test_a_longer_name_that_exists_stands_before_a_shorter_one() -> None:
    names = known(["Ann", "Ann-Marie", "Ann.B"])
    assert [name for _, name in split("@ann-marie's @ann-lee @ann.b. @ann", names) if name] == [
        "Ann-Marie",
        "Ann",
        "Ann.B",
        "Ann",
    ]


def test_pieces_are_as_they_were_typed() -> None:
    assert split("hi @ben!", known(NAMES)) == [("hi ", ""), ("@ben", "Ben"), ("!", "")]


@given(st.text("@＠BenbAl-._ é\u0308ß田中さ", max_size=60))
def test_pieces_make_up_the_text_again(text: str) -> None:
    pieces = split(text, known(NAMES))
    assert "".join(piece for piece, _ in pieces) == text
    assert all(fold(piece[1:]) == fold(name) for piece, name in pieces if name)


def test_many_signs_take_no_long_time() -> None:
    assert found("@" + "a." * 4_000) == []
    assert found("@a.b" * 2_000) == []
