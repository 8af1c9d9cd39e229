"""The hosts of models: one file a dialect of HTTP, opened by `connect.py`."""
