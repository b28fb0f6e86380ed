"""What is kept of OCSP answers, whoever asks: bounded in number and octets, and padding pushes out its own kind alone."""

from datetime import timedelta

import pytest

from directca.responders import ocsp_kept
from directca.responders.ocsp_kept import LONGEST_REQUEST, MOST_FORMS, KeptAnswers
from directca.revocation.ocsp_model import OcspAnswer
from tests.authority import issuing_ca
from tests.material import sequence, tlv
from tests.status_requests import cert_id
from tests.unit.responders.ocsp_asking import Desk, a_request
from tests.world import START


def an_answer(serial: str, octets: int = 400) -> OcspAnswer:
    until = START + timedelta(hours=12)
    return OcspAnswer(b"x" * octets, b"c" * 1000, "issuing", 1, serial, START, until, unknown=False, nonce=False)


def padded(serial: int, filling: bytes) -> bytes:
    """An honest question of somebody with a long name (requestorName, which nobody reads)."""
    name = tlv(0xA1, tlv(0x86, filling))
    asked = cert_id(issuing_ca().issuer.certificate_der or b"", serial)
    return sequence(sequence(name, sequence(sequence(asked))))


def test_a_long_request_is_answered_and_not_kept() -> None:
    desk = Desk()
    for filling in (b"n" * 60_000, b"n" * LONGEST_REQUEST):
        answer = desk.post(padded(0xA1, filling))
        assert (answer.status, answer.headers["content-type"]) == (200, "application/ocsp-response")
        assert answer.body.endswith(b" certificate")
    assert (len(desk.kept), desk.kept.octets) == (0, 0)
    locator = padded(0xA1, b"n" * 200)  # as much as a serviceLocator adds
    assert desk.post(locator).body == desk.post(locator).body
    assert len(desk.kept) == 1
    desk.edge.stop()


def test_padding_pushes_out_no_answer_about_another_certificate() -> None:
    desk = Desk(most=100)
    honest = [a_request(serial) for serial in range(1, 61)]
    for one in honest:
        desk.post(one)
    for number in range(200):
        desk.post(padded(0xA1, b"%d" % number))
    assert all(desk.kept.find(one) is not None for one in honest)
    assert len(desk.kept) == len(honest) + MOST_FORMS
    assert desk.kept.find(padded(0xA1, b"199")) is not None
    assert desk.kept.find(padded(0xA1, b"0")) is None
    desk.hear("a1")
    assert len(desk.kept) == len(honest)
    desk.edge.stop()


def test_octets_are_bounded_and_the_oldest_goes_first() -> None:
    kept = KeptAnswers(most_octets=20_000)
    for number in range(100):
        assert kept.keep(b"%0500d" % number, an_answer(f"{number:x}")) is not None
        assert kept.octets <= 20_000
    assert 5 < len(kept) < 20
    assert [kept.find(b"%0500d" % number) is not None for number in (0, 80, 99)] == [False, False, True]


def test_the_octets_that_are_counted_come_back_however_an_answer_goes() -> None:
    kept = KeptAnswers(most=3)
    for number in range(50):
        kept.keep(b"r%d" % (number % 7), an_answer("a1" if number % 2 else f"{number:x}", octets=number))
    kept.keep(b"r1", an_answer("b2"))
    kept.keep(b"r1", an_answer("b2"))
    kept.changed("issuing", 2, list(kept._requests_of))
    assert (len(kept), kept.octets, kept._requests_of) == (0, 0, {})


@pytest.mark.parametrize("forms", [1, MOST_FORMS])
def test_a_full_store_takes_no_longer_for_one_more(forms: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many steps: what is forgotten for one more answer is one, however many are kept about the same certificate."""
    kept = KeptAnswers(most=1000)
    for number in range(1000):
        kept.keep(b"%d" % number, an_answer(f"{number // forms:x}"))
    dropped: list[bytes] = []
    drop = kept._drop

    def counted(request: bytes) -> None:
        dropped.append(request)
        drop(request)

    monkeypatch.setattr(kept, "_drop", counted)
    for number in range(1000, 1020):
        kept.keep(b"%d" % number, an_answer(f"{number // forms:x}"))
    assert len(dropped) == 2 * 20  # itself, if it was there, and the oldest
    assert len(kept) == 1000


def test_what_a_full_store_holds_is_what_it_says() -> None:
    assert ocsp_kept.MOST_OCTETS // ocsp_kept.MOST_KEPT >= 1900  # room for as many honest answers as may be kept
