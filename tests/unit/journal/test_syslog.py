"""Syslog: what is sent is RFC 5424 with counted octets, and what counts as acknowledged was read to its end."""

import json
import re
import ssl
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from directca.journal.errors import BadExportTarget, ReceiverUnavailable
from directca.journal.export_target import SyslogAddress, read_target
from directca.journal.model import Event, Row
from directca.journal.syslog import Syslog, Trust, message
from tests.unit.journal.receivers import a_certificate, ends_plainly, receiving

NOON = datetime(2026, 11, 24, 12, 0, 0, 1, tzinfo=UTC)
ROWS = [
    Row(1, NOON, Event("certificate.issued", "client:a", "record:1", detail={"name": "grün\nx"}), "0" * 64, "a" * 64),
    Row(2, NOON, Event("certificate.refused", "client:a", "account:1", outcome="weak_key"), "a" * 64, "b" * 64),
]
# RFC 5424 6: the header's fields, one structured element, the message.
MESSAGE = re.compile(
    rb"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([!-~]{1,255}) directca - ([!-~]{1,32}) "
    rb'\[meta sequenceId="(\d+)"\] (\{.*\})'
)


def to(port: int, trust: Trust | None = None, *, tls: bool = False, host: str = "127.0.0.1") -> Syslog:
    return Syslog("syslog", SyslogAddress(host, port, tls), trust or Trust(), "ca.example.org")


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return a_certificate(tmp_path_factory.mktemp("receiver"), "localhost")


def test_a_row_is_a_message_of_rfc_5424() -> None:
    found = [MESSAGE.fullmatch(message(row, "ca.example.org")) for row in ROWS]
    assert all(found)
    fields = [one.groups() for one in found if one]
    assert [one[:5] for one in fields] == [
        (b"110", b"2026-11-24T12:00:00.000001Z", b"ca.example.org", b"certificate.issued", b"1"),
        (b"108", b"2026-11-24T12:00:00.000001Z", b"ca.example.org", b"certificate.refused", b"2"),
    ]
    assert [json.loads(one[5])["digest"] for one in fields] == ["a" * 64, "b" * 64]


def test_the_header_holds_what_it_may() -> None:
    event = Event("kind with spaces and " + "x" * 40, "a", "b")
    (found,) = [MESSAGE.fullmatch(message(Row(2_147_483_648, NOON, event, "", ""), "ca.example.org"))]
    assert found
    assert (len(found[4]), found[5]) == (32, b"1")
    assert b" - directca" in message(ROWS[0], Syslog("x", SyslogAddress("h", 1, tls=False), Trust(), "")._hostname)


def test_rows_are_acknowledged_by_the_end_of_the_connection() -> None:
    with receiving() as received:
        to(received.port).deliver(ROWS)
        assert received.messages == [message(row, "ca.example.org") for row in ROWS]


def test_a_receiver_that_leaves_something_unread_acknowledged_nothing() -> None:
    with receiving(after=10) as received, pytest.raises(ReceiverUnavailable):
        to(received.port).deliver(ROWS * 200)


def test_a_receiver_that_is_not_there_acknowledged_nothing() -> None:
    with receiving() as received:
        port = received.port
    with pytest.raises(ReceiverUnavailable, match="sent again"):
        to(port).deliver(ROWS)


def test_a_receiver_that_reads_and_does_not_end_acknowledged_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("directca.journal.syslog._END_SECONDS", 0.2)
    asked = threading.Event()
    with receiving(ending=lambda _: asked.wait(10) and None) as received:
        with pytest.raises(ReceiverUnavailable, match="timed out"):
            to(received.port).deliver(ROWS)
        asked.set()


def test_over_tls_the_receivers_close_notify_acknowledges(certified: tuple[Path, ssl.SSLContext]) -> None:
    trust, tls = certified
    with receiving(tls=tls) as received:
        to(received.port, Trust(trust), tls=True, host="localhost").deliver(ROWS)
        assert len(received.messages) == 2


def test_over_tls_the_end_alone_acknowledges_only_where_the_settings_say_so(certified: tuple[Path, ssl.SSLContext]) -> None:
    trust, tls = certified
    with receiving(tls=tls, ending=ends_plainly) as received:
        with pytest.raises(ReceiverUnavailable):
            to(received.port, Trust(trust), tls=True, host="localhost").deliver(ROWS)
        to(received.port, Trust(trust, accept_plain_close=True), tls=True, host="localhost").deliver(ROWS)


def test_over_tls_a_reset_never_acknowledges(certified: tuple[Path, ssl.SSLContext]) -> None:
    trust, tls = certified
    with receiving(tls=tls, after=10) as received, pytest.raises(ReceiverUnavailable):
        to(received.port, Trust(trust, accept_plain_close=True), tls=True, host="localhost").deliver(ROWS * 200)


def test_a_stranger_with_another_certificate_or_name_receives_nothing(
    certified: tuple[Path, ssl.SSLContext], tmp_path: Path
) -> None:
    trust, tls = certified
    other, _ = a_certificate(tmp_path)
    with receiving(tls=tls) as received:
        for known_by, host in ((other, "localhost"), (trust, "127.0.0.1"), (None, "localhost")):
            with pytest.raises(ReceiverUnavailable):
                to(received.port, Trust(known_by), tls=True, host=host).deliver(ROWS)
        assert received.batches == []


def test_a_receiver_may_ask_for_our_certificate(certified: tuple[Path, ssl.SSLContext], tmp_path: Path) -> None:
    trust, _ = certified
    ours, _ = a_certificate(tmp_path, "ca.example.org")
    _, strict = a_certificate(tmp_path_of(trust, "strict"), "localhost")
    strict.load_verify_locations(ours)
    strict.verify_mode = ssl.CERT_REQUIRED
    known = tmp_path_of(trust, "strict") / "receiver.pem"
    with receiving(tls=strict) as received:
        with pytest.raises(ReceiverUnavailable):
            to(received.port, Trust(known), tls=True, host="localhost").deliver(ROWS)
        to(received.port, Trust(known, ours, tmp_path / "receiver.key"), tls=True, host="localhost").deliver(ROWS)
        assert len(received.messages) == 2


def tmp_path_of(beside: Path, name: str) -> Path:
    folder = beside.parent / name
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("audit.jsonl", Path("/data/audit.jsonl")),
        ("/srv/audit.jsonl", Path("/srv/audit.jsonl")),
        ("syslog+tls://logs.example.org", SyslogAddress("logs.example.org", 6514, tls=True)),
        ("syslog+tls://[2001:db8::1]:7000", SyslogAddress("2001:db8::1", 7000, tls=True)),
        ("syslog+tcp://localhost", SyslogAddress("localhost", 601, tls=False)),
        ("syslog+tcp://127.0.0.1:1514/", SyslogAddress("127.0.0.1", 1514, tls=False)),
    ],
)
def test_a_target_is_read(text: str, target: object) -> None:
    assert read_target(text, Path("/data")) == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        "folder/",
        "syslog://logs.example.org",
        "https://logs.example.org",
        "syslog+tls://",
        "syslog+tls://logs.example.org:x",
        "syslog+tls://logs.example.org:99999",
        "syslog+tls://user@logs.example.org",
        "syslog+tls://logs.example.org/path",
        "syslog+tls://logs.example.org?x=1",
        "syslog+tcp://logs.example.org",
        "syslog+tcp://127.0.0.1.example.org",
    ],
)
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(BadExportTarget):
        read_target(text, Path("/data"))
