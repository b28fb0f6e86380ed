"""Each rule for CRLs fires alone when exactly the thing that it guards is wrong."""

import dataclasses
import tracemalloc
from collections.abc import Callable
from datetime import timedelta

import pytest

from directca.pki import crl, der, oids
from directca.pki.algorithms import SignatureAlgorithm
from directca.pki.crl import CrlTemplate, RevokedEntry
from directca.pki.lints import crl_rules, revocation_list
from directca.pki.lints.crl_rules import CrlRule
from directca.pki.lints.errors import LintFailed
from directca.pki.reasons import RevocationReason
from directca.pki.templates import Issuer, extension
from directca.signing.rehearsal import rehearse_crl
from tests.authority import ISSUED, issuing_ca, policy, run_of

REVOKED = (RevokedEntry(3, ISSUED, RevocationReason.SUPERSEDED), RevokedEntry(5, ISSUED))
LATER = ISSUED + timedelta(hours=1)
SHA384 = der.sequence(der.oid(SignatureAlgorithm.RSA_SHA384.value), der.NOTHING)
OTHER_NAME = der.sequence(der.set_of([der.sequence(der.oid(oids.COMMON_NAME), der.printable("Other CA"))]))
KEY_ID = extension(oids.AUTHORITY_KEY_ID, der.sequence(der.implicit(0, b"\x01" * 20)))
INDIRECT = extension(oids.ISSUING_DISTRIBUTION_POINT, der.sequence(der.implicit(4, b"\xff")), critical=True)
DELTA = extension("2.5.29.27", der.integer(6), critical=True)


@dataclasses.dataclass(frozen=True)
class Case:
    encoded: bytes
    template: CrlTemplate
    issuer: Issuer

    def rules(self) -> set[str]:
        return {finding.rule for finding in revocation_list.examine(self.encoded, self.template, self.issuer, policy())}


def decided(issuer: Issuer | None = None, **changes: object) -> Case:
    run = run_of(*changes.pop("entries", REVOKED), latest=LATER)  # type: ignore[misc]
    template = CrlTemplate(7, ISSUED, ISSUED + timedelta(hours=72), run.facts())
    template = dataclasses.replace(template, **changes)  # type: ignore[arg-type]
    issuer = issuer or issuing_ca().issuer
    return Case(crl.assemble(crl.encode(template, issuer, run.entries), b"\xff" * 384), template, issuer)


def held_against(**changes: object) -> Case:
    case = decided()
    if "entries" in changes:
        changes["entries"] = run_of(*changes["entries"], latest=LATER).facts()  # type: ignore[misc]
    return dataclasses.replace(case, template=dataclasses.replace(case.template, **changes))  # type: ignore[arg-type]


def held_against_point(point: str) -> Case:
    case = decided(points=("http://ca.example/crl/issuing/4-1.crl",))
    return dataclasses.replace(case, template=dataclasses.replace(case.template, points=(point,)))


def with_fields(fields: dict[int, bytes], outer: bytes | None = None, case: Case | None = None) -> Case:
    """Fields of the TBSCertList replaced, by their position."""
    case = case or decided()
    tbs, algorithm, signature = der.children(der.read(case.encoded))
    parts = [fields.get(at, field.encoded) for at, field in enumerate(der.children(tbs))]
    return dataclasses.replace(case, encoded=der.sequence(der.sequence(*parts), outer or algorithm.encoded, signature.encoded))


def with_extensions(change: Callable[[list[bytes]], list[bytes]]) -> Case:
    tbs = der.children(der.read(decided().encoded))[0]
    listed = [one.encoded for one in der.children(der.children(der.children(tbs)[6])[0])]
    return with_fields({6: der.explicit(0, der.sequence_of(change(listed)))})


def with_entries(*entries: bytes) -> Case:
    return with_fields({5: der.sequence(*entries)})


