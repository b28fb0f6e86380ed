"""Where relying parties find what certificates name, and every address that a certificate was ever given.

An address that stands in a certificate has to answer until the certificate expires (invariant 16), so each is written down in the
transaction that stores the intent to name it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from directca.certificates import address_store as store
from directca.db.engine import Tx
from directca.pki.templates import Addresses


class AddressKind(StrEnum):
    """What answers at an address."""

    CRL = "crl"
    CA_ISSUERS = "ca_issuers"
    OCSP = "ocsp"


@dataclass(frozen=True)
class NamedAddress:
    """An address in a certificate, and of which authority, for a CRL of which partition, it tells."""

    uri: str
    kind: AddressKind
    authority_id: str
    partition: str = ""


class NamedAddresses:
    """Those that this process has seen written down; so that each is looked up once. Safe for threads."""

    def __init__(self) -> None:
        self._known: set[NamedAddress] = set()

    def note(self, tx: Tx, addresses: Iterable[NamedAddress], now: datetime) -> None:
        """Write down what a certificate is about to name."""
        for address in addresses:
            if address not in self._known:
                _add(tx, address, now)
                if store.was_there(tx, address.uri, before=now):
                    self._known.add(address)  # not one of this moment, whose transaction may yet be undone


def note(tx: Tx, addresses: Iterable[NamedAddress], now: datetime) -> None:
    """Write down addresses."""
    for address in addresses:
        _add(tx, address, now)


@lru_cache(maxsize=1024)
def named_by(found: Addresses, authority_id: str, partition: str = "") -> tuple[NamedAddress, ...]:
    """What a certificate with these addresses of its issuer names."""
    named = (
        (found.crl, AddressKind.CRL, partition),
        (found.ca_issuers, AddressKind.CA_ISSUERS, ""),
        (found.ocsp, AddressKind.OCSP, ""),
    )
    return tuple(NamedAddress(uri, kind, authority_id, place) for uri, kind, place in named if uri is not None)


def named(tx: Tx) -> tuple[NamedAddress, ...]:
    """Every address that a certificate was ever given."""
    return tuple(NamedAddress(uri, AddressKind(kind), of, partition) for uri, kind, of, partition in store.all_of_them(tx))


def named_lists(tx: Tx, authority_id: str, partition: str) -> tuple[str, ...]:
    """The addresses at which certificates say that one list is."""
    return store.of_list(tx, authority_id, partition)


def crl_uri(base: str, authority_id: str, partition: str = "") -> str:
    """Where a list is, below an address of this server."""
    return f"{base}/crl/{authority_id}/{partition}.crl" if partition else f"{base}/crl/{authority_id}.crl"


def ca_issuers_uri(base: str, authority_id: str) -> str:
    """Where an authority's certificate is."""
    return f"{base}/aia/{authority_id}.cer"


def ocsp_uri(base: str) -> str:
    """Where OCSP is answered, for every authority."""
    return f"{base}/ocsp"


def _add(tx: Tx, address: NamedAddress, now: datetime) -> None:
    store.add(tx, (address.uri, address.kind.value, address.authority_id, address.partition), now)
