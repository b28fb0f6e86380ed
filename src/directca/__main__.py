"""`python -m directca` is `directca`."""

import gc
import sys

# Loading makes hundreds of thousands of objects that stay: looking for garbage among them takes a sixth of a start.
gc.disable()
# The client is an outsider that needs none of the authority's rooms: it starts without loading them.
if sys.argv[1:2] == ["client"]:
    from directca.cli.client.__main__ import main
else:
    from directca.cli.root import main
gc.freeze()
gc.enable()

if __name__ == "__main__":
    main()
