"""A CRL says exactly what is revoked: judged by the `cryptography` library's reader."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from directca.pki import crl
from directca.pki.crl import CrlTemplate, RevokedEntry
from directca.pki.lints import revocation_list
from directca.pki.lints.findings import Finding
from directca.pki.reasons import RevocationReason
from tests.authority import ISSUED, issuing_ca, policy, run_of

THREE_DAYS = timedelta(hours=72)
UNLISTED = [RevocationReason.REMOVE_FROM_CRL, RevocationReason.AA_COMPROMISE]
LISTED = [reason for reason in RevocationReason if reason not in UNLISTED]


@dataclass(frozen=True)
class Made:
    template: CrlTemplate
    encoded: bytes

    def findings(self) -> tuple[Finding, ...]:
        return revocation_list.examine(self.encoded, self.template, issuing_ca().issuer, policy())

    def read(self) -> x509.CertificateRevocationList:
        return x509.load_der_x509_crl(self.encoded)


def a_crl(*entries: RevokedEntry, points: tuple[str, ...] = ()) -> Made:
    run = run_of(*entries, latest=ISSUED)
    template = CrlTemplate(7, ISSUED, ISSUED + THREE_DAYS, run.facts(), points=points)
    return Made(template, crl.assemble(crl.encode(template, issuing_ca().issuer, run.entries), b"\xff" * 384))


def test_every_field_is_as_decided() -> None:
    found = a_crl().read()
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
    assert list(a_crl().read()) == []
    assert a_crl().findings() == ()


@pytest.mark.parametrize("reason", LISTED)
def test_each_reason_is_encoded_and_unspecified_is_left_out(reason: RevocationReason) -> None:
    made = a_crl(RevokedEntry(5, ISSUED, reason))
    (entry,) = made.read()
    if reason is RevocationReason.UNSPECIFIED:
        assert len(entry.extensions) == 0
    else:
        found = entry.extensions.get_extension_for_class(x509.CRLReason)
        assert found.critical is False
        assert found.value.reason.value == reason.value
    assert made.findings() == ()


@pytest.mark.parametrize("reason", UNLISTED)
def test_what_the_profile_does_not_list_has_no_place_in_a_full_crl(reason: RevocationReason) -> None:
    assert not reason.on_full_crl
    with pytest.raises(ValueError, match=f"{reason.value} has no place"):
        a_crl(RevokedEntry(5, ISSUED, reason))


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
    (entry,) = a_crl(RevokedEntry(5, ISSUED, RevocationReason.KEY_COMPROMISE, stolen)).read()
    assert entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc == stolen
    assert b"\x18\x0f20260506070809Z" in a_crl(RevokedEntry(5, ISSUED, None, stolen)).encoded


def test_the_same_facts_are_the_same_bytes() -> None:
    one, two = RevokedEntry(5, ISSUED), RevokedEntry(3, ISSUED, RevocationReason.SUPERSEDED)
    assert a_crl(one, two).encoded == a_crl(two, one).encoded
    assert [entry.serial_number for entry in a_crl(one, two).read()] == [3, 5]


entries = st.lists(
    st.builds(
        RevokedEntry,
        st.integers(1, 2**128 - 1),
        st.integers(0, 8 * 10**8).map(lambda seconds: ISSUED - timedelta(seconds=seconds)),
        st.none() | st.sampled_from(LISTED),
        st.none() | st.just(ISSUED),
    ),
    max_size=6,
    unique_by=lambda entry: entry.serial,
)


@given(entries)
def test_what_is_revoked_is_what_is_listed_whoever_reads_it(revoked: list[RevokedEntry]) -> None:
    made = a_crl(*revoked)
    listed = {entry.serial_number: entry.revocation_date_utc for entry in made.read()}
    assert listed == {entry.serial: entry.revoked_at for entry in revoked}
    assert made.findings() == ()


def test_a_list_of_a_partition_says_critically_which() -> None:
    made = a_crl(
        RevokedEntry(5, ISSUED), points=("http://ca.example/crl/issuing/4-1.crl", "http://old.example/crl/issuing/4-1.crl")
    )
    found = made.read().extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert found.critical
    assert found.value.full_name is not None
    assert [name.value for name in found.value.full_name] == list(made.template.points)
    assert made.findings() == ()


def test_what_a_clock_that_ran_ahead_revoked_is_listed_as_of_now() -> None:
    made = a_crl(
        RevokedEntry(5, ISSUED + timedelta(hours=1), RevocationReason.SUPERSEDED), RevokedEntry(6, ISSUED - timedelta(1))
    )
    assert [entry.revocation_date_utc for entry in made.read()] == [ISSUED, ISSUED - timedelta(1)]
    assert made.findings() == ()


def test_entries_out_of_order_are_noticed() -> None:
    run = crl.EntryRun(ISSUED)
    run.add([crl.encode_entry(RevokedEntry(serial, ISSUED)) for serial in (5, 300)])
    assert run.facts().ascending
    run.add([crl.encode_entry(RevokedEntry(300, ISSUED))])
    assert not run.facts().ascending


@given(st.lists(st.integers(1, 2**159 - 1), unique=True))
def test_keys_sort_as_serials_do(serials: list[int]) -> None:
    assert sorted(serials, key=crl.sort_key) == sorted(serials)


def test_a_long_list_is_encoded_in_linear_time_and_judged_by_its_beginning() -> None:
    made = a_crl(*(RevokedEntry(2**100 + n, ISSUED, RevocationReason.SUPERSEDED) for n in range(3000)))
    assert len(made.read()) == 3000
    assert made.findings() == ()
