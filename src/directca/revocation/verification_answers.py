"""What every answer must be before anybody looks into it: there, whole, not too large, and called what it is."""

from directca.revocation.verification_model import Asked, Fetched, Findings

MOST_LIST_OCTETS = 256 * 1024 * 1024
"""Five times a list of a million entries."""

MOST_CERTIFICATE_OCTETS = 1024 * 1024
MOST_ANSWER_OCTETS = 64 * 1024

CRL, CERTIFICATE, CHAIN = "application/pkix-crl", "application/pkix-cert", "application/pkcs7-mime"
OCSP_REQUEST, OCSP_ANSWER = "application/ocsp-request", "application/ocsp-response"


def is_usable(findings: Findings, address: str, asked: Asked, fetched: Fetched, content_type: str) -> bool:
    """Whether there is something to look into; says what is wrong with the answer otherwise, and also with its content type."""
    if fetched.status is None:
        findings.add(
            "reachable", address, f"Nothing answers: {fetched.problem} Let this address be served; certificates name it."
        )
        return False
    if 300 <= fetched.status < 400:
        findings.add(
            "reachable",
            address,
            f"It answers {fetched.status} and sends to {fetched.location}, where not every relying party goes. "
            "Serve it at the address itself.",
        )
        return False
    if fetched.status != 200:
        findings.add("reachable", address, f"It answers {fetched.status}. {_advice(fetched.status)}")
        return False
    if fetched.problem is not None:
        findings.add("size", address, f"{fetched.problem} At most {asked.most_octets} octets in time are read.")
        return False
    found = fetched.content_type.partition(";")[0].strip().lower()
    if found != content_type:
        said = found or "no content type"
        findings.add("content_type", address, f"It is sent as {said}, not as {content_type}. Correct what serves it.")
    return True


def _advice(status: int) -> str:
    if status == 503:
        return "A list or answer is out of date and so is not served: look at `directca crl show` and at the log."
    if status == 404:
        return "It is not published there: look at what stands before the authority, and at server.relying_party_url."
    return "Look at what serves it."
