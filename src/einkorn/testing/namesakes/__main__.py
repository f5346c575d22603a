"""The command: check the namesakes, or write the page of differences."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from einkorn.testing.namesakes.check import families, outcome
from einkorn.testing.namesakes.differences import page
from einkorn.testing.namesakes.report import table


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status is 1 if a namesake fails."""
    parser = argparse.ArgumentParser(
        "python -m einkorn.testing.namesakes",
        description="Give PyTorch's sample inputs to PyTorch and einkorn, and compare.",
    )
    parser.add_argument(
        "pattern", nargs="?", default="", help="names to check, a regular expression"
    )
    parser.add_argument("--family", choices=("functions", "modules", "optimizers"))
    parser.add_argument("--limit", type=int, help="samples for each dtype and variant")
    parser.add_argument("--failing", action="store_true", help="print the failing ones only")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page of differences")
    options = parser.parse_args(arguments)
    if options.write:
        options.write.write_text(page())
        return 0
    outcomes = [
        outcome(family, name, options.limit)
        for family, members in families().items()
        if options.family in (None, family)
        for name in members
        if re.search(options.pattern, name)
    ]
    if options.failing:
        for found in outcomes:
            if not found.well:
                print(f"{found.name}: {found.first[:300] or 'no sample'}")
    else:
        print(table(outcomes))
    return 0 if all(found.well for found in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
