"""What publishing status files refuses."""

from directca.errors import Unavailable


class StatusFolderUnusable(Unavailable):
    """The folder for the web server or CDN cannot be written, or holds the lists of another authority."""

    slug = "status_folder_unusable"
