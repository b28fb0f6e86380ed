"""`python -m directca` is `directca`."""

import sys

from directca.cli.loading import loading

# The client is an outsider that needs none of the authority's rooms: it starts without loading them.
with loading():
    if sys.argv[1:2] == ["client"]:
        from directca.cli.client.__main__ import main
    else:
        from directca.cli.root import main

if __name__ == "__main__":
    main()
