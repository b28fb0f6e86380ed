"""What RFC 5280 demands of every certificate that this authority signs, one rule per function."""

from directca.pki import der, oids
from directca.pki.extensions import read_authority_key_id, read_key_id
from directca.pki.lints.examined import Examined, Rule
from directca.pki.templates import key_id

_GENERALIZED_TIME_FROM = 2050
_MAXIMUM_SERIAL_OCTETS = 20
_UPPER_BOUNDS = {
    oids.COUNTRY: 2,
    oids.STATE: 128,
    oids.LOCALITY: 128,
    oids.ORGANIZATION: 64,
    oids.ORGANIZATIONAL_UNIT: 64,
    oids.COMMON_NAME: 64,
}


def version_is_3(examined: Examined) -> str | None:
    """4.1.2.1: extensions demand version 3, which is encoded as 2."""
    version = examined.view.version
    return None if version == 2 else f"version {version + 1}"


def serial_is_positive(examined: Examined) -> str | None:
    """4.1.2.2: a positive integer."""
    return None if der.read_integer(examined.view.serial) > 0 else "the serial number is zero or negative"


def serial_has_at_most_20_octets(examined: Examined) -> str | None:
    """4.1.2.2: the octet of the sign bit counts."""
    octets = len(examined.view.serial.content)
    return None if octets <= _MAXIMUM_SERIAL_OCTETS else f"the serial number has {octets} octets"


def signature_algorithms_agree(examined: Examined) -> str | None:
    """4.1.1.2: inside and outside the same AlgorithmIdentifier, byte for byte."""
    view = examined.view
    return None if view.inner_algorithm == view.outer_algorithm else "the inner and the outer algorithm differ"


def issuer_is_the_subject_of_the_ca(examined: Examined) -> str | None:
    """4.1.2.4 and 6.1: byte for byte, which every way of comparing names accepts."""
    same = examined.view.issuer_der == examined.issuer.name_der
    return None if same else "the issuer's name is not the CA's subject, byte for byte"


def times_have_the_form_of_their_year(examined: Examined) -> str | None:
    """4.1.2.5: UTCTime through 2049, GeneralizedTime after."""
    for time in (examined.view.not_before, examined.view.not_after):
        wanted = der.GENERALIZED_TIME if der.read_time(time).year >= _GENERALIZED_TIME_FROM else der.UTC_TIME
        if time.tag != wanted:
            return "a time is in the form of another half-century"
    return None


def validity_begins_before_it_ends(examined: Examined) -> str | None:
    """4.1.2.5: the validity is an interval, and not an empty one."""
    view = examined.view
    return None if der.read_time(view.not_before) < der.read_time(view.not_after) else "notAfter is not after notBefore"


def name_attributes_stand_alone(examined: Examined) -> str | None:
    """4.1.2.4 allows sets; that an attribute stands alone is what every reader of names expects."""
    return None if all(len(rdn) == 1 for rdn in examined.view.subject) else "an RDN holds several attributes, or none"


def name_attributes_are_within_their_bounds(examined: Examined) -> str | None:
    """Appendix A, ub-*: characters, not octets; never empty."""
    for rdn in examined.view.subject:
        for attribute in rdn:
            if not 1 <= len(attribute.text) <= _UPPER_BOUNDS.get(attribute.kind, 64):
                return f"the attribute {attribute.kind} has {len(attribute.text)} characters"
    return None


def key_algorithm_has_null_parameters(examined: Examined) -> str | None:
    """RFC 3279 2.3.1: rsaEncryption with NULL, not without parameters."""
    wanted = der.sequence(der.oid(oids.RSA_ENCRYPTION), der.NOTHING)
    return None if examined.view.key.algorithm == wanted else "the key's algorithm is not rsaEncryption with NULL"


def no_extension_comes_twice(examined: Examined) -> str | None:
    """4.2: an extension stands once in a certificate."""
    kinds = [extension.kind for extension in examined.view.extensions]
    return None if len(kinds) == len(set(kinds)) else "an extension comes twice"


def authority_key_id_is_the_key_id_of_the_ca(examined: Examined) -> str | None:
    """4.2.1.1: the key identifier alone; issuer and serial number would tie us to one certificate of the CA."""
    extension = examined.view.extension(oids.AUTHORITY_KEY_ID)
    if extension is None:
        return "there is no authorityKeyIdentifier"
    same = read_authority_key_id(extension.value) == examined.issuer.key_id
    return None if same else "the authorityKeyIdentifier is not the CA's subjectKeyIdentifier"


def subject_key_id_is_of_the_key(examined: Examined) -> str | None:
    """4.2.1.2, method 1: the SHA-1 of this very key."""
    extension = examined.view.extension(oids.SUBJECT_KEY_ID)
    if extension is None:
        return "there is no subjectKeyIdentifier"
    same = read_key_id(extension.value) == key_id(examined.view.key.der)
    return None if same else "the subjectKeyIdentifier is not of this key"


RULES: tuple[Rule, ...] = (
    version_is_3,
    serial_is_positive,
    serial_has_at_most_20_octets,
    signature_algorithms_agree,
    issuer_is_the_subject_of_the_ca,
    times_have_the_form_of_their_year,
    validity_begins_before_it_ends,
    name_attributes_stand_alone,
    name_attributes_are_within_their_bounds,
    key_algorithm_has_null_parameters,
    no_extension_comes_twice,
    authority_key_id_is_the_key_id_of_the_ca,
    subject_key_id_is_of_the_key,
)
