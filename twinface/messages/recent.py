"""A memory of numbers that mostly grow, which itself does not."""


class RecentNumbers:
    """Which numbers were met: one bit for each of the latest `kept`, counted down from the highest.

    Those `kept` or more below the highest are past, and count as met: they come too late anyway.
    """

    def __init__(self, kept: int = 4096) -> None:
        self._kept = kept
        self._met = 0
        self._highest = -1

    def __contains__(self, number: int) -> bool:
        below = self._highest - number
        return below >= self._kept or (below >= 0 and bool(self._met >> below & 1))

    def is_past(self, number: int) -> bool:
        """Whether it is so far below the highest that nothing is known of it."""
        return self._highest - number >= self._kept

    def add(self, number: int) -> None:
        """Remember a number."""
        if number > self._highest:
            passed = min(number - self._highest, self._kept)
            self._met = (self._met << passed) & ((1 << self._kept) - 1)
            self._highest = number
        if not self.is_past(number):
            self._met |= 1 << (self._highest - number)

    def discard(self, number: int) -> None:
        """Forget a number, which may come again."""
        if number in self and not self.is_past(number):
            self._met ^= 1 << (self._highest - number)
