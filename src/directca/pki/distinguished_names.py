"""Distinguished names as text (RFC 4514): what the API shows as `subject_dn` and `issuer_dn`."""

from functools import lru_cache

from cryptography import x509

from directca.pki.templates import Subject

_ALWAYS_ESCAPED = str.maketrans({one: "\\" + one for one in '"+,;<>\\='} | {"\0": "\\00"})


def as_text(subject: Subject) -> str:
    """The name as RFC 4514 writes it: most specific attribute first, special characters escaped."""
    parts = [f"CN={_escaped(subject.common_name)}"]
    parts.extend(f"OU={_escaped(unit)}" for unit in reversed(subject.organizational_units))
    parts.append(f"O={_escaped(subject.organization)}")
    if subject.locality is not None:
        parts.append(f"L={_escaped(subject.locality)}")
    if subject.state is not None:
        parts.append(f"ST={_escaped(subject.state)}")
    parts.append(f"C={_escaped(subject.country)}")
    return ",".join(parts)


def of_certificate(der: bytes) -> str:
    """The subject of a certificate, as `as_text` writes it."""
    return x509.load_der_x509_certificate(der).subject.rfc4514_string()


@lru_cache(maxsize=1024)
def _escaped(value: str) -> str:
    escaped = value.translate(_ALWAYS_ESCAPED)
    if escaped[:1] in ("#", " "):
        escaped = "\\" + escaped
    if escaped[-1:] == " " and len(value) > 1:
        escaped = escaped[:-1] + "\\ "
    return escaped
