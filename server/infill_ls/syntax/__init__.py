"""Syntax: what stands around a place, read from a tree or, for want of a grammar, from signs."""
