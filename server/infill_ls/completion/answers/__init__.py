"""What is taken of a model's answer: where it has said enough, and what of it is there already."""
