"""Of a certificate whose form is known only what is new is read and held against rules, and nothing is found differently."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NoReturn

import pytest

from directca.pki import certificate_view, der, oids
from directca.pki.certificate_view import CertificateView, read_certificate
from directca.pki.forms import KnownForms, form_of
from directca.pki.lints import certificate, pkix
from directca.pki.lints.certificate import examine
from directca.pki.lints.examined import Examined, Rule
from directca.pki.lints.findings import Finding, Severity
from directca.pki.lints.verdicts import ABOUT_SLOTS, COMMON, GROUPS, KnownVerdicts
from tests.authority import ADDRESSES, ISSUED, a_certificate, a_template, issuing_ca, root
from tests.material import ALICE
from tests.unit.pki import test_lints_direct, test_lints_policy, test_lints_rfc5280
from tests.unit.pki.breaking import Case, altered, attribute, decided, subject_of, with_extension

READ_IN_FULL = certificate_view._read_certificate

ALIKE: list[tuple[str, Callable[[], bytes], Callable[[], bytes]]] = [
    ("address", lambda: decided().encoded, lambda: decided(a_template("petra@direct.example.org", key=1, serial=2**126)).encoded),
    ("later", lambda: decided().encoded, lambda: decided(a_template(not_before=ISSUED + timedelta(days=3))).encoded),
    ("signed", a_certificate, lambda: decided(a_template(key=1)).encoded),
    ("domain", lambda: decided(a_template("a.example.org")).encoded, lambda: decided(a_template("b.example.org", key=1)).encoded),
]


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate_view, "_KNOWN", KnownForms())
    monkeypatch.setattr(certificate, "_KNOWN", KnownVerdicts(8))
    read_certificate.cache_clear()


@pytest.mark.parametrize(("name", "one", "other"), ALIKE, ids=[name for name, *_ in ALIKE])
def test_what_is_read_by_form_is_what_is_read_in_full(name: str, one: Callable[[], bytes], other: Callable[[], bytes]) -> None:
    first, second = read_certificate(one()), read_certificate(other())
    assert second.form is first.form is not None
    assert second == READ_IN_FULL(other())


DIFFERENT: list[Callable[[], Case]] = [
    lambda: decided(a_template("al@direct.example.org")),
    lambda: decided(a_template(profile="encryption")),
    lambda: decided(a_template(addresses=dataclasses.replace(ADDRESSES, crl="http://crk.example.org/issuing.crl"))),
    lambda: with_extension(oids.KEY_USAGE, der.named_bits((0,)), critical=False),
    lambda: decided(a_template(serial=2**127 - 1), issuer=dataclasses.replace(issuing_ca().issuer, key_id=b"\x01" * 20)),
]


@pytest.mark.parametrize("make", DIFFERENT)
def test_bytes_that_differ_elsewhere_have_another_form(make: Callable[[], Case]) -> None:
    known = read_certificate(decided().encoded).form
    assert known is not None
    other = make().encoded
    assert not known.fits(other)
    assert read_certificate(other) == READ_IN_FULL(other)


def names_together() -> bytes:
    both = [attribute(oids.COMMON_NAME, der.utf8(ALICE)), attribute(oids.COUNTRY, der.printable("US"))]
    return altered(lambda parts: dataclasses.replace(parts, subject=subject_of(both))).encoded


def two_alternatives() -> bytes:
    return with_extension(oids.SUBJECT_ALT_NAME, der.sequence(der.ia5(ALICE, 0x81), der.ia5(ALICE, 0x81))).encoded


@pytest.mark.parametrize(
    "make",
    [
        lambda: root().issuer.certificate_der,
        names_together,
        two_alternatives,
        lambda: with_extension(oids.SUBJECT_KEY_ID, b"x").encoded,
    ],
)
def test_a_certificate_without_a_place_for_each_slot_has_no_form(make: Callable[[], bytes]) -> None:
    assert form_of(make()) is None
    assert read_certificate(make()).form is None


def test_some_forms_of_each_length_are_remembered() -> None:
    forms: KnownForms[int] = KnownForms()
    encoded = [decided(a_template(policies=a_template().policies[:1] * n)).encoded for n in (1, 2)]
    encoded += [decided(a_template(profile="encryption", policies=a_template().policies[:1])).encoded]
    for number, one in enumerate(encoded):
        form = form_of(one)
        assert form is not None
        forms.add(form, number)
    found = [forms.find(one) for one in encoded]
    assert [one and one[1] for one in found] == [0, 1, 2]


BROKEN = [*test_lints_rfc5280.ALONE, *test_lints_direct.ALONE, *test_lints_policy.ALONE]


def of(case: Case) -> tuple[Finding, ...]:
    return examine(case.encoded, case.template, case.issuer, case.policy)


@pytest.mark.parametrize("make", [make for _, _, make in BROKEN], ids=[f"{rule.__name__}-{what}" for rule, what, _ in BROKEN])
def test_whatever_is_wrong_is_found_on_a_known_form_too(make: Callable[[], Case], monkeypatch: pytest.MonkeyPatch) -> None:
    case = make()
    anew = of(case)
    assert anew
    good = dataclasses.replace(decided(), issuer=case.issuer, policy=case.policy)
    read_certificate(case.encoded)  # whatever form it has is known, too
    read_certificate.cache_clear()
    of(good), of(good)
    assert of(case) == anew


def test_a_known_form_is_held_against_the_rules_about_slots_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    case = decided()
    assert of(case) == ()
    monkeypatch.setattr(pkix, "examine_certificate", _never)
    monkeypatch.setattr(certificate, "GROUPS", ())
    assert of(decided(a_template("petra@direct.example.org", key=1))) == ()
    ran = [rule for _, rules in ABOUT_SLOTS for rule in rules]
    assert len(ran) + len(COMMON) == sum(len(rules) for _, rules in GROUPS)


@pytest.mark.parametrize(
    "change",
    [
        lambda case: dataclasses.replace(case, issuer=dataclasses.replace(case.issuer)),
        lambda case: dataclasses.replace(case, policy=dataclasses.replace(case.policy)),
        lambda case: dataclasses.replace(case, template=dataclasses.replace(case.template, policies=())),
        lambda case: dataclasses.replace(case, template=dataclasses.replace(case.template, policy_version="9")),
        lambda case: dataclasses.replace(
            case,
            template=dataclasses.replace(
                case.template, addresses=dataclasses.replace(ADDRESSES, ocsp="http://ocsp.example.org/a")
            ),
        ),
        lambda case: dataclasses.replace(case, template=dataclasses.replace(case.template, profile="encryption")),
    ],
)
def test_a_verdict_is_for_what_was_decided_then(change: Callable[[Case], Case]) -> None:
    known = KnownVerdicts(8)
    first, other = examined(decided()), examined(change(decided()))
    known.add(first, ())
    assert known.notices(first) == ()
    assert known.notices(other) is None


def test_what_is_above_a_notice_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    warning = (Finding(Severity.WARNING, "pkix.something", "something"),)
    monkeypatch.setattr(pkix, "examine_certificate", lambda encoded, view: warning)
    assert of(decided()) == of(decided()) == warning


def examined(case: Case) -> Examined:
    view = read_certificate(case.encoded)
    return Examined(view, case.template, case.issuer, case.policy, case.policy.profile(case.template.profile))


class Untouchable:
    """What nobody may look at."""

    def _touched(self, *_: object) -> NoReturn:
        raise AssertionError("a rule about common bytes looked at a slot")

    __getattr__ = __eq__ = __lt__ = __gt__ = __len__ = __iter__ = __bool__ = __hash__ = __contains__ = _touched  # type: ignore[assignment]


@pytest.mark.parametrize("rule", sorted(COMMON, key=lambda one: one.__name__))
def test_a_rule_whose_verdict_is_kept_looks_at_no_slot(rule: Rule) -> None:
    case = examined(decided())
    touch: Any = Untouchable()
    assert rule(case) is None
    if rule.__name__ == "serial_has_at_most_20_octets":
        return  # looks at the length, which is the form's
    assert rule(dataclasses.replace(case, view=untouchable(case.view), template=untouched_template(case, touch))) is None


def untouchable(view: CertificateView) -> CertificateView:
    touch: Any = Untouchable()
    hidden = {oids.SUBJECT_KEY_ID, oids.SUBJECT_ALT_NAME}
    return dataclasses.replace(
        view,
        tbs=touch,
        serial=touch,
        not_before=touch,
        not_after=touch,
        subject_der=touch,
        subject=tuple(
            tuple(dataclasses.replace(one, text=touch) if one.kind == oids.COMMON_NAME else one for one in rdn)
            for rdn in view.subject
        ),
        key=dataclasses.replace(view.key, der=touch, modulus=touch),
        extensions=tuple(dataclasses.replace(one, value=touch) if one.kind in hidden else one for one in view.extensions),
        signature=touch,
    )


def untouched_template(case: Examined, touch: Any) -> Any:
    return dataclasses.replace(
        case.template, serial=touch, subject=touch, direct_name=touch, spki_der=touch, not_before=touch, not_after=touch
    )


def _never(*_: object) -> NoReturn:
    raise AssertionError("the PKIX linter was asked about a form that it has judged")
