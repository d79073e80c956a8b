"""The command line as python -m lindiff_nb."""

import sys

from lindiff_nb.cli import main

sys.exit(main())
