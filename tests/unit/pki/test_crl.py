"""A CRL says exactly what is revoked: judged by the `cryptography` library's reader."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from directca.pki import crl
from directca.pki.crl import CrlTemplate, RevokedEntry
from directca.pki.lints import revocation_list
from directca.pki.reasons import RevocationReason
from tests.authority import ISSUED, issuing_ca, policy

THREE_DAYS = timedelta(hours=72)
UNLISTED = [RevocationReason.REMOVE_FROM_CRL, RevocationReason.AA_COMPROMISE]
LISTED = [reason for reason in RevocationReason if reason not in UNLISTED]


def a_crl(*entries: RevokedEntry, number: int = 7) -> CrlTemplate:
    return CrlTemplate(number, ISSUED, ISSUED + THREE_DAYS, entries)


def encoded(template: CrlTemplate) -> bytes:
    return crl.assemble(crl.encode(template, issuing_ca().issuer), b"\xff" * 384)


def read(template: CrlTemplate) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(encoded(template))


def test_every_field_is_as_decided() -> None:
    found = read(a_crl())
    assert found.issuer.public_bytes() == issuing_ca().issuer.name_der
    assert found.last_update_utc == ISSUED
    assert found.next_update_utc == ISSUED + THREE_DAYS
    assert found.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSA_WITH_SHA256
    assert {extension.oid: (extension.critical, extension.value) for extension in found.extensions} == {
        x509.CRLNumber.oid: (False, x509.CRLNumber(7)),
        x509.AuthorityKeyIdentifier.oid: (
            False,
            x509.AuthorityKeyIdentifier(issuing_ca().issuer.key_id, None, None),
        ),
    }


def test_an_empty_list_is_left_out() -> None:
    assert list(read(a_crl())) == []
    assert revocation_list.examine(encoded(a_crl()), a_crl(), issuing_ca().issuer, policy()) == ()


@pytest.mark.parametrize("reason", LISTED)
def test_each_reason_is_encoded_and_unspecified_is_left_out(reason: RevocationReason) -> None:
    template = a_crl(RevokedEntry(5, ISSUED, reason))
    (entry,) = read(template)
    if reason is RevocationReason.UNSPECIFIED:
        assert len(entry.extensions) == 0
    else:
        found = entry.extensions.get_extension_for_class(x509.CRLReason)
        assert found.critical is False
        assert found.value.reason.value == reason.value
    assert revocation_list.examine(encoded(template), template, issuing_ca().issuer, policy()) == ()


@pytest.mark.parametrize("reason", UNLISTED)
def test_what_the_profile_does_not_list_has_no_place_in_a_full_crl(reason: RevocationReason) -> None:
    assert not reason.on_full_crl
    with pytest.raises(ValueError, match=f"{reason.value} has no place"):
        encoded(a_crl(RevokedEntry(5, ISSUED, reason)))


def test_the_reasons_of_a_full_crl_are_those_of_the_profile() -> None:
    assert [reason.value for reason in RevocationReason if reason.on_full_crl] == [
        "keyCompromise",
        "cACompromise",
        "affiliationChanged",
        "superseded",
        "cessationOfOperation",
        "certificateHold",
        "privilegeWithdrawn",
    ]


def test_an_invalidity_date_is_a_generalized_time() -> None:
    stolen = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
    (entry,) = read(a_crl(RevokedEntry(5, ISSUED, RevocationReason.KEY_COMPROMISE, stolen)))
    assert entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc == stolen
    assert b"\x18\x0f20260506070809Z" in encoded(a_crl(RevokedEntry(5, ISSUED, None, stolen)))


def test_the_same_facts_are_the_same_bytes() -> None:
    one, two = RevokedEntry(5, ISSUED), RevokedEntry(3, ISSUED, RevocationReason.SUPERSEDED)
    assert encoded(a_crl(one, two)) == encoded(a_crl(two, one))
    assert [entry.serial_number for entry in read(a_crl(one, two))] == [3, 5]


entries = st.lists(
    st.builds(
        RevokedEntry,
        st.integers(1, 2**128 - 1),
        st.integers(0, 10**9).map(lambda seconds: ISSUED - timedelta(seconds=seconds)),
        st.none() | st.sampled_from(LISTED),
        st.none() | st.just(ISSUED),
    ),
    max_size=6,
    unique_by=lambda entry: entry.serial,
)


@given(entries)
def test_what_is_revoked_is_what_is_listed_whoever_reads_it(revoked: list[RevokedEntry]) -> None:
    template = a_crl(*revoked)
    listed = {entry.serial_number: entry.revocation_date_utc for entry in read(template)}
    assert listed == {entry.serial: entry.revoked_at for entry in revoked}
    assert revocation_list.examine(encoded(template), template, issuing_ca().issuer, policy()) == ()


def test_a_long_list_is_encoded_in_linear_time_and_judged_by_its_beginning() -> None:
    template = a_crl(*(RevokedEntry(2**100 + n, ISSUED, RevocationReason.SUPERSEDED) for n in range(3000)))
    der = encoded(template)
    assert len(x509.load_der_x509_crl(der)) == 3000
    assert revocation_list.examine(der, template, issuing_ca().issuer, policy()) == ()
