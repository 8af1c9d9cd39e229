"""The embedded model's file: which one it is, where it is kept, how it is had."""
