"""The policy that comes with the product says what the profile table says, and a policy at fault is never used."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from directca.direct.oids import Assurance, Category, CpVersion, OrganizationType
from directca.pki import oids
from directca.pki.errors import BadPolicy
from directca.pki.profiles import BasicConstraints, KeyUsage, PolicySet, load, shipped, shipped_file

CERT_SIGN = frozenset((KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN))
SIGNATURE = frozenset((KeyUsage.DIGITAL_SIGNATURE,))
ENCIPHERMENT = frozenset((KeyUsage.KEY_ENCIPHERMENT,))
END_ENTITY = BasicConstraints(certification_authority=False, path_length=None)


def changed(old: str, new: str) -> bytes:
    data = shipped_file()
    assert data.count(old.encode()) >= 1
    return data.replace(old.encode(), new.encode(), 1)


@pytest.mark.parametrize(
    ("name", "days", "bits", "constraints", "usage", "purposes"),
    [
        ("root", 10957, 3072, BasicConstraints(certification_authority=True, path_length=None), CERT_SIGN, ()),
        ("issuing_ca", 3653, 3072, BasicConstraints(certification_authority=True, path_length=0), CERT_SIGN, ()),
        ("signing", 1095, 2048, END_ENTITY, SIGNATURE, (oids.EMAIL_PROTECTION,)),
        ("encryption", 1095, 2048, END_ENTITY, ENCIPHERMENT, (oids.EMAIL_PROTECTION,)),
        ("dual", 1095, 2048, END_ENTITY, SIGNATURE | ENCIPHERMENT, (oids.EMAIL_PROTECTION,)),
        ("ocsp_responder", 120, 2048, None, SIGNATURE, (oids.OCSP_SIGNING,)),
    ],
)
def test_the_profiles_are_those_of_the_table(
    name: str,
    days: int,
    bits: int,
    constraints: BasicConstraints | None,
    usage: frozenset[KeyUsage],
    purposes: tuple[str, ...],
) -> None:
    profile = shipped().profile(name)
    assert profile.maximum == timedelta(days=days)
    assert profile.minimum_bits == bits
    assert profile.basic_constraints == constraints
    assert profile.key_usage == usage
    assert profile.extended_key_usage == purposes
    assert profile.extended_key_usage_critical == (name == "ocsp_responder")
    assert profile.ocsp_nocheck == (name == "ocsp_responder")
    assert profile.direct_name == (constraints == END_ENTITY)
    assert profile.is_authority == (name in {"root", "issuing_ca"})


def test_the_numbers_are_those_of_the_certificate_policy() -> None:
    policy = shipped()
    assert policy.keys.minimum_bits == 2048
    assert (policy.keys.long_life_bits, policy.keys.long_life_after) == (
        3072,
        datetime(2030, 12, 31, 23, 59, 59, tzinfo=UTC),
    )
    assert policy.crl.interval == timedelta(hours=12)
    assert policy.crl.longest_interval == timedelta(hours=24)
    assert policy.crl.next_update == timedelta(hours=72)
    assert policy.crl.offline_next_update == timedelta(days=190)
    assert policy.crl.offline_renew_before == timedelta(days=30)
    assert policy.ocsp.responder == timedelta(days=30)
    assert policy.ocsp.renew_before == timedelta(days=10)
    assert policy.ocsp.response == timedelta(hours=12)
    assert policy.rules.durations_years == (1, 2, 3)
    assert policy.rules.proofing_first_issue == timedelta(days=90)
    assert policy.rules.proofing_maximum_years == 9
    assert policy.rules.domain_claim == timedelta(days=365)
    assert policy.rules.hold_maximum == timedelta(days=14)
    assert policy.rules.overlap == timedelta(hours=72)
    assert policy.rules.reproof_after_revocation is True
    assert policy.development is False


def test_what_is_not_published_is_not_asserted() -> None:
    assertions = shipped().assertions
    assert assertions.cp_versions == (CpVersion.V1_3,)
    assert assertions.assurances == (Assurance.LOA3,)
    assert assertions.categories == tuple(Category)


def test_the_hash_is_of_the_file() -> None:
    assert shipped().sha256 == hashlib.sha256(shipped_file()).hexdigest()
    assert load(shipped_file() + b"\n").sha256 != shipped().sha256


def test_a_policy_for_development_differs_in_its_flag_and_in_its_hash() -> None:
    sandbox = load(changed("development = false", "development = true"))
    assert sandbox.development is True
    assert sandbox.sha256 != shipped().sha256
    assert sandbox.profiles == shipped().profiles


def test_an_end_entity_asserts_one_of_each() -> None:
    asserted = shipped().assertions.for_end_entity(
        assurance=Assurance.LOA3, category=OrganizationType.PATIENT.category, cp_version=CpVersion.V1_3
    )
    assert asserted == ("1.3.6.1.4.1.41179.0.1.3", "1.3.6.1.4.1.41179.1.3", "1.3.6.1.4.1.41179.2.4")
    assert set(asserted) <= set(shipped().assertions.all_for_authority)


@pytest.mark.parametrize(
    ("assurance", "category", "cp_version"),
    [
        (Assurance.LOA4, Category.PATIENT, None),
        (Assurance.LOA3, "1.3.6.1.4.1.41179.2.5", None),
        (Assurance.LOA3, Category.PATIENT, CpVersion.V1_2),
        (Category.PATIENT, Assurance.LOA3, None),
    ],
)
def test_what_the_policy_does_not_enable_is_refused(assurance: str, category: str, cp_version: str | None) -> None:
    with pytest.raises(BadPolicy):
        shipped().assertions.for_end_entity(assurance=assurance, category=category, cp_version=cp_version)


def test_a_policy_of_our_own_is_asserted_everywhere() -> None:
    data = changed('own_policy = ""', 'own_policy = "1.3.6.1.4.1.99999.1"').replace(
        b'own_cps_uri = ""', b'own_cps_uri = "http://ca.example.org/cps"'
    )
    assertions = load(data).assertions
    assert assertions.all_for_authority[-1] == "1.3.6.1.4.1.99999.1"
    ours = assertions.for_end_entity(assurance=Assurance.LOA3, category=Category.PATIENT)
    assert ours[-1] == "1.3.6.1.4.1.99999.1"


def test_a_profile_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadPolicy, match="no profile tls"):
        shipped().profile("tls")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('version = "2026.12"', 'version = "2026.12"\nsurprise = 1', "surprise"),
        ('version = "2026.12"', "", "version"),
        ('version = "2026.12"', "version = 2026", "version"),
        ("development = false", 'development = "no"', "development"),
        ("minimum_bits = 2048", "minimum_bits = 1024", "keys.minimum_bits"),
        ("minimum_bits = 2048", "minimum_bits = true", "keys.minimum_bits"),
        ("minimum_bits = 2048", "minimum_bits = 2048.0", "keys.minimum_bits"),
        ("long_life_after = 2030-12-31T23:59:59Z", "long_life_after = 2030-12-31", "keys.long_life_after"),
        ("long_life_after = 2030-12-31T23:59:59Z", "long_life_after = 2030-12-31T23:59:59", "keys.long_life_after"),
        ("durations_years = [1, 2, 3]", "durations_years = []", "validity.durations_years"),
        ("durations_years = [1, 2, 3]", "durations_years = [1, 2, 4]", "validity.durations_years"),
        ("durations_years = [1, 2, 3]", "durations_years = [2, 1]", "validity.durations_years"),
        ("durations_years = [1, 2, 3]", "durations_years = [true]", "validity.durations_years"),
        ("interval_hours = 12", "interval_hours = 25", "crl.interval_hours"),
        ("next_update_hours = 72", "next_update_hours = 24", "crl.next_update_hours"),
        ("offline_next_update_days = 190", "offline_next_update_days = 401", "crl.offline_next_update_days"),
        ("offline_next_update_days = 190", "offline_next_update_days = 30", "crl.offline_renew_before_days"),
        ("responder_days = 30", "responder_days = 121", "ocsp.responder_days"),
        ("renew_before_days = 10\nresponse", "renew_before_days = 30\nresponse", "ocsp.renew_before_days"),
        ("response_hours = 12", "response_hours = 73", "ocsp.response_hours"),
        ("[ocsp]", "[ocsp]\nstapled = true", "ocsp.stapled"),
        ("hold_maximum_days = 14", "hold_maximum_dais = 14", "rules.hold_maximum_days"),
        ("overlap_hours = 72", "overlap_hours = -1", "rules.overlap_hours"),
        ("maximum_days = 1095\n", "maximum_days = 0\n", "profiles.signing.maximum_days"),
        ('key_usage = ["digitalSignature"]', "key_usage = []", "profiles.signing.key_usage"),
        ('key_usage = ["digitalSignature"]', 'key_usage = ["dataEncipherment"]', "profiles.signing.key_usage"),
        ('key_usage = ["digitalSignature"]', 'key_usage = "digitalSignature"', "profiles.signing.key_usage"),
        ('policies = "end_entity"', 'policies = "any"', "profiles.signing.policies"),
        ("path_length = -1", "path_length = -2", "profiles.root.path_length"),
        ("basic_constraints = true", "basic_constraints = false", "profiles.root.path_length"),
        ('cp_versions = ["1.3.6.1.4.1.41179.0.1.3"]', "cp_versions = []", "assertions.cp_versions"),
        ('cp_versions = ["1.3.6.1.4.1.41179.0.1.3"]', 'cp_versions = ["1.2.3"]', "assertions.cp_versions"),
        ('assurances = ["1.3.6.1.4.1.41179.1.3"]', 'assurances = ["1.3.6.1.4.1.41179.2.3"]', "assertions.assurances"),
        ('assurances = ["1.3.6.1.4.1.41179.1.3"]', 'assurances = ["1", "1"]', "assertions.assurances"),
        ('authority = "1.3.6.1.4.1.41179.0.1"', 'authority = "1.3.6.1.4.1.41179.0.2"', "assertions.authority"),
        ('own_policy = ""', 'own_policy = "1.2.3"', "assertions.own_cps_uri"),
        ("[crl]", "[crl]\nforever = true", "crl.forever"),
        ("[profiles.dual]", "[profiles.dual]\nwildcard = true", "profiles.dual.wildcard"),
        ("[profiles.dual]", "[profiles]\ndual = 1\n[other]", "profiles"),
    ],
)
def test_a_policy_at_fault_is_refused_with_the_key(old: str, new: str, key: str) -> None:
    with pytest.raises(BadPolicy) as refused:
        load(changed(old, new))
    assert key in refused.value.detail


def test_the_policy_file_of_the_first_release_is_still_read() -> None:
    older = changed("next_update_hours = 72\n", "next_update_hours = 72\nafter_revocation_seconds = 60\n").replace(
        b"reproof_after_revocation", b"retention_months = 126\nretention_years_after_expiry = 3\nreproof_after_revocation"
    )
    assert load(older).rules == load(shipped_file()).rules


def test_a_policy_file_that_says_nothing_of_offline_keys_has_the_defaults() -> None:
    older = changed("offline_next_update_days = 190\n", "").replace(b"offline_renew_before_days = 30\n", b"")
    assert b"offline_" not in older
    assert load(older).crl == load(shipped_file()).crl


def test_a_policy_file_that_says_nothing_of_ocsp_has_the_defaults() -> None:
    table = b"[ocsp]\nresponder_days = 30\nrenew_before_days = 10\nresponse_hours = 12\n"
    older = shipped_file().replace(table, b"")
    assert b"[ocsp]" not in older
    assert load(older).ocsp == shipped().ocsp
    short = older.replace(b"interval_hours = 12", b"interval_hours = 6").replace(b"interval_hours = 24", b"interval_hours = 6")
    assert load(short.replace(b"next_update_hours = 72", b"next_update_hours = 8")).ocsp.response == timedelta(hours=8)


def test_a_key_is_as_long_as_its_certificate_s_end_demands() -> None:
    policy = shipped()
    assert policy.bits("ocsp_responder", policy.keys.long_life_after) == 2048
    assert policy.bits("ocsp_responder", policy.keys.long_life_after + timedelta(seconds=1)) == 3072
    assert policy.bits("root", policy.keys.long_life_after) == 3072


def test_the_policy_for_offline_lists_differs_in_how_long_they_last_alone() -> None:
    policy = shipped()
    offline = policy.for_offline_lists()
    assert offline.crl.next_update == timedelta(days=190)
    assert replace(offline, crl=policy.crl) == policy


@pytest.mark.parametrize("data", [b"", b"\xff", b"version = ", b"a = 1\na = 2"])
def test_what_is_no_policy_is_refused(data: bytes) -> None:
    with pytest.raises(BadPolicy):
        load(data)


def test_every_profile_of_an_authority_names_its_policies() -> None:
    by_profile = {name: profile.policies for name, profile in shipped().profiles.items()}
    assert by_profile == {
        "root": PolicySet.NONE,
        "issuing_ca": PolicySet.AUTHORITY,
        "signing": PolicySet.END_ENTITY,
        "encryption": PolicySet.END_ENTITY,
        "dual": PolicySet.END_ENTITY,
        "ocsp_responder": PolicySet.ANSWERS,
    }
