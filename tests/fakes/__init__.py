"""Hosts of models for tests: scripted ones on a real socket, and the real llama.cpp."""
