"""The embedded model: llama.cpp in a process that all windows of a user share."""
