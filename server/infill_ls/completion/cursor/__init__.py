"""The place to complete: what is around it, and whether one line belongs there or several."""
