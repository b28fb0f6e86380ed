"""What real name servers can do to somebody who looks for a record: each way of lying, stalling and leading astray."""

import time
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from dns.message import Message

from directca.vetting import domain_policy
from directca.vetting.dns_lookup import DnsLookup
from directca.vetting.domain_model import View
from tests.name_servers import OTHER_RESOLVER, OTHER_SERVER, RESOLVER, SERVER, NameServers, name_servers

DOMAIN = "direct.clinic.example"
ZONE = "clinic.example"
RECORD = "DirectCA-Verification=abc"


@pytest.fixture
def dns_world() -> Iterator[NameServers]:
    """A zone with one server that has the record, and one resolver that knows the way."""
    with name_servers() as made:
        made.zone(ZONE)
        made.publish(SERVER, DOMAIN, RECORD)
        yield made


def look(servers: NameServers, *resolvers: str, **changes: object) -> tuple[View, ...]:
    return DnsLookup(servers.config(*resolvers, **changes)).look(DOMAIN)


def is_shown(views: tuple[View, ...], quorum: int = 0) -> bool:
    return domain_policy.judge(views, quorum, RECORD).proven


def problems(views: tuple[View, ...]) -> set[str | None]:
    return {one.problem for view in views for one in (view, *view.servers)} - {None}


def test_the_record_is_found_at_the_authoritative_server(dns_world: NameServers) -> None:
    dns_world.host(RESOLVER).validated = True
    (view,) = look(dns_world)
    assert is_shown((view,))
    assert (view.zone, view.dnssec, view.problem) == (ZONE, "resolver_validated", None)
    assert [(one.address, one.texts) for one in view.servers] == [(SERVER, (RECORD,))]
    assert (DOMAIN, "TXT", False) in dns_world.host(SERVER).asked


def test_nothing_is_kept_from_one_look_to_the_next(dns_world: NameServers) -> None:
    lookup = DnsLookup(dns_world.config())
    assert is_shown(lookup.look(DOMAIN))
    dns_world.publish(SERVER, DOMAIN, "gone")
    assert not is_shown(lookup.look(DOMAIN))


def test_a_resolver_alone_shows_nothing(dns_world: NameServers) -> None:
    """It may have the record in its cache, or make it up: what counts is what the servers say."""
    dns_world.publish(SERVER, DOMAIN, "other")
    dns_world.host(RESOLVER).records[DOMAIN, "TXT"] = [f'"{RECORD}"']
    assert not is_shown(look(dns_world))


@pytest.mark.parametrize("texts", [(), ("directca-verification=abc",), (f"{RECORD}x",), (f" {RECORD}",), ("abc",)])
def test_only_the_very_record_shows_control(dns_world: NameServers, texts: tuple[str, ...]) -> None:
    dns_world.publish(SERVER, DOMAIN, *texts)
    assert not is_shown(look(dns_world))


def test_a_record_may_stand_among_others_and_in_pieces(dns_world: NameServers) -> None:
    dns_world.publish(SERVER, DOMAIN, "v=spf1 -all", 'DirectCA-Verifi" "cation=abc')
    assert is_shown(look(dns_world))


def test_the_record_of_another_name_shows_nothing(dns_world: NameServers) -> None:
    dns_world.publish(SERVER, DOMAIN, "other")
    dns_world.publish(SERVER, ZONE, RECORD)
    dns_world.publish(SERVER, f"www.{DOMAIN}", RECORD)
    assert not is_shown(look(dns_world))


def test_an_answer_about_another_name_than_was_asked_shows_nothing(dns_world: NameServers) -> None:
    def lie(question: Message, tcp: bool) -> Message:
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.AA
        answer.answer.append(dns.rrset.from_text("evil.example.", 60, "IN", "TXT", f'"{RECORD}"'))
        return answer

    dns_world.host(SERVER).behaves = lie
    assert not is_shown(look(dns_world))


