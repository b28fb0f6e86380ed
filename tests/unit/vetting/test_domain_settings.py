"""Settings about domains and mail that cannot be used are refused at the start, and say which one."""

from pathlib import Path
from typing import Any

import pytest

from directca.mail.errors import BadMailSettings
from directca.settings import BadSettings, read
from directca.vetting.config import DomainConfig
from directca.vetting.domain_errors import BadDomainSettings

MAIL = {"host": "mail.example.org", "sender": "ca@example.org"}


@pytest.mark.parametrize(
    ("section", "values", "field"),
    [
        ("domains", {"resolvers": ["dns.example.org"]}, "domains.resolvers"),
        ("domains", {"resolvers": ["192.0.2.1:0"]}, "domains.resolvers"),
        ("domains", {"resolvers": ["192.0.2.1:port"]}, "domains.resolvers"),
        ("domains", {"resolvers": ["192.0.2.1", "192.0.2.1:53"]}, "domains.resolvers"),
        ("domains", {"resolvers": [f"192.0.2.{number}" for number in range(9)]}, "domains.resolvers"),
        ("domains", {"resolvers": ["192.0.2.1"], "quorum": 2}, "domains.quorum"),
        ("domains", {"look_seconds": 2}, "domains.look_seconds"),
        ("domains", {"look_seconds": 61}, "domains.look_seconds"),
        ("domains", {"question_seconds": 0}, "domains.look_seconds"),
        ("domains", {"authoritative_port": 0}, "domains.authoritative_port"),
        ("domains", {"private_networks": ["10.0.0.1/8"]}, "domains.private_networks"),
        ("domains", {"private_networks": ["localhost"]}, "domains.private_networks"),
        ("mail", MAIL | {"security": "plain"}, "mail.security"),
        ("mail", MAIL | {"security": "none"}, "mail.security"),
        ("mail", MAIL | {"port": 0}, "mail.port"),
        ("mail", MAIL | {"user": "ca"}, "mail.password_file"),
        ("mail", MAIL | {"user": "ca", "password_file": "nowhere"}, "mail.password_file"),
        ("mail", MAIL | {"trust_file": "nowhere"}, "mail.trust_file"),
        ("mail", MAIL | {"sender": ""}, "mail.sender"),
        ("mail", MAIL | {"sender": "example.org"}, "mail.sender"),
        ("mail", MAIL | {"sender": "CA <ca@example.org>"}, "mail.sender"),
        ("mail", MAIL | {"sender": "ca@example.org\r\nBcc: x@evil.example"}, "mail.sender"),
    ],
)
def test_what_cannot_be_used_is_named(section: str, values: dict[str, Any], field: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as refusal:
        read({section: values}, tmp_path)
    assert refusal.value.field == field
    assert isinstance(refusal.value.__cause__, BadDomainSettings | BadMailSettings)


def test_every_way_to_write_a_resolver_is_read() -> None:
    written = ("192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]", "[2001:db8::53]:5353")
    assert DomainConfig(resolvers=written).places() == (
        ("192.0.2.53", 53),
        ("192.0.2.53", 5353),
        ("2001:db8::53", 53),
        ("2001:db8::53", 53),
        ("2001:db8::53", 5353),
    )


def test_nothing_private_is_asked_and_no_mail_is_sent_unless_settings_say_so(tmp_path: Path) -> None:
    settings = read({}, tmp_path)
    assert (settings.domains.excepted(), settings.domains.refused, settings.mail.host) == ((), (), "")
    assert (settings.domains.authoritative_port, settings.domains.quorum) == (53, 0)
