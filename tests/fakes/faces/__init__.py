"""The protocols that a scripted host can speak."""
