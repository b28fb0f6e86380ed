"""`python -m directca` is `directca`."""

from directca.cli.root import main

if __name__ == "__main__":
    main()
