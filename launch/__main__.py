"""`python3 -m launch COMMAND`; plain syntax, so that an old Python can still say that it is too old."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        "Imprint needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". "
        "Name a newer one: make run PYTHON=python3.11"
    )

from launch.cli import main

sys.exit(main(sys.argv[1:]))
