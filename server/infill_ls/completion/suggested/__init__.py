"""What is suggested, being written or known: whoever types along it asks nobody."""
