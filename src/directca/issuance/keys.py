"""Step 2 of the issuing verbs: which keys are to be certified, and proof that the subscriber holds them."""

from collections.abc import Mapping

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from directca.certificates.model import Certificate, Pair, Usage
from directca.direct.names import DirectName
from directca.issuance import policy
from directca.issuance.context import Issuance
from directca.issuance.errors import MissingParameter, OwnKey
from directca.issuance.model import Application, KeyPair
from directca.pki import requests
from directca.pki.keys import RsaKey, read_spki
from directca.pki.requests import CertificationRequest

SIGNING_FIELD = "signingCertificatePkcs10Data"
ENCRYPTION_FIELD = "encryptionCertificatePkcs10Data"


def requested(application: Application) -> Mapping[Usage, CertificationRequest]:
    """The certification requests that were sent: parsed, their proofs of possession verified, one name in both.

    Raises BadCsr and the other errors of `pki/errors.py`.
    """
    signing = None if application.signing_csr is None else requests.parse(application.signing_csr, field=SIGNING_FIELD)
    encryption = (
        None if application.encryption_csr is None else requests.parse(application.encryption_csr, field=ENCRYPTION_FIELD)
    )
    if signing is not None and encryption is not None:
        requests.pair(signing, encryption)
    sent = {Usage.SIGNING: signing, Usage.ENCRYPTION: encryption}
    return {usage: one for usage, one in sent.items() if one is not None}


def of_new_subscriber(sent: Mapping[Usage, CertificationRequest]) -> tuple[DirectName, KeyPair]:
    """Name and keys of a first issue, which needs both requests."""
    for usage, field in ((Usage.SIGNING, SIGNING_FIELD), (Usage.ENCRYPTION, ENCRYPTION_FIELD)):
        if usage not in sent:
            raise MissingParameter(
                f"{field} is required: a PKCS #10 request for the {usage} certificate, in base64.", field=field
            )
    return sent[Usage.SIGNING].common_name, KeyPair(sent[Usage.SIGNING].key, sent[Usage.ENCRYPTION].key)


def of_successor(sent: Mapping[Usage, CertificationRequest], predecessor: Pair) -> KeyPair:
    """Keys of a renewal or reissue: the requests' where there are some, otherwise the predecessor's, certified again.

    Raises SameKeyTwice when a new key is the one that stays for the other use.
    """
    kept = {Usage.SIGNING: predecessor.signing, Usage.ENCRYPTION: predecessor.encryption}
    keys = {usage: sent[usage].key if usage in sent else _certified(one) for usage, one in kept.items()}
    policy.check_different(keys[Usage.SIGNING], keys[Usage.ENCRYPTION])
    return KeyPair(keys[Usage.SIGNING], keys[Usage.ENCRYPTION])


def refuse_own(ca: Issuance, keys: KeyPair) -> None:
    """No subscriber may have a key of the authority itself certified."""
    for key, field in ((keys.signing, SIGNING_FIELD), (keys.encryption, ENCRYPTION_FIELD)):
        if key.modulus_sha256 in ca.own_keys:
            raise OwnKey("This is a key of the certificate authority itself; make your own.", field=field)


def _certified(certificate: Certificate) -> RsaKey:
    assert certificate.der is not None  # the pair was issued
    public_key = x509.load_der_x509_certificate(certificate.der).public_key()
    return read_spki(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
