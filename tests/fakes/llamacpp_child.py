"""Run llama.cpp's server until stdin ends: `python llamacpp_child.py MODEL CONTEXT [KEY]`.

Prints its URL as the first line that begins with `http://`.
"""

from __future__ import annotations

import sys

import xllamacpp


def main(model: str, context_tokens: str, *keys: str) -> None:
    """Serve the model, and end with the process that holds our stdin."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.n_ctx = int(context_tokens)
    parameters.n_parallel = 1
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.verbosity = -1
    parameters.ui = False
    parameters.api_keys = list(keys)
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    del server


if __name__ == "__main__":
    main(*sys.argv[1:])