def entry(serial: int, *extensions: bytes) -> bytes:
    listed = der.sequence(*extensions) if extensions else b""
    return der.sequence(der.integer(serial), der.time(ISSUED), listed)


def reason(code: int, *, critical: bool = False) -> bytes:
    return extension(oids.REASON_CODE, der.enumerated(code), critical=critical)


def signed_with_sha384() -> Case:
    case = decided(dataclasses.replace(issuing_ca().issuer, algorithm=SignatureAlgorithm.RSA_SHA384))
    return dataclasses.replace(case, issuer=issuing_ca().issuer)


def empty_but_there() -> Case:
    case = decided(entries=())
    tbs, algorithm, signature = der.children(der.read(case.encoded))
    fields = [field.encoded for field in der.children(tbs)]
    fields.insert(5, der.sequence())
    return dataclasses.replace(case, encoded=der.sequence(der.sequence(*fields), algorithm.encoded, signature.encoded))


ALONE: list[tuple[CrlRule, str, Callable[[], Case]]] = [
    (crl_rules.version_is_2, "version 3", lambda: with_fields({0: der.integer(2)})),
    (crl_rules.signature_algorithms_agree, "other outside", lambda: with_fields({}, outer=SHA384)),
    (crl_rules.signature_algorithm_is_the_issuers, "SHA-384", signed_with_sha384),
    (crl_rules.issuer_is_the_subject_of_the_ca, "other name", lambda: with_fields({2: OTHER_NAME})),
    (
        crl_rules.extensions_are_those_of_its_kind,
        "a deltaCRLIndicator",
        lambda: with_extensions(lambda listed: [*listed, DELTA]),
    ),
    (
        crl_rules.extensions_are_those_of_its_kind,
        "critical number",
        lambda: with_extensions(lambda listed: [listed[0], extension(oids.CRL_NUMBER, der.integer(7), critical=True)]),
    ),
    (
        crl_rules.authority_key_id_is_the_key_id_of_the_ca,
        "another key",
        lambda: with_extensions(lambda listed: [KEY_ID, listed[1]]),
    ),
    (crl_rules.distribution_point_is_as_decided, "another", lambda: held_against_point("http://ca.example/crl/issuing/4-2.crl")),
    (crl_rules.number_is_as_decided, "another", lambda: held_against(number=8)),
    (crl_rules.number_is_as_decided, "zero", lambda: decided(number=0)),
    (crl_rules.number_is_as_decided, "21 octets", lambda: decided(number=2**159)),
    (crl_rules.number_and_time_move_forward, "same number", lambda: decided(follows=(7, ISSUED))),
    (
        crl_rules.number_and_time_move_forward,
        "earlier",
        lambda: decided(follows=(6, ISSUED + timedelta(seconds=1))),
    ),
    (
        crl_rules.times_have_the_form_of_their_year,
        "GeneralizedTime in 2026",
        lambda: with_fields({3: der.generalized_time(ISSUED)}),
    ),
    (crl_rules.times_are_as_decided, "another", lambda: held_against(this_update=ISSUED + timedelta(seconds=1))),
    (
        crl_rules.next_update_is_within_the_policy,
        "72 hours and a second",
        lambda: decided(next_update=ISSUED + timedelta(hours=72, seconds=1)),
    ),
    (crl_rules.next_update_is_within_the_policy, "at once", lambda: decided(next_update=ISSUED)),
    (crl_rules.empty_list_is_left_out, "empty SEQUENCE", empty_but_there),
    (
        crl_rules.entries_ascend_and_none_comes_twice,
        "twice",
        lambda: decided(entries=(REVOKED[0], REVOKED[0])),
    ),
    (
        crl_rules.entries_ascend_and_none_comes_twice,
        "negative",
        lambda: decided(entries=(RevokedEntry(-3, ISSUED),)),
    ),
    (
        crl_rules.entries_lie_in_the_past,
        "a second ahead",
        lambda: decided(entries=(RevokedEntry(3, ISSUED + timedelta(seconds=1)),)),
    ),
    (crl_rules.entries_are_as_decided, "one less", lambda: held_against(entries=(*REVOKED, RevokedEntry(9, ISSUED)))),
    (crl_rules.entries_are_as_decided, "one more", lambda: held_against(entries=REVOKED[:1])),
    (
        crl_rules.entries_are_as_decided,
        "another reason",
        lambda: held_against(entries=(RevokedEntry(3, ISSUED, RevocationReason.KEY_COMPROMISE), REVOKED[1])),
    ),
]


