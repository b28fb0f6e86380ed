"""DNSSEC by our own validation (RFC 4035): from a configured trust anchor down, one zone cut after the other.

A cut is signed (its DS matches a key of the child, and that signs the child's keys), proved unsigned (the parent denies a DS by a
signed NSEC or NSEC3), or bogus. What cannot be proved unsigned is bogus: nobody strips signatures on the way.
"""

import base64
from collections.abc import Iterable, Sequence

import dns.dnssec
import dns.exception
import dns.name
import dns.rdataclass
import dns.rdatatype
from dns.message import Message
from dns.name import Name
from dns.rdata import Rdata
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.NSEC3 import NSEC3
from dns.rrset import RRset

from directca.vetting.dns_asking import Blind

Keys = dict[Name, RRset]
_OPT_OUT = 1
_DIGESTS = {2: "SHA256", 4: "SHA384"}
_MOST_HASHES = 500
"""Rounds of NSEC3 beyond which a zone is refused rather than computed for (RFC 9276)."""


def root_keys(anchors: Iterable[Rdata], answer: Message) -> Keys:
    """The root's keys, if an anchor is for one of them. Raises Blind."""
    return _child_keys(dns.name.root, tuple(anchors), answer)


def child_keys(parent: Name, keys: Keys, cut: Name, denial: Message, answer: Message | None) -> Keys | None:
    """The keys of a child: `denial` is the parent's answer about its DS, `answer` the child's about its keys. None where the
    parent proves that it has none. Raises Blind."""
    found = denial.get_rrset(denial.answer, cut, dns.rdataclass.IN, dns.rdatatype.DS)
    if found is None:
        if _denied(parent, keys, cut, denial):
            return None
        raise Blind("bogus")
    validated(denial, denial.answer, found, keys)
    if answer is None:
        raise Blind("bogus")
    return _child_keys(cut, tuple(found), answer)


def validated(message: Message, section: list[RRset], rrset: RRset, keys: Keys) -> None:
    """Return if the records are signed by one of the keys. Raises Blind."""
    signatures = message.get_rrset(section, rrset.name, dns.rdataclass.IN, dns.rdatatype.RRSIG, rrset.rdtype)
    if signatures is None:
        raise Blind("bogus")
    try:
        dns.dnssec.validate(rrset, signatures, dict(keys))
    except (dns.exception.DNSException, ValueError) as error:
        raise Blind("bogus") from error


def _child_keys(zone: Name, anchors: Sequence[Rdata], answer: Message) -> Keys:
    found = answer.get_rrset(answer.answer, zone, dns.rdataclass.IN, dns.rdatatype.DNSKEY)
    if found is None:
        raise Blind("bogus")
    trusted = RRset(zone, dns.rdataclass.IN, dns.rdatatype.DNSKEY)
    for key in found:
        if any(_is_for(anchor, zone, key) for anchor in anchors):
            trusted.add(key, found.ttl)
    if not trusted:
        raise Blind("bogus")
    validated(answer, answer.answer, found, {zone: trusted})
    return {zone: found}


def _is_for(anchor: Rdata, zone: Name, key: Rdata) -> bool:
    if not (isinstance(anchor, DS) and isinstance(key, DNSKEY)):
        return False
    digest = _DIGESTS.get(anchor.digest_type)
    if digest is None or anchor.key_tag != dns.dnssec.key_id(key) or anchor.algorithm != key.algorithm:
        return False
    made = dns.dnssec.make_ds(zone, key, digest)
    return bool(made.digest == anchor.digest)


def _denied(parent: Name, keys: Keys, cut: Name, denial: Message) -> bool:
    """Whether the parent proves that there is no DS at a cut, and that it is one (RFC 4035 5.2, RFC 5155 8.9)."""
    for rrset in denial.authority:
        if rrset.rdtype not in (dns.rdatatype.NSEC, dns.rdatatype.NSEC3):
            continue
        validated(denial, denial.authority, rrset, keys)
        for record in rrset:
            if isinstance(record, NSEC) and rrset.name == cut and _is_unsigned(record):
                return True
            if isinstance(record, NSEC3) and _denies_hashed(parent, cut, rrset.name, record):
                return True
    return False


def _denies_hashed(parent: Name, cut: Name, owner: Name, record: NSEC3) -> bool:
    if record.iterations > _MOST_HASHES or owner.parent() != parent:
        return False
    hashed = dns.dnssec.nsec3_hash(cut, record.salt or None, record.iterations, record.algorithm).lower()
    first = owner.labels[0].decode("ascii", "replace").lower()
    if hashed == first:
        return _is_unsigned(record)
    following = base64.b32hexencode(record.next).decode().lower()
    covers = first < hashed < following if first < following else (hashed > first or hashed < following)
    return bool(record.flags & _OPT_OUT) and covers


def _is_unsigned(record: NSEC | NSEC3) -> bool:
    """Whether the types at a name are those of a cut without a DS."""
    types = {
        window * 256 + place * 8 + bit
        for window, bits in record.windows
        for place, octet in enumerate(bits)
        for bit in range(8)
        if octet & (0x80 >> bit)
    }
    return dns.rdatatype.NS in types and dns.rdatatype.DS not in types and dns.rdatatype.SOA not in types
