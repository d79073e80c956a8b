"""The command line as python -m lindiff_nb.run."""

import sys

from lindiff_nb.run.cli import main

sys.exit(main())
