"""The language server: what editors send and get; the only part that knows pygls and lsprotocol."""
