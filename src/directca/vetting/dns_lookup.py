"""Looking at a domain in the DNS, over the network: from each vantage point its authoritative servers are found and asked.

At a vantage point, a resolver, only the way is asked: in which zone the domain is, which servers have it, at which addresses, and
what validation by DNSSEC says. What counts is what those servers say themselves, with authority, at this moment: nothing is kept.
No alias (CNAME, DNAME) is followed, since else whoever it leads to would show control of the domain by a name of their own.

Everything that comes back was chosen by strangers. So the walk is bounded in time, questions, servers, labels; an answer counts
only from where it was asked, with its question, number and authority; and a server at an address that is not public is not asked
(`may_be_asked`). UDP first, TCP when an answer is cut off.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.resolver
from dns.message import Message
from dns.name import Name
from dns.rdatatype import RdataType

from directca.vetting.config import DomainConfig
from directca.vetting.domain_model import ServerAnswer, View
from directca.vetting.domain_policy import may_be_asked

_QUESTIONS = 64
_SERVERS = 8
_ADDRESSES = 8
_PAYLOAD = 1232
"""Octets of a UDP answer that no path cuts in pieces (DNS Flag Day 2020)."""
_DNS = 53
_SAYS_SOMETHING = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)

Place = tuple[str, int]


class _Blind(Exception):
    """Nothing can be seen from here, for a reason in one word."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class DnsLookup:
    """The port's implementation over the network."""

    def __init__(self, config: DomainConfig) -> None:
        self._config = config
        self._places = config.places()
        self._excepted = config.excepted()

    def look(self, domain: str) -> tuple[View, ...]:
        """What every vantage point shows; each has its share of the time."""
        places = self._places or _own_resolver()
        if not places:
            return (View("this machine", problem="no_resolver"),)
        share = self._config.look_seconds / len(places)
        return tuple(self._view(domain, place, share) for place in places)

    def _view(self, domain: str, place: Place, seconds: float) -> View:
        name = dns.name.from_text(domain)
        shown = View(_shown(place))
        walk = _Walk(self._config, seconds)
        try:
            zone, servers = walk.delegation(place, name)
            shown = replace(shown, zone=zone.to_text(omit_final_dot=True), dnssec=walk.validation(place, name))
            addresses = walk.addresses(place, servers)
        except _Blind as blind:
            return replace(shown, problem=blind.word)
        answers = tuple(self._answer(walk, name, server, address) for server, address in addresses)
        return replace(shown, servers=answers)

    def _answer(self, walk: "_Walk", name: Name, server: Name, address: str) -> ServerAnswer:
        silent = ServerAnswer(server.to_text(omit_final_dot=True), address)
        if not may_be_asked(address, self._excepted):
            return replace(silent, problem="address_refused")
        try:
            answer = walk.ask((address, self._config.authoritative_port), name, dns.rdatatype.TXT, recursion=False)
        except _Blind as blind:
            return replace(silent, problem=blind.word)
        if answer.rcode() not in _SAYS_SOMETHING:
            return replace(silent, problem=dns.rcode.to_text(answer.rcode()).lower())
        if not answer.flags & dns.flags.AA:
            return replace(silent, problem="not_authoritative")
        if any(rrset.rdtype in (dns.rdatatype.CNAME, dns.rdatatype.DNAME) for rrset in answer.answer):
            return replace(silent, answered=True, problem="alias")
        return replace(silent, answered=True, texts=_texts(answer, name))


class _Walk:
    """The questions of one look from one vantage point, counted and timed."""

    def __init__(self, config: DomainConfig, seconds: float) -> None:
        self._each = float(config.question_seconds)
        self._ends = time.monotonic() + seconds
        self._left = _QUESTIONS

    def delegation(self, place: Place, name: Name) -> tuple[Name, Sequence[Name]]:
        """The zone that the name is in, and the names of its servers. A top-level domain is nobody's zone here."""
        while len(name) > 2:
            answer = self._ask_resolver(place, name, dns.rdatatype.NS)
            found = answer.get_rrset(answer.answer, name, dns.rdataclass.IN, dns.rdatatype.NS)
            if found is not None:
                return name, sorted(record.target for record in found)[:_SERVERS]
            name = name.parent()
        raise _Blind("no_delegation")

    def validation(self, place: Place, name: Name) -> str:
        """What the resolver says of DNSSEC. One that validates fails on what is bogus, and then nothing is seen from there."""
        answer = self._ask_resolver(place, name, dns.rdatatype.TXT)
        return "validated" if answer.flags & dns.flags.AD else "not_validated"

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

    def ask(self, place: Place, name: Name, kind: RdataType, *, recursion: bool) -> Message:
        """The answer to one question, from the very server that was asked."""
        question = dns.message.make_query(name, kind, use_edns=0, want_dnssec=recursion, payload=_PAYLOAD)
        question.flags = dns.flags.RD | dns.flags.AD if recursion else dns.flags.Flag(0)
        address, port = place
        try:
            try:
                return dns.query.udp(
                    question,
                    address,
                    timeout=self._time(),
                    port=port,
                    ignore_unexpected=True,
                    raise_on_truncation=True,
                    ignore_errors=True,
                )
            except dns.message.Truncated:
                return dns.query.tcp(question, address, timeout=self._time(), port=port)
        except dns.exception.Timeout as error:
            raise _Blind("timeout") from error
        except (dns.exception.DNSException, EOFError) as error:
            raise _Blind("bad_answer") from error
        except OSError as error:
            raise _Blind("unreachable") from error

    def _ask_resolver(self, place: Place, name: Name, kind: RdataType) -> Message:
        answer = self.ask(place, name, kind, recursion=True)
        if answer.rcode() not in _SAYS_SOMETHING:
            raise _Blind("resolver_failed")
        return answer

    def _time(self) -> float:
        """The seconds for one more question, of which there are not many."""
        self._left -= 1
        seconds = min(self._each, self._ends - time.monotonic())
        if self._left < 0 or seconds <= 0:
            raise _Blind("out_of_time")
        return seconds


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
