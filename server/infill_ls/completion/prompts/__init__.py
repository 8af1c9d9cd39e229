"""The prompt for a request, with what else of the code is worth showing."""
