"""One pair that is good, one on hold, one revoked, of a running server: what the judges of status are asked about.

    standing.ask_all()      # each certificate with the word that every judge must say

Two servers are judged: one whose certificates all name the full list and whose OCSP answers name their responder by its key,
and one that shares its certificates out among three lists and names responders by their name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.interop.issued import Half, Pair, chain_of, fetch_crl, issue, joined
from tests.live import UNASKED, LiveServer

GOOD, HELD, REVOKED = "good", "held", "revoked"
PARTED = UNASKED + 'partitions = 3\nresponder_id = "name"\n'


@dataclass(frozen=True)
class Standing:
    """Files for other people's tools: the authority's certificates and three pairs."""

    live: LiveServer
    folder: Path
    root: Path
    issuing: Path
    pairs: dict[str, Pair]

    def __str__(self) -> str:
        return self.folder.name

    @cached_property
    def authorities(self) -> Path:
        """The issuing CA's certificate and the root's in one file."""
        return joined(self.folder / "authorities.pem", [self.issuing, self.root])

    @cached_property
    def root_crl(self) -> Path:
        """The root's list, in PEM; the DER stands beside it as .crl."""
        return fetch_crl(x509.load_pem_x509_certificate(self.issuing.read_bytes()), self.folder / "root-crl.pem")

    @cached_property
    def full_crl(self) -> Path:
        """The issuing CA's full list, which no certificate of a partition names."""
        answer = httpx2.get(f"{self.live.base_url}/crl/issuing.crl", timeout=30)
        path = self.folder / "full-crl.pem"
        path.with_suffix(".crl").write_bytes(answer.content)
        path.write_bytes(x509.load_der_x509_crl(answer.content).public_bytes(Encoding.PEM))
        return path

    @property
    def ocsp(self) -> str:
        """The address of the responder, as a certificate names it."""
        access = self.pairs[GOOD].signing.x509.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        (address,) = [a.access_location.value for a in access if a.access_method == AuthorityInformationAccessOID.OCSP]
        return str(address)

    def halves(self) -> Iterator[tuple[str, Half]]:
        """Each certificate, with how it stands."""
        for state, pair in self.pairs.items():
            for half in pair.halves:
                yield state, half

    def crl_of(self, half: Half) -> Path:
        """The list that a certificate names, fetched once."""
        path = half.certificate.with_suffix(".crl.pem")
        return path if path.exists() else fetch_crl(half.x509, path)


def stand(live: LiveServer, folder: Path) -> Standing:
    """Buy three pairs; put one on hold and revoke one."""
    account = live.first
    with live.client(account) as api:
        pairs = {state: issue(api, f"{state}.status@{account.direct_domain}", folder) for state in (GOOD, HELD, REVOKED)}
        for state, reason in ((HELD, "certificateHold"), (REVOKED, "keyCompromise")):
            answer = api("POST", f"/api/certificate/revoke/{pairs[state].name}/{reason}")
            assert answer.status_code == 200, answer.text
    return Standing(live, folder, *chain_of(pairs[GOOD], account, folder), pairs)
