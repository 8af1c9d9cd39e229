"""What the user can set: the typed tree, how it is read, and where it is read from."""
