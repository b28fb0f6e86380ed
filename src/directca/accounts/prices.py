"""What the authority's products cost, as the configuration says it: whole cents of US dollars per product, act and year."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from directca.accounts.errors import BadPriceList, NoPrice
from directca.direct.names import Kind


class Purchase(StrEnum):
    """The acts that are paid for. Reissue and revoke are free (API contract, section 2)."""

    ISSUE = "issue"
    RENEW = "renew"


@dataclass(frozen=True)
class PriceList:
    """The price in cents of each product (what a certificate is bound to), act and number of years."""

    cents: Mapping[tuple[Kind, Purchase, int], int]
    currency: str = "USD"

    def price(self, product: Kind, purchase: Purchase, years: int) -> int:
        """The price in cents. Raises NoPrice for what is not on the list."""
        try:
            return self.cents[product, purchase, years]
        except KeyError as error:
            raise NoPrice(
                f"There is no price for {purchase} of a certificate for {_ARTICLE[product]} {product} over {years} years. "
                "Choose a duration of the price list.",
                field="durationYear",
            ) from error


_ARTICLE = {Kind.ADDRESS: "an", Kind.DOMAIN: "a"}


def read(table: Mapping[str, Any]) -> PriceList:
    """The price list of a configuration table: `currency`, and per product and act the cents for 1, 2, … years.

        [prices.address]
        issue = [3500, 6500, 9000]
        renew = [3000, 5500, 7500]

    A product or act that is missing, unknown, or not a list of whole cents is an error that names it.
    """
    _check_keys("prices", table, {"currency", *Kind})
    if table["currency"] != "USD":
        raise BadPriceList('prices.currency must be "USD": the ledger keeps no other money.', field="prices.currency")
    cents: dict[tuple[Kind, Purchase, int], int] = {}
    for product in Kind:
        acts = table[product]
        _check_keys(f"prices.{product}", acts, set(Purchase))
        for purchase in Purchase:
            for years, price in enumerate(_prices(f"prices.{product}.{purchase}", acts[purchase]), start=1):
                cents[product, purchase, years] = price
    return PriceList(MappingProxyType(cents))


def _check_keys(where: str, table: object, expected: set[str]) -> None:
    if not isinstance(table, Mapping):
        raise BadPriceList(f"{where} must be a table.", field=where)
    for key in sorted(expected - set(table)):
        raise BadPriceList(f"{where}.{key} is missing.", field=f"{where}.{key}")
    for key in sorted(set(table) - expected):
        raise BadPriceList(f"{where}.{key} is not a setting; remove it.", field=f"{where}.{key}")


def _prices(where: str, values: object) -> list[int]:
    if not isinstance(values, list) or not values or not all(type(value) is int and 0 <= value < 10**9 for value in values):
        raise BadPriceList(f"{where} must be a list of prices in whole cents, one for each number of years.", field=where)
    return values


DEFAULT = read(
    {
        "currency": "USD",
        "address": {"issue": [3500, 6500, 9000], "renew": [3500, 6500, 9000]},
        "domain": {"issue": [12500, 23500, 33000], "renew": [12500, 23500, 33000]},
    }
)
"""What is charged when the configuration says nothing."""
