"""The hosts of the models: whom to ask, when not to, and how they read."""
