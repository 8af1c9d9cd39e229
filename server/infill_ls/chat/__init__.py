"""Talking about code: conversations, and how code in an answer comes into the document."""
