"""Which letters are a country's: those that ISO 3166-1 has assigned, and none that it keeps, took back or leaves to anybody."""

import string

import pytest

from directca.pki.countries import ASSIGNED, is_assigned


def test_there_are_as_many_as_in_the_standard() -> None:
    """249 since 2011, when South Sudan came; each of two capital letters."""
    assert len(ASSIGNED) == 249
    assert all(len(code) == 2 and set(code) <= set(string.ascii_uppercase) for code in ASSIGNED)


@pytest.mark.parametrize("code", ["US", "PR", "GU", "VI", "AS", "MP", "GB", "DE", "CA", "SS"])
def test_countries_and_territories_are(code: str) -> None:
    assert is_assigned(code)


@pytest.mark.parametrize(
    "code", ["AA", "ZZ", *(f"Q{last}" for last in "MNOPQRSTUVWXYZ"), *(f"X{last}" for last in string.ascii_uppercase)]
)
def test_what_anybody_may_use_as_they_please_is_not(code: str) -> None:
    assert not is_assigned(code)


@pytest.mark.parametrize("code", ["EU", "UK", "UN", "AC", "AN", "CS", "DD", "SU", "TP", "YU", "ZR"])
def test_what_is_kept_or_was_withdrawn_is_not(code: str) -> None:
    assert not is_assigned(code)


@pytest.mark.parametrize("code", ["us", "Us", "USA", "U", "", "U1", "ÜS", " US", "840"])
def test_nothing_else_is(code: str) -> None:
    assert not is_assigned(code)
