"""The way from the roots down, walked among real name servers of our own: signed and unsigned, led astray, looping, forged."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.node
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.zone
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from dns.message import Message
from dns.name import Name

from directca.vetting import domain_policy
from directca.vetting.dns_lookup import DnsLookup
from directca.vetting.domain_model import View
from tests.name_servers import NameServers, name_servers

ROOT, TLD, ZONE_SERVER, HOSTING = "127.0.0.31", "127.0.0.32", "127.0.0.33", "127.0.0.34"
DOMAIN, RECORD = "direct.clinic.example", "DirectCA-Verification=abc"
BEGINS = datetime.now(UTC) - timedelta(hours=1)

ROOT_ZONE = "@ SOA ns. root. 1 1 1 1 1\n@ NS ns.\nns A 127.0.0.31\nexample NS ns.example.\nns.example A 127.0.0.32\n"
TLD_ZONE = "@ SOA ns root 1 1 1 1 1\n@ NS ns\nns A 127.0.0.32\nclinic NS ns.clinic\nns.clinic A 127.0.0.33\n{more}"
CLINIC_ZONE = '@ SOA ns root 1 1 1 1 1\n@ NS ns\nns A 127.0.0.33\ndirect TXT "DirectCA-Verification=abc"\n'


@cache
def key_of(origin: str) -> tuple[Any, Any]:
    private = ec.generate_private_key(ec.SECP256R1())
    return private, dns.dnssec.make_dnskey(private.public_key(), "ECDSAP256SHA256", flags=257)


def anchor(origin: str = ".") -> str:
    return dns.dnssec.make_ds(dns.name.from_text(origin), key_of(origin)[1], "SHA256").to_text()


def a_zone(origin: str, text: str, *children: str, signed: bool = True) -> dns.zone.Zone:
    """A zone; signed, it has the DS of each child."""
    made = dns.zone.from_text(f"$TTL 60\n{text}", origin=origin, relativize=False, check_origin=False)
    if signed:
        with made.writer() as writer:
            for child in children:
                ds = dns.dnssec.make_ds(dns.name.from_text(child), key_of(child)[1], "SHA256")
                writer.add(dns.name.from_text(child), 60, ds)
        with made.writer() as writer:
            dns.dnssec.sign_zone(
                made, writer, [key_of(origin)], inception=BEGINS, expiration=BEGINS + timedelta(days=1), dnskey_ttl=60
            )
    return made


@dataclass
class Tree:
    """Name servers that answer from zones, with referrals, and what they are made to do instead."""

    servers: NameServers
    zones: dict[str, list[dns.zone.Zone]] = field(default_factory=dict)

    def serve(self, address: str, *zones: dns.zone.Zone) -> None:
        self.zones[address] = list(zones)
        host = self.servers.host(address, authority=True)
        host.behaves = lambda question, tcp: self.answer(address, question)

    def answer(self, address: str, question: Message) -> Message:
        asked = question.question[0]
        answer = dns.message.make_response(question)
        signed = bool(question.ednsflags & dns.flags.DO)
        mine = [zone for zone in self.zones[address] if asked.name.is_subdomain(zone.origin)]
        if asked.rdtype == dns.rdatatype.DS:
            mine = [zone for zone in mine if zone.origin != asked.name] or mine
        if not mine:
            answer.set_rcode(dns.rcode.REFUSED)
            return answer
        zone = max(mine, key=lambda one: len(one.origin))
        cut = self._cut(zone, asked.name)
        if cut is not None and not (cut == asked.name and asked.rdtype == dns.rdatatype.DS):
            self._add(answer.authority, zone, cut, dns.rdatatype.NS, signed=False)
            for record in answer.authority[0]:
                self._add(answer.additional, zone, record.target, dns.rdatatype.A, signed=False)
            return answer
        answer.flags |= dns.flags.AA
        self._add(answer.answer, zone, asked.name, asked.rdtype, signed=signed)
        if not answer.answer:
            if zone.get_node(asked.name) is None:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            if signed:
                self._add(answer.authority, zone, asked.name, dns.rdatatype.NSEC, signed=True)
        return answer

    def _cut(self, zone: dns.zone.Zone, name: Name) -> Name | None:
        while name != zone.origin:
            if zone.get_rrset(name, dns.rdatatype.NS) is not None:
                return name
            name = name.parent()
        return None

    def _add(self, section: list[Any], zone: dns.zone.Zone, name: Name, kind: Any, *, signed: bool) -> None:
        found = zone.get_rrset(name, kind)
        if found is not None:
            section.append(found)
            signatures = zone.get_rrset(name, dns.rdatatype.RRSIG, kind)
            if signed and signatures is not None:
                section.append(signatures)

    def look(self, *anchors: str, **changes: Any) -> View:
        config = self.servers.config(
            from_roots=True, root_servers=(f"{ROOT}:{self.servers.port}",), trust_anchors=anchors, resolvers=(), **changes
        )
        (view,) = DnsLookup(config).look(DOMAIN)
        return view


@pytest.fixture
def tree() -> Iterator[Tree]:
    """Three zones, one below the other, all signed."""
    with name_servers() as servers:
        made = Tree(servers)
        made.serve(ROOT, a_zone(".", ROOT_ZONE, "example."))
        made.serve(TLD, a_zone("example.", TLD_ZONE.format(more=""), "clinic.example."))
        made.serve(ZONE_SERVER, a_zone("clinic.example.", CLINIC_ZONE))
        yield made


def is_shown(view: View) -> bool:
    return domain_policy.judge((view,), 0, RECORD).proven


def problems(view: View) -> set[str | None]:
    return {one.problem for one in (view, *view.servers)} - {None}


def test_the_record_is_found_and_validated_without_a_resolver(tree: Tree) -> None:
    view = tree.look(anchor())
    assert is_shown(view)
    assert (view.vantage, view.zone, view.dnssec) == ("the roots", "clinic.example", "secure")
    assert [one.address for one in view.servers] == [ZONE_SERVER]
    assert set(tree.servers.hosts) == {ROOT, TLD, ZONE_SERVER}


def test_without_an_anchor_nothing_is_said_to_be_validated(tree: Tree) -> None:
    view = tree.look()
    assert is_shown(view)
    assert view.dnssec == "not_validated"


def test_a_zone_that_is_proved_unsigned_is_insecure_and_shows_control(tree: Tree) -> None:
    tree.serve(TLD, a_zone("example.", TLD_ZONE.format(more="")))
    tree.serve(ZONE_SERVER, a_zone("clinic.example.", CLINIC_ZONE, signed=False))
    view = tree.look(anchor())
    assert (is_shown(view), view.dnssec) == (True, "insecure")


def test_signatures_that_are_stripped_show_nothing(tree: Tree) -> None:
    tree.serve(ZONE_SERVER, a_zone("clinic.example.", CLINIC_ZONE, signed=False))
    assert (is_shown(view := tree.look(anchor())), problems(view)) == (False, {"bogus"})
    tree.serve(TLD, a_zone("example.", TLD_ZONE.format(more=""), signed=False))
    assert (is_shown(view := tree.look(anchor())), problems(view)) == (False, {"bogus"})


def test_a_record_that_is_forged_in_a_signed_zone_shows_nothing(tree: Tree) -> None:
    honest = a_zone("clinic.example.", CLINIC_ZONE.replace("abc", "true"))
    name = dns.name.from_text(DOMAIN)
    with honest.writer() as writer:
        writer.replace(name, dns.rdataset.from_text("IN", "TXT", 60, f'"{RECORD}"'))
    tree.serve(ZONE_SERVER, honest)
    assert (is_shown(view := tree.look(anchor())), problems(view)) == (False, {"bogus"})
    assert is_shown(tree.look())


def test_another_anchor_is_for_no_key_of_the_root(tree: Tree) -> None:
    assert (is_shown(view := tree.look(anchor("example."))), problems(view)) == (False, {"bogus"})


def test_servers_elsewhere_are_found_by_a_way_of_their_own(tree: Tree) -> None:
    more = "other NS ns.other\nns.other A 127.0.0.34\n"
    tree.serve(TLD, a_zone("example.", TLD_ZONE.replace("NS ns.clinic", "NS a.other").format(more=more), "clinic.example."))
    tree.serve(
        HOSTING, a_zone("other.example.", "@ SOA ns root 1 1 1 1 1\n@ NS ns\nns A 127.0.0.34\na A 127.0.0.33\n", signed=False)
    )
    assert is_shown(tree.look(anchor()))


def test_servers_that_lead_to_one_another_end_in_time(tree: Tree) -> None:
    loop = "@ SOA ns root 1 1 1 1 1\n@ NS ns\nns A 127.0.0.32\nclinic NS a.other\nother NS a.clinic\n"
    tree.serve(TLD, a_zone("example.", loop, signed=False))
    began = time.monotonic()
    view = tree.look()
    assert (is_shown(view), problems(view) <= {"loops", "out_of_time"}, time.monotonic() - began < 5) == (False, True, True)


@pytest.mark.parametrize("owner", [".", "example.", "evil.", "other.example."])
def test_a_way_that_leads_up_or_aside_is_not_taken(tree: Tree, owner: str) -> None:
    def astray(question: Message, tcp: bool) -> Message:
        answer = dns.message.make_response(question)
        answer.authority.append(dns.rrset.from_text(owner, 60, "IN", "NS", "ns.clinic.example."))
        answer.additional.append(dns.rrset.from_text("ns.clinic.example.", 60, "IN", "A", ZONE_SERVER))
        return answer

    tree.servers.host(TLD).behaves = astray
    view = tree.look()
    assert (is_shown(view), problems(view) <= {"astray", "not_authoritative"}) == (False, True)


def test_addresses_inside_are_not_asked_whatever_a_zone_says(tree: Tree) -> None:
    view = tree.look(private_networks=("127.0.0.31/32", "127.0.0.32/32"))
    assert (is_shown(view), problems(view)) == (False, {"address_refused"})
    assert tree.servers.host(ZONE_SERVER).asked == []


def test_a_domain_that_nobody_registered_is_in_no_zone(tree: Tree) -> None:
    tree.serve(TLD, a_zone("example.", "@ SOA ns root 1 1 1 1 1\n@ NS ns\nns A 127.0.0.32\n"))
    assert tree.look(anchor()).problem == "no_delegation"


@pytest.mark.parametrize(
    ("flags", "types", "covers", "word"),
    [
        (0, "NS", False, None),
        (1, "NS", True, None),
        (0, "NS", True, "bogus"),
        (0, "NS DS", False, "bogus"),
        (0, "NS SOA", False, "bogus"),
    ],
)
def test_hashed_denials_prove_what_they_prove_and_no_more(
    tree: Tree, flags: int, types: str, covers: bool, word: str | None
) -> None:
    tree.serve(ZONE_SERVER, a_zone("clinic.example.", CLINIC_ZONE, signed=False))
    hashed = dns.dnssec.nsec3_hash("clinic.example.", None, 0, 1)
    owner, following = ("0" * 32, "v" * 32) if covers else (hashed, "v" * 32)
    denial = dns.rrset.from_text(f"{owner}.example.", 60, "IN", "NSEC3", f"1 {flags} 0 - {following} {types}")
    zone, (private, key) = dns.name.from_text("example."), key_of("example.")
    signature = dns.dnssec.sign(denial, private, zone, key, inception=BEGINS, expiration=BEGINS + timedelta(days=1))

    def answer(question: Message, tcp: bool) -> Message:
        if question.question[0].rdtype != dns.rdatatype.DS:
            return tree.answer(TLD, question)
        made = dns.message.make_response(question)
        made.flags |= dns.flags.AA
        made.authority += [denial, dns.rrset.from_rdata(denial.name, 60, signature)]
        return made

    tree.servers.host(TLD).behaves = answer
    view = tree.look(anchor())
    assert (view.problem, view.dnssec if word is None else "insecure", is_shown(view)) == (word, "insecure", word is None)
