"""What reporting a compromised key refuses, besides a proof that is none."""

from directca.errors import RateLimited


class TooManyReports(RateLimited):
    """Too many reports of compromised keys came from this address. It passes by itself; for many keys write to the authority."""

    slug = "too_many_reports"
