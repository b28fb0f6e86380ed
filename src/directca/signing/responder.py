"""One delegated OCSP responder, able to sign answers: its certificate, its key behind the port, the policy."""

from directca.pki.certificate_view import read_certificate
from directca.pki.lints import ocsp_responder
from directca.pki.lints.certificate import stop_on
from directca.pki.ocsp import Responder
from directca.pki.profiles import Policy
from directca.pki.signatures import BadSignatureError, check_signature
from directca.pki.templates import Issuer
from directca.signing.errors import KeyUnusable
from directca.signing.port import SigningKey
from directca.signing.rehearsal import Rehearsed
from directca.signing.rehearsed_only import Guard, RehearsedOnly


class OcspSigner:
    """A responder whose key signs the answers that were rehearsed for it, and nothing else. Safe for threads.

    Loading it raises LintFailed or BadPolicy when its certificate is not what the profile `ocsp_responder` describes for its
    CA, and KeyUnusable when the key is not its own or the CA did not sign the certificate.
    """

    def __init__(self, responder: Responder, key: SigningKey, policy: Policy, guard: Guard) -> None:
        stop_on(ocsp_responder.examine(responder.certificate_der, responder.issuer, policy))
        _require_signed_by(responder.issuer, responder.certificate_der)
        self.responder = responder
        self.policy = policy
        self._signs = RehearsedOnly(responder, key, policy, guard)

    def __repr__(self) -> str:
        return f"OcspSigner({self.responder.id})"

    def sign(self, rehearsed: Rehearsed) -> bytes:
        """The signature over rehearsed bytes, verified before it is given away. Promises and errors as `Authority.sign`."""
        return self._signs.sign_all((rehearsed,))[0]


def _require_signed_by(issuer: Issuer, certificate_der: bytes) -> None:
    """The lints compare the issuer's name; whether its key signed the certificate only the signature tells."""
    view = read_certificate(certificate_der)
    try:
        check_signature(issuer, view.signature, view.tbs)
    except BadSignatureError as error:
        raise KeyUnusable("The CA did not sign this OCSP responder's certificate. Make a new responder.") from error
