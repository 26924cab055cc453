"""`python -m kaogan` is `kaogan`."""

import os
import sys

from kaogan.cli import main

if __name__ == "__main__":
    status = main()
    if "TORCHELASTIC_RUN_ID" in os.environ:
        # Some of several processes would abort while Gloo's threads are taken down.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
