"""One question to one name server, over the network: counted and timed, from where it was asked, by UDP, then TCP."""

import time
from collections.abc import Sequence

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
from dns.message import Message
from dns.name import Name
from dns.rdatatype import RdataType

from directca.vetting.config import DomainConfig

SAYS_SOMETHING: Sequence[int] = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
Place = tuple[str, int]
_PAYLOAD = 1232
"""Octets of a UDP answer that no path cuts in pieces (DNS Flag Day 2020)."""


class Blind(Exception):
    """Nothing can be seen from here, for a reason in one word."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Asking:
    """The questions of one look from one vantage point."""

    def __init__(self, config: DomainConfig, seconds: float, questions: int) -> None:
        self._each = float(config.question_seconds)
        self._ends = time.monotonic() + seconds
        self._left = questions

    def ask(self, place: Place, name: Name, kind: RdataType, *, recursion: bool = False, signatures: bool = False) -> Message:
        """The answer to one question, from the very server that was asked. Raises Blind."""
        question = dns.message.make_query(name, kind, use_edns=0, want_dnssec=recursion or signatures, payload=_PAYLOAD)
        question.flags = dns.flags.RD | dns.flags.AD if recursion else dns.flags.Flag(0)
        address, port = place
        try:
            try:
                return dns.query.udp(
                    question,
                    address,
                    timeout=self._time(),
                    port=port,
                    ignore_unexpected=True,
                    raise_on_truncation=True,
                    ignore_errors=True,
                )
            except dns.message.Truncated:
                return dns.query.tcp(question, address, timeout=self._time(), port=port)
        except dns.exception.Timeout as error:
            raise Blind("timeout") from error
        except (dns.exception.DNSException, EOFError) as error:
            raise Blind("bad_answer") from error
        except OSError as error:
            raise Blind("unreachable") from error

    def _time(self) -> float:
        """The seconds for one more question, of which there are not many."""
        self._left -= 1
        seconds = min(self._each, self._ends - time.monotonic())
        if self._left < 0 or seconds <= 0:
            raise Blind("out_of_time")
        return seconds
