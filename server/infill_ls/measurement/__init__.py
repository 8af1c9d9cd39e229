"""What becomes of suggestions, counted on the user's own machine; `measurement.py` is called."""
