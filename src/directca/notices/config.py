"""How long customers find what happened, and how it is sent to their webhooks."""

import ipaddress
from dataclasses import dataclass, fields
from ipaddress import IPv4Network, IPv6Network

_LOOPBACK = tuple(ipaddress.ip_network(one) for one in ("127.0.0.0/8", "::1/128"))
_MOST = {"webhook_seconds": 60, "at_once": 64, "webhooks": 100, "retry_hours": 24 * 30, "disable_hours": 24 * 90}


@dataclass(frozen=True)
class NoticeConfig:
    """`keep_days` is how long events can be fetched, `log_days` how long what became of deliveries can be looked at.

    A webhook has `webhook_seconds` to answer; `at_once` are sent to at a time; an account has at most so many `webhooks`. What
    does not arrive is tried again after `retry_seconds`, then after twice as long each time, up to `retry_longest_minutes`, and
    given up after `retry_hours`; a webhook at which nothing arrives for `disable_hours` is switched off. A secret that was
    replaced signs as well for `secret_overlap_hours`. `trust_file` holds the certificates by which webhooks are known (empty:
    the system's). `allow_loopback` lets webhooks be on this machine, in a sandbox only.
    """

    keep_days: int = 400
    log_days: int = 30
    webhook_seconds: int = 10
    at_once: int = 16
    webhooks: int = 10
    retry_seconds: int = 30
    retry_longest_minutes: int = 360
    retry_hours: int = 72
    disable_hours: int = 120
    secret_overlap_hours: int = 24
    trust_file: str = ""
    allow_loopback: bool = False

    def unusable(self) -> str | None:
        """The name of a setting that cannot be used, if there is one."""
        for one in fields(self):
            value = getattr(self, one.name)
            if type(value) is int and not 1 <= value <= _MOST.get(one.name, 100_000):
                return one.name
        return None

    def loopback(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of this machine, if webhooks may be there."""
        return _LOOPBACK if self.allow_loopback else ()
