"""Decisions about the control of a domain that need neither database nor network.

What a method proves is fixed before anything is tried: the very domain that the challenge names, nothing above or below it, for
the one organization of the one account that it was made for (invariant 2).
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from directca.direct import names
from directca.pki.domain_rules import DomainRules
from directca.vetting.domain_errors import ChallengeExpired, ChallengeSettled, DomainRefused
from directca.vetting.domain_model import Challenge, ChallengeState, DomainStanding, View
from directca.vetting.errors import BadVettingRecord
from directca.vetting.model import ClaimState, DomainClaim, DomainMethod
from directca.vetting.public_suffixes import date, is_public_suffix

Network = IPv4Network | IPv6Network

_TOKEN_BYTES = 24
_CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH = 12
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_CODE_LONGEST = 64
_TEXTS_KEPT, _TEXT_KEPT = 8, 200

# What carries an IPv4 address inside (RFC 6052, 3056, 4380), so that a private one could hide there.
_UNICAST = IPv6Network("2000::/3")
_TRANSLATED = tuple(ipaddress.ip_network(one) for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))


def one_domain(text: str) -> str:
    """The domain in the one form in which it is kept. Raises BadDirectName, BadVettingRecord."""
    name = names.parse(text, field="domain")
    if name.kind is not names.Kind.DOMAIN:
        raise BadVettingRecord("Give a domain, not an address: control of a mailbox proves no domain.", field="domain")
    return name.value


def claimable(text: str, refused: Iterable[str]) -> str:
    """The domain, if anybody may claim it. `refused` are domains, and with a dot before them everything below.

    Raises BadDirectName, BadVettingRecord, DomainRefused.
    """
    domain = one_domain(text)
    if any(domain == one or (one.startswith(".") and domain.endswith(one)) for one in refused):
        raise DomainRefused(
            f"This authority certifies nothing of {domain}. Ask its operator if you think it should.", field="domain"
        )
    if is_public_suffix(domain):
        raise DomainRefused(
            f"{domain} is a public suffix (list of {date()}): others register domains below it, and nobody is certified for "
            "all of it. Claim the domain that you registered.",
            field="domain",
        )
    return domain


def role_address(asked: str | None, rules: DomainRules) -> str:
    """The mailbox that a code is sent to, the first of the policy's unless one is asked for. Raises BadVettingRecord."""
    if asked is None:
        return rules.role_addresses[0]
    mailbox = asked.lower()
    if mailbox not in rules.role_addresses:
        raise BadVettingRecord(f"A code is sent to one of {', '.join(rules.role_addresses)} and to nobody else.", field="mailbox")
    return mailbox


def new_token(random: Callable[[int], bytes]) -> str:
    """192 random bits for a TXT record."""
    return random(_TOKEN_BYTES).hex()


def new_code(random: Callable[[int], bytes]) -> str:
    """60 random bits, in letters that nobody takes for one another, to be read and typed."""
    letters = "".join(_CODE_LETTERS[byte % len(_CODE_LETTERS)] for byte in random(_CODE_LENGTH))
    return "-".join(letters[start : start + 4] for start in range(0, _CODE_LENGTH, 4))


def code_digest(challenge_id: str, code: str) -> str:
    """How a code is kept: it means something for its own challenge alone. What is no code has a digest that no code has."""
    letters = code.upper().translate(_READ_AS) if code.isascii() and len(code) <= _CODE_LONGEST else ""
    return hashlib.sha256(f"{challenge_id}:{letters}".encode()).hexdigest()


def code_is_right(challenge: Challenge, typed: str) -> bool:
    """Whether this is the code of this challenge; takes as long when it is not."""
    kept = challenge.code_sha256 or ""
    return hmac.compare_digest(code_digest(challenge.id, typed), kept)


def require_open(challenge: Challenge, now: datetime) -> None:
    """Raise ChallengeSettled or ChallengeExpired unless the challenge can still be met: a challenge is used once."""
    if challenge.state is not ChallengeState.OPEN:
        raise ChallengeSettled(
            f"This challenge for {challenge.domain} is {challenge.state}. Claim the domain again for a new one."
        )
    if now >= challenge.expires_at:
        raise ChallengeExpired(
            f"The time of this challenge for {challenge.domain} is over. Claim the domain again for a new one."
        )


def require_lookable(challenge: Challenge, held: DomainClaim | None, rules: DomainRules, now: datetime) -> None:
    """Raise ChallengeSettled or ChallengeExpired unless the record may be looked for: while the challenge is open, and, to renew
    the very claim that it has led to and no other, from a while before that claim's end on."""
    if challenge.state is not ChallengeState.MET:
        require_open(challenge, now)
        return
    if held is None or held.id != challenge.claim_id or now >= held.expires_at:
        raise ChallengeSettled(f"What this challenge has shown holds no more. Claim {challenge.domain} again for a new one.")
    if now < held.expires_at - rules.renew_before:
        raise ChallengeSettled(
            f"Control of {challenge.domain} is verified until {held.expires_at:%Y-%m-%d}. "
            f"It is looked at again by itself, in the last {rules.renew_before.days} days of that time."
        )


