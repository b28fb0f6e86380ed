"""Which names are Direct names, in what form, and what a refusal says."""

import pytest

from directca.direct.errors import BadDirectName
from directca.direct.names import DirectName, Kind, domain_covers, parse
from directca.errors import Malformed

LABEL_63 = "a" * 63


def test_an_address_is_split_at_its_at_sign() -> None:
    name = parse("alice@direct.example.org")
    assert name == DirectName(
        value="alice@direct.example.org", kind=Kind.ADDRESS, domain="direct.example.org", local_part="alice"
    )


def test_a_domain_has_no_local_part() -> None:
    name = parse("direct.example.org")
    assert name == DirectName(value="direct.example.org", kind=Kind.DOMAIN, domain="direct.example.org", local_part=None)


def test_letter_case_does_not_make_another_name() -> None:
    assert parse("Alice@Direct.EXAMPLE.org") == parse("alice@direct.example.org")


@pytest.mark.parametrize(
    "text",
    [
        "a@b.co",
        "alice.b.c@direct.example.org",
        "o'brien@direct.example.org",
        "a+b-c_d=e{f}|g~h^i`j!k#l$m%n&o?p@x.org",
        "1-800@2.example.org",
        "a-b--c.example.org",
        f"{LABEL_63[:60]}.org",
        "a" * 56 + "@bcd.org",
    ],
)
def test_these_are_direct_names(text: str) -> None:
    assert parse(text).value == text


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("@direct.example.org", "before the @"),
        ("alice@", "one label"),
        ("alice", "one label"),
        ("localhost", "one label"),
        ("alice@localhost", "one label"),
        ("alice@@direct.example.org", "plain local part"),
        ("a@b@direct.example.org", "plain local part"),
        (".alice@direct.example.org", "plain local part"),
        ("alice.@direct.example.org", "plain local part"),
        ("a..b@direct.example.org", "plain local part"),
        ("a/b@direct.example.org", "plain local part"),
        ("a,b@direct.example.org", "plain local part"),
        ("<alice@direct.example.org>", "plain local part"),
        ('"alice"@direct.example.org', "quoted"),
        ("a\\b@direct.example.org", "quoted"),
        ("alice @direct.example.org", "space"),
        (" alice@direct.example.org", "space"),
        ("alice@direct.example.org\n", "control"),
        ("alice\x00@direct.example.org", "control"),
        ("alice\x7f@direct.example.org", "control"),
        ("alice@direct.example.org\x00.evil.org", "control"),
        ("alice@direct.example.org.", "dot"),
        ("direct.example.org.", "dot"),
        ("alice@direct..example.org", "label"),
        ("alice@.example.org", "label"),
        ("-direct.example.org", "label"),
        ("direct-.example.org", "label"),
        ("di_rect.example.org", "label"),
        (f"{LABEL_63}a.org", "label"),
        ("*.example.org", "wildcard"),
        ("*@direct.example.org", "wildcard"),
        ("alice@*.example.org", "wildcard"),
        ("192.0.2.1", "IP address"),
        ("alice@192.0.2.1", "IP address"),
        ("alice@[192.0.2.1]", "IP address"),
        ("alice@[IPv6:2001:db8::1]", "IP address"),
        ("2001:db8::1", "one label"),
        ("0x7f.0x1", "top-level"),
        ("127.0x0.0.1a", "top-level"),
        ("direct.example.1", "top-level"),
        ("alice@direct.ex\u0430mple.org", "ASCII"),
        ("\u0430lice@direct.example.org", "ASCII"),
        ("al\u0131ce@direct.example.org", "ASCII"),
        ("alice@direct.example\u3002org", "ASCII"),
        ("alice@\u212aaiser.example.org", "ASCII"),
        ("alice\u200b@direct.example.org", "ASCII"),
        ("alice@xn--exmple-4nf.org", "internationalized"),
        ("alice@XN--EXMPLE-4NF.org", "internationalized"),
        ("alice@example.xn--p1ai", "internationalized"),
        ("ab--cd.example.org", "reserved"),
        ("a" * 65 + "@direct.example.org", "before the @"),
        ("a" * 46 + "@direct.example.org", "65 characters"),
        ("a.b" * 200, "64 characters"),
    ],
)
def test_these_are_refused_with_a_reason(text: str, word: str) -> None:
    with pytest.raises(BadDirectName) as refusal:
        parse(text)
    assert word in refusal.value.detail
    assert refusal.value.slug == "bad_common_name"
    assert isinstance(refusal.value, Malformed)


def test_exactly_sixty_four_characters_fit_a_common_name() -> None:
    longest = "a" * 45 + "@direct.example.org"
    assert len(longest) == 64
    assert parse(longest).value == longest


def test_a_refusal_blames_the_input_it_was_told() -> None:
    with pytest.raises(BadDirectName) as refusal:
        parse("alice", field="commonName")
    assert refusal.value.field == "commonName"


def test_a_refusal_never_repeats_the_input() -> None:
    with pytest.raises(BadDirectName) as refusal:
        parse("<script>alert(1)</script>@direct.example.org")
    assert "script" not in refusal.value.detail


def test_control_of_a_domain_covers_that_domain_only() -> None:
    assert domain_covers("direct.example.org", parse("alice@direct.example.org"))
    assert domain_covers("direct.example.org", parse("direct.example.org"))
    assert not domain_covers("example.org", parse("alice@direct.example.org"))
    assert not domain_covers("direct.example.org", parse("alice@example.org"))
    assert not domain_covers("direct.example.org", parse("alice@a.direct.example.org"))
    assert not domain_covers("", parse("alice@direct.example.org"))