def test_an_answer_to_another_question_or_number_is_no_answer(dns_world: NameServers) -> None:
    def confuse(question: Message, tcp: bool) -> Message:
        answer = dns_world.host(SERVER).honest(question)
        answer.id ^= 1
        return answer

    dns_world.host(SERVER).behaves = confuse
    views = look(dns_world)
    assert not is_shown(views)
    assert problems(views) == {"timeout"}


@pytest.mark.parametrize("target", [f"{DOMAIN}.", "other.clinic.example.", "evil.example."])
def test_an_alias_is_not_followed_whether_it_loops_or_not(dns_world: NameServers, target: str) -> None:
    host = dns_world.host(SERVER)
    del host.records[DOMAIN, "TXT"]
    host.records[DOMAIN, "CNAME"] = [target]
    dns_world.publish(SERVER, target.rstrip("."), RECORD) if target != f"{DOMAIN}." else None
    views = look(dns_world)
    assert not is_shown(views)
    assert problems(views) == {"alias"}
    assert "alias" in domain_policy.judge(views, 0, RECORD).why


def test_a_server_without_authority_is_not_believed(dns_world: NameServers) -> None:
    dns_world.host(SERVER).authority = False
    views = look(dns_world)
    assert not is_shown(views)
    assert problems(views) == {"not_authoritative"}


def test_an_answer_that_is_cut_off_is_asked_for_by_tcp(dns_world: NameServers) -> None:
    def cut(question: Message, tcp: bool) -> Message:
        answer = dns_world.host(SERVER).honest(question)
        if not tcp:
            answer.answer.clear()
            answer.flags |= dns.flags.TC
        return answer

    dns_world.host(SERVER).behaves = cut
    assert is_shown(look(dns_world))
    assert [tcp for name, kind, tcp in dns_world.host(SERVER).asked] == [False, True]


def test_a_long_answer_by_tcp_is_read_whole_and_kept_short(dns_world: NameServers) -> None:
    many = [f"{number:0200}" for number in range(200)]
    dns_world.publish(SERVER, DOMAIN, *many, RECORD)

    def cut(question: Message, tcp: bool) -> Message:
        answer = dns_world.host(SERVER).honest(question)
        if not tcp:
            answer.answer.clear()
            answer.flags |= dns.flags.TC
        return answer

    dns_world.host(SERVER).behaves = cut
    views = look(dns_world)
    assert is_shown(views)
    assert len(str(domain_policy.seen_by(views))) < 4000


def test_silence_is_bounded_in_time_and_shows_nothing(dns_world: NameServers) -> None:
    dns_world.host(SERVER).behaves = lambda question, tcp: None
    began = time.monotonic()
    views = look(dns_world, look_seconds=1)
    assert time.monotonic() - began < 3
    assert not is_shown(views)
    assert problems(views) <= {"timeout", "out_of_time"}


def test_a_server_that_never_ends_an_answer_by_tcp_is_bounded_in_time(dns_world: NameServers) -> None:
    def stall(question: Message, tcp: bool) -> Message | None:
        answer = dns_world.host(SERVER).honest(question)
        answer.flags |= dns.flags.TC
        return None if tcp else answer

    dns_world.host(SERVER).behaves = stall
    began = time.monotonic()
    assert not is_shown(look(dns_world, look_seconds=2))
    assert time.monotonic() - began < 4


def test_rubbish_shows_nothing(dns_world: NameServers) -> None:
    dns_world.zone(ZONE, (SERVER, OTHER_SERVER))
    dns_world.host(SERVER).behaves = lambda question, tcp: b"\x00"
    dns_world.host(OTHER_SERVER).behaves = lambda question, tcp: b"\xff" * 200
    assert not is_shown(look(dns_world, look_seconds=1))


