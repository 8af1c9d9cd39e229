"""What the model is shown: windows around the cursor, put into the model's own format."""
