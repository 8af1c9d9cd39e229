"""infill-ls: a language server that fills in code at the cursor."""

__version__ = "0.1.0"
