"""``python -m einkorn`` is the command ``einkorn``."""

import sys

from einkorn.cli import main

if __name__ == "__main__":
    sys.exit(main())
