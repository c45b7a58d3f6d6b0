"""Spellings of one name are alike; names that only resemble each other are said to."""

import pytest

from offboarding.identity import names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ana Muñoz", "Munoz, Ana"),
        ("Jürgen Müller", "Juergen Mueller"),
        ("Søren Bjørnstad", "Soren Bjornstad"),
        ("Xiao-Ming Wang", "Wang Xiaoming"),
        ("\u0418\u0432\u0430\u043d \u041a\u0440\u044b\u043b\u043e\u0432", "Ivan Krylov"),
        ("Ann Archer (Corp)", "ann archer"),
        ("Ann Archer via GitHub", "Ann Archer"),
        ("Conor O'Neill", "Conor ONeill"),
        ("Maria del Mar Ruiz", "Ruiz, Maria del Mar"),
        ("\u738b\u4f1f", "\u738b\u4f1f"),
    ],
)
def test_spellings_of_one_full_name_are_the_same(one: str, other: str) -> None:
    assert names.same(one, other)
    assert names.same(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("Ann Archer", "Ann Baker"), ("Ann", "Ann"), ("dev", "dev"), ("Ann Archer", "Archer"), ("", "")]
)
def test_another_name_or_one_word_is_not(one: str, other: str) -> None:
    assert not names.same(one, other)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Ann Archer", "Ann Acher", True),
        ("Ann Archer", "Ann Arhcer", True),
        ("A. Archer", "Ann Archer", True),
        ("Ann Maria Archer", "Ann Archer", True),
        ("Jon Archer", "Jonathan Archer", True),
        ("Ann Archer", "Ann Baker", False),
        ("Ann Archer", "Bob Archer", False),
        ("A. B.", "Ann Baker", False),
        ("Ann", "Ann Archer", False),
    ],
)
def test_a_similar_name_differs_by_a_slip_an_initial_or_a_word(one: str, other: str, expected: bool) -> None:
    assert names.similar(one, other) is expected
    assert names.similar(other, one) is expected


@pytest.mark.parametrize("local", ["ann", "ann.archer", "aarcher", "archera", "ann.archer77", "aa", "annarcher"])
def test_what_a_name_gives_is_no_distinctive_handle(local: str) -> None:
    assert names.made_of(local, "Ann Archer")


@pytest.mark.parametrize("local", ["zebracrossing", "bob", "annx4711yz"])
def test_a_handle_of_ones_own_is(local: str) -> None:
    assert not names.made_of(local, "Ann Archer")


def test_frequent_names_are_common_everywhere() -> None:
    assert names.is_common("John Smith")
    assert names.is_common("Wei Wang")
    assert not names.is_common("Ottoline Quackenbush")
