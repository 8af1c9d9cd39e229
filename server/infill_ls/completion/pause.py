"""How long an automatic request waits before it asks the host.

    pause = half of the usual time between two keys - a quarter of the host's time to answer

but at least 25 ms and at most 125, and less as long as the editor itself has waited. Half of a
gap tells a burst of keys from one after which there is time to look; and of a host for whose answer
one waits longer anyway, less is gained by waiting before.

Where the user has just typed something else than what was suggested, the model was no help, and
the next keys are likely to be typed against it as well, or are a slip that is mended at once. So
the host is asked when the typing rests: after twice the usual gap, between 250 and 400 ms.
"""

from __future__ import annotations

from dataclasses import dataclass

LEAST_MS, MOST_MS = 25.0, 125.0
LEAST_REST_MS, MOST_REST_MS = 250.0, 400.0


@dataclass(frozen=True, slots=True)
class Pause:
    """What decides the length of one pause; printed as it is in the log."""

    gap_ms: float
    """The usual time between two keys."""
    first_token_ms: float
    """The usual time to the host's first token; 0 before it is known."""
    waited_ms: float
    """So long the editor has waited before it asked."""
    against: bool
    """Whether something else was typed than what was suggested."""

    @property
    def ms(self) -> float:
        """Return how long to wait, in milliseconds."""
        if self.against:
            wanted = min(max(2 * self.gap_ms, LEAST_REST_MS), MOST_REST_MS)
        else:
            wanted = min(max(self.gap_ms / 2 - self.first_token_ms / 4, LEAST_MS), MOST_MS)
        return max(0.0, wanted - self.waited_ms)

    def __str__(self) -> str:
        return (
            f"pause {self.ms:.0f} ms (a key each {self.gap_ms:.0f} ms, first token after "
            f"{self.first_token_ms:.0f} ms, the editor waited {self.waited_ms:.0f} ms"
            f"{', typed against the suggestion' if self.against else ''})"
        )