@pytest.mark.parametrize(("rule", "_why", "make"), ALONE, ids=[f"{rule.__name__}-{why}" for rule, why, _ in ALONE])
def test_exactly_this_rule_fires(rule: CrlRule, _why: str, make: Callable[[], Case]) -> None:
    assert make().rules() == {f"crl.{rule.__name__}"}


def test_every_rule_has_a_case() -> None:
    assert {rule for rule, _, _ in ALONE} == set(crl_rules.RULES)


def test_two_rules_see_a_missing_extension() -> None:
    assert with_extensions(lambda listed: listed[1:]).rules() == {
        "crl.extensions_are_those_of_its_kind",
        "crl.authority_key_id_is_the_key_id_of_the_ca",
    }
    assert with_extensions(lambda listed: listed[:1]).rules() == {
        "crl.extensions_are_those_of_its_kind",
        "crl.number_is_as_decided",
    }


def test_two_rules_see_a_list_that_is_not_full() -> None:
    assert with_extensions(lambda listed: [*listed, INDIRECT]).rules() == {
        "crl.extensions_are_those_of_its_kind",
        "crl.distribution_point_is_as_decided",
    }


def test_entries_out_of_order_are_found() -> None:
    assert with_entries(entry(5), entry(3, reason(4))).rules() == {
        "crl.entries_ascend_and_none_comes_twice",
        "crl.entries_are_as_decided",
    }


@pytest.mark.parametrize(
    "extensions",
    [
        [reason(0)],
        [reason(7)],
        [reason(8)],
        [reason(10)],
        [reason(11)],
        [reason(1, critical=True)],
        [reason(1), reason(1)],
        [extension(oids.REASON_CODE, der.integer(1))],
        [extension(oids.INVALIDITY_DATE, der.time(ISSUED))],
        [extension("2.5.29.29", der.NOTHING)],
    ],
)
def test_an_entry_that_a_full_crl_cannot_have_is_found(extensions: list[bytes]) -> None:
    assert with_entries(entry(3, *extensions), entry(5)).rules() == {"encoding.is_a_crl"}


def test_a_first_crl_and_a_following_one_pass() -> None:
    assert decided().rules() == set()
    assert decided(follows=(6, ISSUED)).rules() == set()


def test_no_flipped_bit_goes_unnoticed() -> None:
    case = decided()
    end = len(der.children(der.read(case.encoded))[0].encoded) + 4
    for at in range(4 * 8, end * 8):
        flipped = bytearray(case.encoded)
        flipped[at // 8] ^= 0x80 >> at % 8
        assert dataclasses.replace(case, encoded=bytes(flipped)).rules(), f"bit {at} can change"


def test_what_fails_is_not_rehearsed() -> None:
    case = held_against(number=8)
    with pytest.raises(LintFailed):
        rehearse_crl(der.children(der.read(case.encoded))[0].encoded, case.template, case.issuer, policy())


def test_a_long_list_is_not_copied_to_be_shortened_for_other_peoples_linter() -> None:
    case = decided()
    beginning = bytes(run_of(*(RevokedEntry(serial, ISSUED) for serial in range(1, 1001)), latest=LATER).entries)
    encoded = crl.assemble(crl.encode(case.template, case.issuer, beginning * 500), b"\xff" * 384)
    tracemalloc.start()
    shortened = revocation_list._shortened(encoded, beginning)
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(shortened) < 5_000
    assert highest < len(encoded) / 4
