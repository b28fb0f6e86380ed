"""QR codes are, module for module, those that another program makes.

The digests are of what segno 1.6.6 makes of the same octets at level M with mask 0, at each length that fills a version: where
there is room left, segno adds an octet that the standard does not have.
"""

from hashlib import sha256

import pytest

from directca.web.qr import matrix, path_of

TEXT = "https://ca.example.org/" * 10
FULL = {
    14: "eadab7dd22d9a34c14c0e7186a48d4cce84d32d34c95b8c2aedd737f07774d31",
    26: "5e5771b1990cabc056e658a04f2717735cc98434ff6dbb2f59934eab14a23180",
    42: "ddc12d1a63afcd902596049412fe8a3cdac186c3db67d63227d6af254b6fdfb0",
    62: "5a89d0f7731728e708c78dce80b0502e8d354e3ee0d4298e19308dd0cd066216",
    84: "98ad6107d60283373a9a543ed509a600ed47be1799426a0d90a7b26a34d36d4d",
    106: "dabadfb1b8cff898bb8d7d815f111a4e3fa5e899eec4bdf925fd083f33c6a9ca",
    122: "c2e368fe1e78c66b0137a731dc872dd9fadf2e3c41f7ddf002f2fbe8db4dc3db",
    152: "91432979615c5c2423d64632cbcaed2ba584723a4c41cafd864547b97ad0e2cf",
    180: "df9e6ec800e3e4961df70cf48e5ecf15c53a67271aa136f2aa579dd3dace6dd0",
    213: "a76d20abfd901aac818c607b3b9f2da716feb08908ee8f06ff4f0dd6842b567d",
}


@pytest.mark.parametrize("length", FULL)
def test_it_is_what_another_program_makes(length: int) -> None:
    made = matrix(TEXT[:length])
    assert made is not None
    assert sha256("\n".join("".join("01"[bit] for bit in row) for row in made).encode()).hexdigest() == FULL[length]


def test_the_smallest_version_that_holds_it_is_taken() -> None:
    sizes = [len(matrix("x" * length) or []) for length in (1, 14, 15, 106, 107, 213)]
    assert sizes == [21, 21, 25, 41, 45, 57]
    assert matrix("x" * 214) is None
    assert path_of("x" * 214) is None


def test_the_picture_has_a_quiet_zone() -> None:
    width, path = path_of("x")  # type: ignore[misc]
    assert width == 21 + 8
    assert path.startswith("M4 4h1v1h-1z")
