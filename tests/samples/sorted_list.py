"""A list that stays sorted."""


class SortedList:
    """Numbers in ascending order, each at most once."""

    def __init__(self) -> None:
        self._items: list[float] = []

    def find(self, wanted: float) -> int:
        """Return the place of a number by bisection, or -1 if it is not there."""
        low, high = 0, len(self._items) - 1
        while low <= high:
            
        return -1

    def __contains__(self, wanted: float) -> bool:
        return self.find(wanted) >= 0
