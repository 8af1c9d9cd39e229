"""Answers in words: the code in them, and how it comes into the document."""