def test_every_server_that_answers_must_have_the_record(dns_world: NameServers) -> None:
    dns_world.zone(ZONE, (SERVER, OTHER_SERVER))
    dns_world.publish(OTHER_SERVER, DOMAIN, "not yet")
    views = look(dns_world)
    assert not is_shown(views)
    assert "Not every authoritative server" in domain_policy.judge(views, 0, RECORD).why
    dns_world.publish(OTHER_SERVER, DOMAIN, RECORD)
    assert is_shown(look(dns_world))


def test_one_silent_server_of_several_does_not_matter(dns_world: NameServers) -> None:
    dns_world.zone(ZONE, (SERVER, OTHER_SERVER))
    dns_world.host(OTHER_SERVER).behaves = lambda question, tcp: None
    assert is_shown(look(dns_world))


def test_vantage_points_that_see_different_servers_disagree(dns_world: NameServers) -> None:
    """As when somebody near one of them leads its traffic astray."""
    dns_world.zone(ZONE, (OTHER_SERVER,), resolvers=(OTHER_RESOLVER,))
    dns_world.publish(OTHER_SERVER, DOMAIN, "the true zone")
    views = look(dns_world, RESOLVER, OTHER_RESOLVER)
    assert not is_shown(views)
    assert not is_shown(views, quorum=2)
    assert is_shown(views, quorum=1)


def test_a_vantage_point_that_fails_counts_as_one_that_does_not_see(dns_world: NameServers) -> None:
    def fail(question: Message, tcp: bool) -> Message:
        answer = dns.message.make_response(question)
        answer.set_rcode(dns.rcode.SERVFAIL)  # what is bogus by DNSSEC ends so
        return answer

    dns_world.host(OTHER_RESOLVER).behaves = fail
    views = look(dns_world, RESOLVER, OTHER_RESOLVER)
    assert not is_shown(views)
    assert views[1].problem == "resolver_failed"


def test_a_domain_that_nobody_has_is_in_no_zone(dns_world: NameServers) -> None:
    assert DnsLookup(dns_world.config()).look("direct.nobody.example")[0].problem == "no_delegation"
    dns_world.host(RESOLVER).records["example", "NS"] = ["ns-21.hosting.example."]
    assert DnsLookup(dns_world.config()).look("nobody.example")[0].problem == "no_delegation"


@pytest.mark.parametrize("address", ["127.0.0.21", "10.1.2.3", "169.254.169.254", "224.0.0.1", "0.0.0.0"])
def test_a_server_at_an_address_that_is_not_public_is_not_asked(dns_world: NameServers, address: str) -> None:
    dns_world.host(RESOLVER).records["ns-21.hosting.example", "A"] = [address]
    views = look(dns_world, private_networks=())
    assert not is_shown(views)
    assert problems(views) == {"address_refused"}
    assert dns_world.host(SERVER).asked == []


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "192.0.2.1", "198.18.0.1"),
        *("0.0.0.0", "255.255.255.255", "224.0.0.251", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::fb"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "2001:db8::1", "2001:0:1::1"),
        *("fe80::1%eth0", "2600::1%eth0", "localhost", "127.1", "0x7f.1", ""),
    ],
)
def test_no_spelling_of_an_inner_address_may_be_asked(address: str) -> None:
    assert not domain_policy.may_be_asked(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "193.0.14.129", "2001:7fd::1", "2600::1"])
def test_public_addresses_may_be_asked(address: str) -> None:
    assert domain_policy.may_be_asked(address)


def test_many_servers_are_not_many_questions(dns_world: NameServers) -> None:
    resolver = dns_world.host(RESOLVER)
    resolver.records[ZONE, "NS"] = [f"ns{number}.hosting.example." for number in range(40)]
    for number in range(40):
        resolver.records[f"ns{number}.hosting.example", "A"] = [SERVER]
    look(dns_world, look_seconds=3)
    assert len(resolver.asked) <= 64
    assert len(dns_world.host(SERVER).asked) <= 8
