"""`python -m kaogan` is `kaogan`."""

import sys

from kaogan.cli import main

if __name__ == "__main__":
    sys.exit(main())
