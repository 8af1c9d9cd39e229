"""From a request to a completion; the way of one keystroke stands in `completer.py`."""