def standing(challenge: Challenge | None, claim: DomainClaim | None, rules: DomainRules, now: datetime) -> DomainStanding:
    """What became of a claim: claimed, verified, expiring, expired or withdrawn."""
    if claim is None:
        if challenge is None or challenge.state is ChallengeState.WITHDRAWN:
            return DomainStanding.WITHDRAWN
        if challenge.state is ChallengeState.FAILED:
            return DomainStanding.FAILED
        return DomainStanding.PENDING if now < challenge.expires_at else DomainStanding.EXPIRED
    if claim.state is not ClaimState.VERIFIED:
        return DomainStanding.REPLACED if claim.state is ClaimState.REPLACED else DomainStanding.WITHDRAWN
    if now >= claim.expires_at:
        return DomainStanding.EXPIRED
    return DomainStanding.EXPIRING if now >= claim.expires_at - rules.renew_before else DomainStanding.VERIFIED


def may_be_asked(address: str, excepted: Sequence[Network] = ()) -> bool:
    """Whether a server at this address may be sent a question. Names lead to addresses that strangers choose: only public ones
    are asked, and those of networks that the settings except."""
    try:
        parsed: IPv4Address | IPv6Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        if parsed.scope_id is not None:
            return False
        if parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
    if any(parsed in network for network in excepted):
        return True
    if isinstance(parsed, IPv6Address) and (parsed not in _UNICAST or any(parsed in network for network in _TRANSLATED)):
        return False
    return parsed.is_global and not (parsed.is_multicast or parsed.is_reserved)


@dataclass(frozen=True)
class Verdict:
    """Whether control is shown, and in a sentence why not."""

    proven: bool
    why: str
    evidence: str


def judge(views: Sequence[View], quorum: int, record: str) -> Verdict:
    """What all vantage points together show. At each of them every server that answers must have the record, and one must answer.
    `quorum`: how many points must show it; 0: each."""
    showing = [view for view in views if _shows(view, record)]
    needed = quorum or len(views)
    proven = bool(record) and bool(views) and len(showing) >= max(1, needed)
    servers = sorted({f"{one.server} ({one.address})" for view in showing for one in view.servers if one.answered})
    return Verdict(proven, "" if proven else _why_not(views, len(showing), needed), f"{record} at {', '.join(servers)}"[:200])


def _shows(view: View, record: str) -> bool:
    answers = [one for one in view.servers if one.answered]
    return view.problem is None and bool(answers) and all(_has(one.texts, record) for one in answers)


def _has(texts: Iterable[str], record: str) -> bool:
    wanted = record.encode()
    return any(hmac.compare_digest(text.encode("utf-8", "replace"), wanted) for text in texts)


def _why_not(views: Sequence[View], showing: int, needed: int) -> str:
    problems = sorted({view.problem for view in views if view.problem is not None})
    if problems:
        return f"{showing} of {needed} vantage points saw the record; one could not look ({', '.join(problems)})."
    answers = [one for view in views for one in view.servers]
    if not any(one.answered for one in answers):
        silent = sorted({one.problem for one in answers if one.problem is not None})
        return f"No authoritative server of the domain gave an answer that counts ({', '.join(silent) or 'there is none'})."
    if any(one.problem == "alias" for one in answers):
        return "The domain is an alias (CNAME), and the record must stand on the domain itself."
    if showing:
        return f"{showing} of {needed} vantage points saw the record on every server; the others did not yet."
    return "Not every authoritative server of the domain has the record yet."


def seen_by(views: Sequence[View]) -> dict[str, object]:
    """What was seen, as it is kept: bounded, and printable."""
    return {
        "vantages": [
            {
                "vantage": view.vantage,
                "zone": view.zone,
                "dnssec": view.dnssec,
                "problem": view.problem,
                "servers": [
                    {
                        "server": safe(one.server),
                        "address": one.address,
                        "texts": [safe(text) for text in one.texts[:_TEXTS_KEPT]],
                        "texts_seen": len(one.texts),
                        "problem": one.problem,
                    }
                    for one in view.servers
                ],
            }
            for view in views
        ]
    }


def safe(text: str) -> str:
    """A stranger's text, as it may be kept and shown: short, without anything that does not print."""
    shown = "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in text[:_TEXT_KEPT])
    return shown[:_TEXT_KEPT].encode("utf-8", "replace").decode()


def method_is(challenge: Challenge, method: DomainMethod, instead: str) -> None:
    """Raise ChallengeSettled when the challenge is met in another way: `instead` says how."""
    if challenge.method is not method:
        raise ChallengeSettled(f"This challenge is not met in this way. {instead}")
