"""`python -m directca.cli.client` is `directca client` without the rest of the authority, which a client need not load."""

import sys

from directca.cli.client.app import app


def main() -> None:
    """Run the client's command; a leading `client` is the name it has in `directca client`."""
    arguments = sys.argv[1:]
    app(arguments[1:] if arguments[:1] == ["client"] else arguments, prog_name="directca client")


if __name__ == "__main__":
    main()
