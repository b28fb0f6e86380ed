"""Decisions about webhooks: which address may be one, how a message is signed, how long to wait, what an answer means."""

import hashlib
import hmac
import ipaddress
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from directca.notices.config import NoticeConfig
from directca.notices.model import EventKind
from directca.notices.webhook_errors import BadWebhook
from directca.notices.webhook_model import Answered, Outcome, Webhook
from directca.vetting.domain_policy import may_be_asked

_LONGEST_URL = 500
_HTTPS, _LEAST_PORT = 443, 1024
_NAME = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""Labels with a dot between them (RFC 1123 2.1), the last of which is no number, however written."""
_SECRET_PREFIX = "whsec_"  # noqa: S105  (how secrets begin, not one)
_LONGEST_EXPONENT = 20
_SEEN = 400
THIS_MACHINE = "localhost"
_OF_CLOUDS = frozenset({ipaddress.ip_address("168.63.129.16")})
"""Public addresses that tell the machines of a cloud what is theirs alone. Most clouds have theirs where nothing is public."""


def checked_url(text: str, config: NoticeConfig) -> str:
    """The address, if a webhook can have it: https, a host, perhaps a port and a path. What the host's name leads to is looked
    at whenever something is sent. Raises BadWebhook."""
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text or len(text) > _LONGEST_URL:
        raise _bad(f"at most {_LONGEST_URL} ASCII characters without spaces; write others as their %-codes")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _bad("an address such as https://example.org/events") from error
    if parts.scheme != "https" and not (parts.scheme == "http" and config.allow_loopback):
        raise _bad("https: what is told is the account's alone")
    known = is_literal(host) or _NAME.fullmatch(host) or (host == THIS_MACHINE and config.allow_loopback)
    if "@" in parts.netloc or parts.fragment or not known:
        raise _bad(
            "an address without user name, password and fragment, with a host in ASCII, such as https://example.org/events"
        )
    if port is not None and port != _HTTPS and port < _LEAST_PORT:
        raise _bad(f"at port {_HTTPS}, or {_LEAST_PORT} and above")
    if is_literal(host) and not may_be_reached((host,), scheme=parts.scheme, config=config):
        raise _bad("at a public address")
    return text


def is_literal(host: str) -> bool:
    """Whether a host is an address itself, in its one form."""
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def may_be_reached(addresses: Sequence[str], *, scheme: str, config: NoticeConfig) -> bool:
    """Whether something may be sent to a host with these addresses: each of them is public, or, where the settings of a sandbox
    say so, of this machine; without TLS each is of this machine."""
    excepted = config.loopback()
    if scheme != "https" and not all(_is_loopback(one) for one in addresses):
        return False
    return bool(addresses) and all(may_be_asked(one, excepted) and not _is_of_a_cloud(one) for one in addresses)


def _is_of_a_cloud(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return (getattr(parsed, "ipv4_mapped", None) or parsed) in _OF_CLOUDS


def _is_loopback(address: str) -> bool:
    return may_be_asked(address, NoticeConfig(allow_loopback=True).loopback()) and not may_be_asked(address)


def checked_kinds(named: Iterable[str]) -> tuple[str, ...]:
    """The types that are wanted, each once; none for all. Raises BadWebhook."""
    wanted = tuple(dict.fromkeys(named))
    for one in wanted:
        if one not in set(EventKind):
            raise BadWebhook(f"There is no type {one[:40]!r}. /docs/event has all of them.", field="types")
    return wanted


def new_secret(octets: bytes) -> str:
    """A secret as it is shown and used: its very characters are the key."""
    return _SECRET_PREFIX + octets.hex()


def signature(secrets: Iterable[str], at: datetime, body: bytes) -> str:
    """The header that says when the message was signed, and signs that with the body, by each secret that is good."""
    moment = str(int(at.timestamp()))
    made = (hmac.new(one.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest() for one in secrets)
    return ",".join((f"t={moment}", *(f"v1={one}" for one in made)))


def answers(challenge: str, answered: Answered) -> bool:
    """Whether a webhook answered with the challenge that it was sent: as JSON, or as the text alone."""
    if answered.outcome is not Outcome.DELIVERED:
        return False
    text = answered.body.decode("utf-8", "replace").strip()
    if text == challenge:
        return True
    try:
        said = json.loads(text)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("challenge") == challenge


def seen(answered: Answered) -> str:
    """The first characters of an answer, as they may be kept and shown."""
    text = answered.body.decode("utf-8", "replace")[:_SEEN]
    return "".join(one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in text)


def pause(tries: int, config: NoticeConfig, lot: int) -> timedelta:
    """How long to wait after so many tries: twice as long each time, up to a longest, and by lot (0 to 255) up to a fifth more or
    less, so that what failed together is not tried again together."""
    longest = config.retry_longest_minutes * 60
    seconds = min(longest, config.retry_seconds * 2 ** min(max(tries, 1) - 1, _LONGEST_EXPONENT))
    return timedelta(seconds=seconds * (0.8 + 0.4 * lot / 255))


def has_failed_for_long(webhook: Webhook, now: datetime, config: NoticeConfig) -> bool:
    """Whether nothing has arrived for so long that nothing more is sent."""
    return webhook.failing_since is not None and now - webhook.failing_since >= timedelta(hours=config.disable_hours)


def outcome_of(status: int) -> Outcome:
    """What a status means."""
    if 200 <= status < 300:
        return Outcome.DELIVERED
    return Outcome.REDIRECTED if 300 <= status < 400 else Outcome.REFUSED


def _bad(wanted: str) -> BadWebhook:
    return BadWebhook(f"The address must be {wanted}.", field="url")
