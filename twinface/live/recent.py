"""A memory of numbers that only grow, which itself does not."""


class RecentNumbers:
    """Which numbers were met. Those `kept` or more below the highest count as met: they come too late anyway."""

    def __init__(self, kept: int = 4096) -> None:
        self._kept = kept
        self._met: set[int] = set()
        self._highest = -1

    def __contains__(self, number: int) -> bool:
        return number in self._met or number <= self._highest - self._kept

    def add(self, number: int) -> None:
        """Remember a number."""
        self._met.add(number)
        self._highest = max(self._highest, number)
        if len(self._met) > 2 * self._kept:
            self._met = {one for one in self._met if one > self._highest - self._kept}
