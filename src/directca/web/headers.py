"""The headers of every page: what the browser must refuse on the page's behalf.

The policy starts from nothing (CSP 3 `default-src 'none'`) and names what a page of ours uses: its own stylesheet, script, images
and forms. No inline script, no inline style, no frame, nothing from elsewhere.
"""

from collections.abc import Sequence

_DENIED = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "payment",
    "screen-wake-lock",
    "usb",
)

_FIXED = {
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _DENIED),
}

NEVER_KEPT = "no-store"
"""Cache-Control of a page that shows somebody's own things or carries a form's token."""

ASKED_AGAIN = "no-cache"
"""Cache-Control of a page that is the same for everybody: the browser asks again each time."""


def security_headers(*, https: bool, form_action: Sequence[str] = (), cache: str = NEVER_KEPT) -> dict[str, str]:
    """The headers for one page. `form_action` are further origins to which the answer to a form may redirect."""
    policy = (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        " ".join(("form-action 'self'", *form_action)),
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return {**_FIXED, **headers_of_everything(https=https), "Content-Security-Policy": "; ".join(policy), "Cache-Control": cache}


def headers_of_everything(*, https: bool) -> dict[str, str]:
    """What every answer says, a redirect or JSON too: no guessing of types, and on https never plain http again."""
    # Two years, as browsers ask of a site that means it (RFC 6797 6.1.1, 7.1).
    stay = {"Strict-Transport-Security": "max-age=63072000"} if https else {}
    return {"X-Content-Type-Options": "nosniff", **stay}
