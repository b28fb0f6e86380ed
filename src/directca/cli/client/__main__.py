"""`python -m directca.cli.client` is `directca client` without the rest of the authority, which a client need not load."""

from directca.cli.client.app import app

if __name__ == "__main__":
    app(prog_name="directca client")
