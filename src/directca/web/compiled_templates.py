"""Compiled templates, kept where Python keeps compiled modules: a start takes a third of a second less with them.

Who can write there can write the modules themselves, so what lies there is trusted as they are.
"""

import sys
from contextlib import suppress
from importlib.metadata import version
from importlib.util import cache_from_source
from pathlib import Path
from pickle import UnpicklingError

from jinja2.bccache import Bucket, FileSystemBytecodeCache


class CompiledTemplates(FileSystemBytecodeCache):
    """Of one folder of templates. Where nothing can be written, every process compiles for itself."""

    def __init__(self, templates: Path) -> None:
        folder = Path(cache_from_source(str(templates / "any.py"))).parent
        # What another release of Jinja compiled is left alone: the code calls into the release that made it.
        super().__init__(str(folder), f"%s.jinja-{version('jinja2')}")

    def load_bytecode(self, bucket: Bucket) -> None:
        """What was kept of a template; nothing where that cannot be read."""
        try:
            super().load_bytecode(bucket)
        except (OSError, EOFError, ValueError, UnpicklingError):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template that was compiled, unless Python is told to keep nothing."""
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                Path(self.directory).mkdir(parents=True, exist_ok=True)
                super().dump_bytecode(bucket)
