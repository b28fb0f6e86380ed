"""Where a new certificate says that its status is found: fixed by its serial number when it is issued, and stored with it."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from directca.certificates import listing
from directca.certificates.addresses import NamedAddresses, crl_uri, named_by
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
        """The list that the pair is issued into whose signing certificate has this serial number."""
        return listing.partition_name(serial, self.partitions)

    def of(self, serial: int) -> Addresses:
        """What the pair names whose signing certificate has this serial number."""
        partition = self.partition(serial)
        if partition == listing.FULL:
            return self.addresses
        return replace(self.addresses, crl=crl_uri(self.relying_party_url, self.authority_id, partition))

    def note(self, tx: Tx, serial: int, now: datetime) -> None:
        """Write down what such a pair is about to name (invariant 16)."""
        self.named.note(tx, named_by(self.of(serial), self.authority_id, self.partition(serial)), now)
