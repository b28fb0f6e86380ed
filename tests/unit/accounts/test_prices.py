"""The price list says what it costs, and refuses to be half a list."""

from typing import Any

import pytest

from directca.accounts.errors import BadPriceList, NoPrice
from directca.accounts.prices import DEFAULT, Purchase, read
from directca.direct.names import Kind


def table(**changes: Any) -> dict[str, Any]:
    whole = {
        "currency": "USD",
        "address": {"issue": [100, 200, 300], "renew": [90, 180, 270]},
        "domain": {"issue": [1000, 2000, 3000], "renew": [0, 0, 0]},
    }
    return {key: value for key, value in (whole | changes).items() if value is not ...}


def test_each_product_act_and_duration_has_its_price() -> None:
    prices = read(table())
    assert prices.price(Kind.ADDRESS, Purchase.ISSUE, 1) == 100
    assert prices.price(Kind.ADDRESS, Purchase.RENEW, 3) == 270
    assert prices.price(Kind.DOMAIN, Purchase.ISSUE, 2) == 2000
    assert prices.price(Kind.DOMAIN, Purchase.RENEW, 1) == 0


@pytest.mark.parametrize("years", [0, 4, -1])
def test_what_is_not_on_the_list_is_not_sold(years: int) -> None:
    with pytest.raises(NoPrice):
        DEFAULT.price(Kind.ADDRESS, Purchase.ISSUE, years)


def test_the_default_list_has_every_product_for_one_to_three_years() -> None:
    assert len(DEFAULT.cents) == len(Kind) * len(Purchase) * 3


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"currency": "EUR"}, "prices.currency"),
        ({"currency": ...}, "prices.currency"),
        ({"domain": ...}, "prices.domain"),
        ({"device": {}}, "prices.device"),
        ({"domain": []}, "prices.domain"),
        ({"domain": {"issue": [1]}}, "prices.domain.renew"),
        ({"domain": {"issue": [1], "renew": [1], "reissue": [1]}}, "prices.domain.reissue"),
        ({"domain": {"issue": [], "renew": [1]}}, "prices.domain.issue"),
        ({"domain": {"issue": [1.5], "renew": [1]}}, "prices.domain.issue"),
        ({"domain": {"issue": [True], "renew": [1]}}, "prices.domain.issue"),
        ({"domain": {"issue": [-1], "renew": [1]}}, "prices.domain.issue"),
        ({"domain": {"issue": "1", "renew": [1]}}, "prices.domain.issue"),
    ],
)
def test_a_wrong_list_is_refused_with_the_setting_at_fault(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadPriceList) as refusal:
        read(table(**changes))
    assert refusal.value.field == named
    assert named in refusal.value.detail
