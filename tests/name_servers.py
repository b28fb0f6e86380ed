"""Real name servers on loopback, over UDP and TCP: each answers from a table, or lies, stalls, cuts off as a test wants it.

    with name_servers() as dns:
        dns.zone("clinic.example", servers=("127.0.0.21",))
        dns.publish("127.0.0.21", "clinic.example", "DirectCA-Verification=…")
        DnsLookup(dns.config()).look("clinic.example")

Resolvers and authoritative servers are the same kind of server at addresses of their own, all at one port.
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.message import Message

from directca.vetting.config import DomainConfig

RESOLVER = "127.0.0.11"
OTHER_RESOLVER = "127.0.0.12"
SERVER = "127.0.0.21"
OTHER_SERVER = "127.0.0.22"

Answering = Callable[[Message, bool], Message | bytes | None]
"""The answer to a question, asked over TCP or not; bytes are sent as they are, None is silence."""


@dataclass
class Host:
    """One server: what it says, whether with authority, and what it was asked."""

    address: str
    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    authority: bool = False
    validated: bool = False
    behaves: Answering | None = None
    asked: list[tuple[str, str, bool]] = field(default_factory=list)

    def answer(self, question: Message, tcp: bool) -> Message | bytes | None:
        """What it says to one question."""
        asked = question.question[0]
        self.asked.append((asked.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(asked.rdtype), tcp))
        if self.behaves is not None:
            return self.behaves(question, tcp)
        return self.honest(question)

    def honest(self, question: Message) -> Message:
        """The answer from its table."""
        asked = question.question[0]
        answer = dns.message.make_response(question, recursion_available=not self.authority)
        if self.authority:
            answer.flags |= dns.flags.AA
        if self.validated:
            answer.flags |= dns.flags.AD
        name = asked.name.to_text(omit_final_dot=True)
        kind = dns.rdatatype.to_text(asked.rdtype)
        for each in (kind, "CNAME"):
            texts = self.records.get((name, each))
            if texts:
                answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", each, *texts))
                break
        else:
            if not any(known == name for known, _ in self.records):
                answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


class NameServers:
    """The hosts of a test, and the settings of somebody who asks them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.hosts: dict[str, Host] = {}
        self._sockets: list[socket.socket] = []

    def host(self, address: str, *, authority: bool = False) -> Host:
        """The server at an address, started when it is first named."""
        if address not in self.hosts:
            self.hosts[address] = Host(address, authority=authority)
            self._start(self.hosts[address])
        return self.hosts[address]

    def zone(self, name: str, servers: tuple[str, ...] = (SERVER,), *, resolvers: tuple[str, ...] = (RESOLVER,)) -> None:
        """Let resolvers know a zone's servers, which know nothing in it yet."""
        for resolver in resolvers:
            host = self.host(resolver)
            names = [f"ns-{address.rpartition('.')[2]}.hosting.example" for address in servers]
            host.records[name, "NS"] = [f"{one}." for one in names]
            for one, address in zip(names, servers, strict=True):
                host.records[one, "A"] = [address]
        for address in servers:
            self.host(address, authority=True).records.setdefault((name, "SOA"), ["ns. root. 1 1 1 1 1"])

    def publish(self, address: str, name: str, *texts: str) -> None:
        """Let a server have TXT records, and no others, at a name."""
        self.host(address, authority=True).records[name, "TXT"] = [f'"{text}"' for text in texts]

    def config(self, *resolvers: str, **changes: Any) -> DomainConfig:
        """The settings of somebody who asks these servers from these resolvers."""
        values: dict[str, Any] = {
            "resolvers": tuple(f"{one}:{self.port}" for one in resolvers or (RESOLVER,)),
            "private_networks": ("127.0.0.0/8",),
            "authoritative_port": self.port,
            "question_seconds": 1,
            "look_seconds": 4,
        }
        return DomainConfig(**(values | changes))

    def settings(self, *resolvers: str) -> str:
        """The same as a section of a settings file."""
        config = self.config(*resolvers)
        return (
            f"\n[domains]\nresolvers = {list(config.resolvers)}\nprivate_networks = {list(config.private_networks)}\n"
            f"authoritative_port = {config.authoritative_port}\nquestion_seconds = 2\n"
        ).replace("'", '"')

    def stop(self) -> None:
        """Close every socket; the threads end with them."""
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _start(self, host: Host) -> None:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((host.address, self.port))
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((host.address, self.port))
        tcp.listen()
        self._sockets += [udp, tcp]
        threading.Thread(target=_serve_udp, args=(host, udp), daemon=True).start()
        threading.Thread(target=_serve_tcp, args=(host, tcp), daemon=True).start()


def _serve_udp(host: Host, listening: socket.socket) -> None:
    while True:
        try:
            wire, sender = listening.recvfrom(65_535)
        except OSError:
            return
        if not wire:  # the test has ended
            return
        said = _said(host, wire, tcp=False)
        if said is not None:
            with contextlib.suppress(OSError):
                listening.sendto(said, sender)


def _serve_tcp(host: Host, listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection, contextlib.suppress(OSError, struct.error):
            connection.settimeout(5)
            (length,) = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))
            said = _said(host, connection.recv(length, socket.MSG_WAITALL), tcp=True)
            if said is None:
                connection.recv(1)  # silence, until the other side has enough of it
            else:
                connection.sendall(struct.pack("!H", len(said)) + said)


def _said(host: Host, wire: bytes, *, tcp: bool) -> bytes | None:
    answer = host.answer(dns.message.from_wire(wire), tcp)
    return answer.to_wire(max_size=65_535) if isinstance(answer, Message) else answer


@contextlib.contextmanager
def name_servers() -> Iterator[NameServers]:
    """Servers at a port that is free at every address of loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    made = NameServers(port)
    try:
        yield made
    finally:
        made.stop()
