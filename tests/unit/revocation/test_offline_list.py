"""A list signed offline: what the order says, under the policy for such lists, and nothing else."""

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from cryptography import x509

from directca.pki.crl import RevokedEntry
from directca.pki.lints.errors import LintFailed
from directca.pki.profiles import shipped_file
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import offline_list
from directca.revocation.authority_errors import CrlNumberFar, ForeignOrder
from directca.revocation.errors import ClockWentBack
from directca.revocation.offline_list import MadeList
from directca.revocation.offline_order import Order, OrderedEntry
from directca.signing.authority import Authority
from directca.signing.file_keys import FileKey
from tests.authority import CA_KEY, FOUNDED, ISSUED, ROOT_KEY, issuing_ca, never, policy, root
from tests.material import rsa_key

LASTS = timedelta(days=180)
LATER = OrderedEntry(RevokedEntry(0x300, ISSUED, Reason.SUPERSEDED), "CN=Later")
COMPROMISED = OrderedEntry(RevokedEntry(0x2F, ISSUED, Reason.CA_COMPROMISE, FOUNDED), "CN=Issuing")


def offline(authority: Authority, key: int) -> Authority:
    """As the machine with the key has it."""
    return Authority(authority.issuer, FileKey(rsa_key(key, 3072)), policy().for_offline_lists(), never)


def an_order(*entries: OrderedEntry, **changes: object) -> Order:
    certificate = root().issuer.certificate_der or b""
    order = Order("root", "CN=Root", sha256(certificate).hexdigest(), ISSUED, 5, None, entries, shipped_file().decode())
    return replace(order, **changes)  # type: ignore[arg-type]


def made(order: Order, at: datetime = ISSUED, lasts: timedelta = LASTS) -> MadeList:
    return offline_list.make(order, offline(root(), ROOT_KEY), at, lasts)


def test_it_lists_what_was_ordered_and_lasts_for_months() -> None:
    found = made(an_order(LATER, COMPROMISED))
    parsed = x509.load_der_x509_crl(found.der)
    certificate = x509.load_der_x509_certificate(root().issuer.certificate_der or b"")
    assert parsed.is_signature_valid(certificate.public_key())  # type: ignore[arg-type]
    assert parsed.issuer == certificate.subject
    assert (parsed.last_update_utc, parsed.next_update_utc) == (ISSUED, ISSUED + LASTS)
    assert [one.serial_number for one in parsed] == [0x2F, 0x300]
    first = parsed[0].extensions
    assert first.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.ca_compromise
    assert first.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc == FOUNDED
    assert (found.number, found.entries) == (parsed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number, 2)


def test_its_number_is_above_the_last_one_and_not_below_the_time() -> None:
    assert made(an_order()).number == int(ISSUED.timestamp())
    high = int(ISSUED.timestamp()) + 1000
    assert made(an_order(number_above=high)).number == high + 1


@pytest.mark.parametrize("above", [2**63 - 3, 2**63 - 2, 2**63 - 1, 2**64, 2**159, int(ISSUED.timestamp()) + 36_525 * 86_400])
def test_a_number_behind_which_there_would_soon_be_none_is_not_signed(above: int) -> None:
    with pytest.raises(CrlNumberFar, match="no clock explains"):
        made(an_order(number_above=above))


def test_a_clock_that_ran_ahead_by_years_stops_no_list() -> None:
    ahead = int((ISSUED + timedelta(days=20 * 365)).timestamp())
    assert made(an_order(number_above=ahead)).number == ahead + 1


def test_an_empty_list_is_a_list() -> None:
    assert list(x509.load_der_x509_crl(made(an_order()).der)) == []


def test_it_lasts_no_longer_than_the_policy_lets_it() -> None:
    made(an_order(), lasts=policy().crl.offline_next_update)
    with pytest.raises(LintFailed, match="next_update_is_within_the_policy"):
        made(an_order(), lasts=policy().crl.offline_next_update + timedelta(seconds=1))


def test_a_list_of_an_authority_that_is_online_does_not_last_so_long() -> None:
    with pytest.raises(LintFailed, match="next_update_is_within_the_policy"):
        offline_list.make(an_order(), root(), ISSUED, LASTS)


def test_an_order_for_another_authority_is_not_obeyed() -> None:
    with pytest.raises(ForeignOrder, match="for the certificate of CN=Root"):
        made(an_order(certificate_sha256="00" * 32))
    certificate = issuing_ca().issuer.certificate_der or b""
    with pytest.raises(ForeignOrder, match="not a root's"):
        offline_list.make(
            an_order(certificate_sha256=sha256(certificate).hexdigest()), offline(issuing_ca(), CA_KEY), ISSUED, timedelta(days=1)
        )


def test_a_clock_before_the_order_makes_no_list() -> None:
    with pytest.raises(ClockWentBack):
        made(an_order(), at=ISSUED - timedelta(seconds=1))


def test_a_list_that_would_not_come_after_the_published_one_is_not_made() -> None:
    with pytest.raises(LintFailed, match="number_and_time_move_forward"):
        made(an_order(follows=(7, ISSUED + timedelta(seconds=1))))


def test_a_certificate_that_is_ordered_twice_is_not_listed_twice() -> None:
    with pytest.raises(LintFailed, match="entries"):
        made(an_order(LATER, LATER))


def test_a_revocation_that_is_dated_later_is_listed_as_of_the_list() -> None:
    early = OrderedEntry(replace(LATER.entry, revoked_at=ISSUED + timedelta(minutes=5)), "CN=Ahead")
    (listed,) = x509.load_der_x509_crl(made(an_order(early)).der)
    assert listed.revocation_date_utc == ISSUED
