"""Looking at a domain in the DNS, over the network: from each vantage point its authoritative servers are found and asked.

At a vantage point, a resolver, only the way is asked: in which zone the domain is, which servers have it, at which addresses, and
what validation by DNSSEC says. Or nobody is asked the way: it is walked from the roots
(`dns_descent.py`). What counts is what those servers say themselves, with authority, at this moment: nothing is kept.
No alias (CNAME, DNAME) is followed, since else whoever it leads to would show control of the domain by a name of their own.

Everything that comes back was chosen by strangers. So the walk is bounded in time, questions, servers, labels; an answer counts
only from where it was asked, with its question, number and authority; and a server at an address that is not public is not asked
(`may_be_asked`). UDP first, TCP when an answer is cut off.
"""

from collections.abc import Sequence
from dataclasses import replace

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.resolver
from dns.message import Message
from dns.name import Name
from dns.rdata import Rdata
from dns.rdatatype import RdataType

from directca.vetting import dns_chain
from directca.vetting.config import DomainConfig
from directca.vetting.dns_asking import SAYS_SOMETHING, Asking, Blind, Place
from directca.vetting.dns_chain import Keys
from directca.vetting.dns_descent import Descent
from directca.vetting.domain_model import ServerAnswer, View
from directca.vetting.domain_policy import may_be_asked

_QUESTIONS = 64
_SERVERS = 8
_ADDRESSES = 8
_DNS = 53
_FROM_ROOTS = "the roots"


class DnsLookup:
    """The port's implementation over the network."""

    def __init__(self, config: DomainConfig) -> None:
        self._config = config
        self._places = config.places()
        self._excepted = config.excepted()

    def look(self, domain: str) -> tuple[View, ...]:
        """What every vantage point shows; each has its share of the time."""
        config = self._config
        places = self._places or (() if config.from_roots else _own_resolver())
        if not places and not config.from_roots:
            return (View("this machine", problem="no_resolver"),)
        share = config.look_seconds / (len(places) + config.from_roots)
        views = tuple(self._view(domain, place, share) for place in places)
        return (*views, self._view_from_roots(domain, share)) if config.from_roots else views

    def _view_from_roots(self, domain: str, seconds: float) -> View:
        """What the way from the roots leads to, without any resolver."""
        name, config = dns.name.from_text(domain), self._config
        walk = Asking(config, seconds, 2 * _QUESTIONS)
        descent = Descent(walk, config.roots(), _anchors(config), self._excepted, config.authoritative_port)
        try:
            zone = descent.zone_of(name)
        except Blind as blind:
            return View(_FROM_ROOTS, problem=blind.word)
        answers = tuple(self._answer(walk, name, server, address, zone.keys) for server, address in zone.servers)
        return View(_FROM_ROOTS, zone.name.to_text(omit_final_dot=True), zone.dnssec, answers)

    def _view(self, domain: str, place: Place, seconds: float) -> View:
        name = dns.name.from_text(domain)
        shown = View(_shown(place))
        walk = _Walk(self._config, seconds, _QUESTIONS)
        try:
            zone, servers = walk.delegation(place, name)
            shown = replace(shown, zone=zone.to_text(omit_final_dot=True), dnssec=walk.validation(place, name))
            addresses = walk.addresses(place, servers)
        except Blind as blind:
            return replace(shown, problem=blind.word)
        answers = tuple(self._answer(walk, name, server, address) for server, address in addresses)
        return replace(shown, servers=answers)

    def _answer(self, walk: Asking, name: Name, server: Name, address: str, keys: Keys | None = None) -> ServerAnswer:
        silent = ServerAnswer(server.to_text(omit_final_dot=True), address)
        if not may_be_asked(address, self._excepted):
            return replace(silent, problem="address_refused")
        try:
            answer = walk.ask((address, self._config.authoritative_port), name, dns.rdatatype.TXT, signatures=keys is not None)
        except Blind as blind:
            return replace(silent, problem=blind.word)
        if (word := _says_nothing(answer)) is not None:
            return replace(silent, problem=word)
        if any(rrset.rdtype in (dns.rdatatype.CNAME, dns.rdatatype.DNAME) for rrset in answer.answer):
            return replace(silent, answered=True, problem="alias")
        if not _is_signed(answer, name, keys):
            return replace(silent, answered=True, problem="bogus")
        return replace(silent, answered=True, texts=_texts(answer, name))


