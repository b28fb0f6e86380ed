"""The way from the roots down to a domain's servers, without any resolver: each zone's servers say where the next zone's are.

What they say is believed of what is below them alone; addresses that come along count for servers within that. With a trust
anchor each cut is validated (`dns_chain.py`). Bounded in cuts, depth, servers, and by the questions and the time of the look.
"""

from dataclasses import dataclass

import dns.flags
import dns.name
import dns.rdataclass
import dns.rdatatype
from dns.message import Message
from dns.name import Name
from dns.rdata import Rdata
from dns.rdatatype import RdataType
from dns.rrset import RRset

from directca.vetting import dns_chain
from directca.vetting.dns_asking import SAYS_SOMETHING, Asking, Blind, Place
from directca.vetting.dns_chain import Keys
from directca.vetting.domain_policy import Network, may_be_asked
from directca.vetting.public_suffixes import is_public_suffix

_CUTS = 12
_DEPTH = 3
_TRIED = 4
_KEPT = 8

Server = tuple[Name, str]

NOT_VALIDATED, SECURE, INSECURE = "not_validated", "secure", "insecure"


@dataclass(frozen=True)
class Zone:
    """A zone on the way: its servers with their addresses, what DNSSEC says of it, and its keys where it is signed."""

    name: Name
    servers: tuple[Server, ...]
    dnssec: str
    keys: Keys | None = None


class Descent:
    """One look from the roots."""

    def __init__(
        self, asking: Asking, roots: tuple[Place, ...], anchors: tuple[Rdata, ...], excepted: tuple[Network, ...], port: int
    ) -> None:
        self._asking = asking
        self._roots = roots
        self._anchors = anchors
        self._excepted = excepted
        self._port = port

    def zone_of(self, name: Name, depth: int = 0) -> Zone:
        """The zone that a name is in. Raises Blind: `no_delegation` where that is a public suffix's, `bogus`, `loops`."""
        zone = self._root()
        for _ in range(_CUTS):
            answer = self._answer(zone, name, dns.rdatatype.NS)
            cut = _next(zone.name, name, answer)
            if cut is None:
                if depth == 0 and (len(zone.name) <= 2 or is_public_suffix(zone.name.to_text(omit_final_dot=True))):
                    raise Blind("no_delegation")
                return zone
            zone = self._below(zone, cut, answer, depth)
        raise Blind("loops")

    def _root(self) -> Zone:
        servers = tuple((dns.name.root, address) for address, _ in self._roots)
        zone = Zone(dns.name.root, servers, NOT_VALIDATED)
        if not self._anchors:
            return zone
        keys = dns_chain.root_keys(self._anchors, self._answer(zone, dns.name.root, dns.rdatatype.DNSKEY))
        return Zone(dns.name.root, servers, SECURE, keys)

    def _below(self, parent: Zone, cut: Name, referral: Message, depth: int) -> Zone:
        servers = self._servers(parent.name, cut, referral, depth)
        child = Zone(cut, servers, parent.dnssec)
        if parent.keys is None:
            return child
        denial = self._answer(parent, cut, dns.rdatatype.DS)
        has_some = denial.get_rrset(denial.answer, cut, dns.rdataclass.IN, dns.rdatatype.DS) is not None
        answer = self._answer(child, cut, dns.rdatatype.DNSKEY) if has_some else None
        keys = dns_chain.child_keys(parent.name, parent.keys, cut, denial, answer)
        return Zone(cut, servers, INSECURE if keys is None else SECURE, keys)

    def _servers(self, parent: Name, cut: Name, referral: Message, depth: int) -> tuple[Server, ...]:
        section = referral.authority if _has(referral.authority, cut) else referral.answer
        found = referral.get_rrset(section, cut, dns.rdataclass.IN, dns.rdatatype.NS)
        names = sorted(record.target for record in found or ())[:_KEPT]
        known: list[Server] = []
        for name in names:
            if name.is_subdomain(parent):
                for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
                    glue = referral.get_rrset(referral.additional, name, dns.rdataclass.IN, kind)
                    known += [(name, record.address) for record in glue or ()]
        for name in names:
            if not known or (len({one for one, _ in known}) < 2 and name not in {one for one, _ in known}):
                known += [(name, address) for address in self._addresses(name, depth)]
        return tuple(dict.fromkeys(known))[:_KEPT]

    def _addresses(self, name: Name, depth: int) -> list[str]:
        """Those of a server that lives elsewhere, by a descent of its own."""
        if depth >= _DEPTH:
            raise Blind("loops")
        zone, found = self.zone_of(name, depth + 1), list[str]()
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            answer = self._answer(zone, name, kind)
            rrset = answer.get_rrset(answer.answer, name, dns.rdataclass.IN, kind)
            found += [record.address for record in rrset or ()]
        return found

    def _answer(self, zone: Zone, name: Name, kind: RdataType) -> Message:
        """What the first of a zone's servers says that says something."""
        word = "no_servers"
        for _, address in zone.servers[:_TRIED]:
            if not may_be_asked(address, self._excepted):
                word = "address_refused"
                continue
            try:
                answer = self._asking.ask((address, self._port_of(address)), name, kind, signatures=bool(self._anchors))
            except Blind as blind:
                if blind.word == "out_of_time":
                    raise
                word = blind.word
                continue
            if answer.rcode() in SAYS_SOMETHING:
                return answer
            word = "servers_failed"
        raise Blind(word)

    def _port_of(self, address: str) -> int:
        return dict(self._roots).get(address, self._port)


def _next(zone: Name, name: Name, answer: Message) -> Name | None:
    """The cut below a zone that an answer leads to; None where the zone itself answers. Raises Blind."""
    for section in (answer.answer, answer.authority):
        for rrset in section:
            if rrset.rdtype != dns.rdatatype.NS or rrset.name == zone:
                continue
            if not (rrset.name.is_subdomain(zone) and name.is_subdomain(rrset.name)):
                raise Blind("astray")
            return rrset.name
    if answer.flags & dns.flags.AA:
        return None
    raise Blind("not_authoritative")


def _has(section: list[RRset], cut: Name) -> bool:
    return any(rrset.name == cut and rrset.rdtype == dns.rdatatype.NS for rrset in section)
