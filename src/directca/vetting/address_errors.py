"""Why authority over addresses is not taken, or a file of them is not."""

from directca.errors import Conflict, Malformed, NotFound


class BadAddressFile(Malformed):
    """The file of addresses cannot be read as a whole: its size, encoding, quotes or head. Nothing of it was kept."""

    slug = "bad_address_file"


class NoSuchUpload(NotFound):
    """The account has brought no file of addresses under this identifier."""

    slug = "address_upload_not_found"


class UploadUnderWay(Conflict):
    """The organization has another file of addresses that is still being looked at; one at a time."""

    slug = "address_upload_under_way"