class _Walk(Asking):
    """The questions of one look from one vantage point, counted and timed."""

    def delegation(self, place: Place, name: Name) -> tuple[Name, Sequence[Name]]:
        """The zone that the name is in, and the names of its servers. A top-level domain is nobody's zone here."""
        while len(name) > 2:
            answer = self._ask_resolver(place, name, dns.rdatatype.NS)
            found = answer.get_rrset(answer.answer, name, dns.rdataclass.IN, dns.rdatatype.NS)
            if found is not None:
                return name, sorted(record.target for record in found)[:_SERVERS]
            name = name.parent()
        raise Blind("no_delegation")

    def validation(self, place: Place, name: Name) -> str:
        """What the resolver says of DNSSEC. One that validates fails on what is bogus, and then nothing is seen from there."""
        answer = self._ask_resolver(place, name, dns.rdatatype.TXT)
        return "resolver_validated" if answer.flags & dns.flags.AD else "resolver_not_validated"

    def addresses(self, place: Place, servers: Sequence[Name]) -> list[tuple[Name, str]]:
        """The first addresses of each server, then the second ones. A server's name that is an alias has none (RFC 2181 10.3)."""
        found: list[list[tuple[Name, str]]] = []
        for server in servers:
            mine: list[tuple[Name, str]] = []
            for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
                answer = self._ask_resolver(place, server, kind)
                rrset = answer.get_rrset(answer.answer, server, dns.rdataclass.IN, kind)
                mine += [(server, record.address) for record in rrset or ()]
            found.append(mine)
        most = max((len(mine) for mine in found), default=0)
        turns = [mine[turn] for turn in range(most) for mine in found if turn < len(mine)]
        return list(dict.fromkeys(turns))[:_ADDRESSES]

    def _ask_resolver(self, place: Place, name: Name, kind: RdataType) -> Message:
        answer = self.ask(place, name, kind, recursion=True)
        if answer.rcode() not in SAYS_SOMETHING:
            raise Blind("resolver_failed")
        return answer


def _says_nothing(answer: Message) -> str | None:
    """Why an answer does not count; None for one that does."""
    if answer.rcode() not in SAYS_SOMETHING:
        return dns.rcode.to_text(answer.rcode()).lower()
    return None if answer.flags & dns.flags.AA else "not_authoritative"


def _is_signed(answer: Message, name: Name, keys: Keys | None) -> bool:
    """Whether the records are signed, where the zone is; that there are none shows nothing and needs no proof."""
    found = answer.get_rrset(answer.answer, name, dns.rdataclass.IN, dns.rdatatype.TXT)
    if keys is None or found is None:
        return True
    try:
        dns_chain.validated(answer, answer.answer, found, keys)
    except Blind:
        return False
    return True


def _texts(answer: Message, name: Name) -> tuple[str, ...]:
    """The TXT records of the very name; strings of one record belong together (RFC 7208 3.3)."""
    rrset = answer.get_rrset(answer.answer, name, dns.rdataclass.IN, dns.rdatatype.TXT)
    return tuple(b"".join(record.strings).decode("utf-8", "backslashreplace") for record in rrset or ())


def _own_resolver() -> tuple[Place, ...]:
    """The machine's own resolver: the first of its settings."""
    try:
        return tuple((str(address), _DNS) for address in dns.resolver.Resolver().nameservers[:1])
    except dns.exception.DNSException:
        return ()


def _shown(place: Place) -> str:
    address, port = place
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _anchors(config: DomainConfig) -> tuple[Rdata, ...]:
    return tuple(dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DS, one) for one in config.trust_anchors)
