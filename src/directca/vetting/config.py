"""How domains are looked at."""

import ipaddress
import re
from dataclasses import dataclass

from directca.vetting.domain_errors import BadDomainSettings
from directca.vetting.domain_policy import Network

_MOST_RESOLVERS = 8
_DNS = 53
_ANCHOR = re.compile(r"\d{1,5} \d{1,3} [24] (?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{96})")
ROOT_HINTS = (
    *("198.41.0.4", "170.247.170.2", "192.33.4.12", "199.7.91.13", "192.203.230.10", "192.5.5.241", "192.112.36.4"),
    *("198.97.190.53", "192.36.148.17", "192.58.128.30", "193.0.14.129", "199.7.83.42", "202.12.27.33"),
)
"""The root servers of the Internet, a to m (IANA root hints of November 2023, when the last of them moved)."""


@dataclass(frozen=True)
class DomainConfig:
    """Where names are looked at from. `resolvers` are the vantage points, addresses with or without a port (empty: the machine's
    own); `quorum` is how many of them must see a record (0: each). `private_networks` are networks that may be asked although
    they are not public, and `authoritative_port` is where authoritative servers are asked: both for tests and sandboxes.
    `refused` are domains that nobody may claim, with a dot before them everything below.
    `from_roots` looks from one vantage point more, or from it alone: the way from the root servers down, without a resolver, at
    `root_servers` (empty: the Internet's) and validated by `trust_anchors`, DS records of the root."""

    resolvers: tuple[str, ...] = ()
    quorum: int = 0
    question_seconds: int = 3
    look_seconds: int = 20
    private_networks: tuple[str, ...] = ()
    authoritative_port: int = _DNS
    refused: tuple[str, ...] = ()
    from_roots: bool = False
    root_servers: tuple[str, ...] = ()
    trust_anchors: tuple[str, ...] = ()

    def places(self) -> tuple[tuple[str, int], ...]:
        """The resolvers, by address and port. Raises BadDomainSettings."""
        return tuple(_place(one) for one in self.resolvers)

    def roots(self) -> tuple[tuple[str, int], ...]:
        """The root servers, by address and port. Raises BadDomainSettings."""
        return tuple(_place(one, "domains.root_servers") for one in self.root_servers or ROOT_HINTS)

    def excepted(self) -> tuple[Network, ...]:
        """The networks that may be asked although they are not public. Raises BadDomainSettings."""
        try:
            return tuple(ipaddress.ip_network(one) for one in self.private_networks)
        except ValueError as error:
            raise BadDomainSettings(
                f"domains.private_networks must be networks, such as 127.0.0.0/8: {error}.", field="domains.private_networks"
            ) from error


def check_domains(config: DomainConfig) -> None:
    """Raise BadDomainSettings, with the setting's name as its field, unless the settings can be used."""
    places = config.places()
    if len(set(places)) != len(places) or len(places) > _MOST_RESOLVERS:
        raise _bad("domains.resolvers", f"at most {_MOST_RESOLVERS} different resolvers")
    if config.quorum > max(1, len(places) + config.from_roots):
        raise _bad("domains.quorum", "no more than there are resolvers; 0 is each of them")
    if not 1 <= config.question_seconds <= config.look_seconds <= 60:
        raise _bad("domains.look_seconds", "1 to 60, and no shorter than domains.question_seconds")
    if not 1 <= config.authoritative_port <= 65_535:
        raise _bad("domains.authoritative_port", "a port, 1 to 65535")
    config.excepted()
    config.roots()
    if any(not _ANCHOR.fullmatch(one) for one in config.trust_anchors):
        raise _bad("domains.trust_anchors", 'DS records of the root, such as "20326 8 2 E06D…"')


def _place(text: str, setting: str = "domains.resolvers") -> tuple[str, int]:
    address, port = text, str(_DNS)
    if text.startswith("["):
        address, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif text.count(":") == 1:
        address, port = text.split(":")
    try:
        ipaddress.ip_address(address)
        number = int(port)
    except ValueError:
        number = 0
    if not 1 <= number <= 65_535:
        raise _bad(setting, f"addresses such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353; {text!r} is none")
    return address, number


def _bad(field: str, wanted: str) -> BadDomainSettings:
    return BadDomainSettings(f"{field} must be {wanted}.", field=field)
