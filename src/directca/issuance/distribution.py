"""Where a new certificate says that its status is found: fixed by its serial number when it is issued, and stored with it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from directca.certificates import listing
from directca.certificates.addresses import AddressKind, NamedAddress, NamedAddresses, crl_uri
from directca.db.engine import Tx
from directca.pki.templates import Addresses


@dataclass(frozen=True)
class Distribution:
    """The addresses that certificates of one authority name, and among how many lists they are shared out (1: the full list)."""

    authority_id: str
    addresses: Addresses
    relying_party_url: str = ""
    partitions: int = 1
    named: NamedAddresses = field(default_factory=NamedAddresses, compare=False)

    def partition(self, serial: int) -> str:
        """The list that a certificate is issued into."""
        return listing.partition_name(serial, self.partitions)

    def of(self, serial: int) -> Addresses:
        """What the certificate with this serial number names."""
        partition = self.partition(serial)
        if partition == listing.FULL:
            return self.addresses
        return replace(self.addresses, crl=crl_uri(self.relying_party_url, self.authority_id, partition))

    def note(self, tx: Tx, serials: Iterable[int], now: datetime) -> None:
        """Write down what certificates with these serial numbers are about to name (invariant 16)."""
        found: list[NamedAddress] = []
        for serial in serials:
            addresses, partition = self.of(serial), self.partition(serial)
            for uri, kind in ((addresses.ca_issuers, AddressKind.CA_ISSUERS), (addresses.ocsp, AddressKind.OCSP)):
                if uri is not None:
                    found.append(NamedAddress(uri, kind, self.authority_id))
            if addresses.crl is not None:
                found.append(NamedAddress(addresses.crl, AddressKind.CRL, self.authority_id, partition))
        self.named.note(tx, found, now)
