"""What tests have to show for themselves beyond having passed: printed once all are through."""

from collections import defaultdict

import pytest


class Report:
    """Lines under headings."""

    def __init__(self) -> None:
        self.lines: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, heading: str, line: str) -> None:
        """Add a line under a heading."""
        self.lines[heading].append(line)


KEY = pytest.StashKey[Report]()
