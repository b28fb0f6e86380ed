"""National Provider Identifiers: the published example, and every single wrong digit of it."""

import pytest

from directca.vetting.npi import is_npi

# The example of the NPI standard's check digit requirements.
GOOD = "1234567893"


@pytest.mark.parametrize("npi", [GOOD, "1245319599", "2000000002"])
def test_what_its_check_digit_agrees_with(npi: str) -> None:
    assert is_npi(npi)


def test_no_single_digit_may_be_another() -> None:
    for place in range(10):
        for digit in "0123456789":
            changed = GOOD[:place] + digit + GOOD[place + 1 :]
            assert is_npi(changed) == (changed == GOOD)


@pytest.mark.parametrize(
    "text", ["", "123456789", "12345678931", "3234567893", "123456789X", " 1234567893", "１２３４５６７８９３"]
)
def test_what_has_not_its_form(text: str) -> None:
    assert not is_npi(text)
