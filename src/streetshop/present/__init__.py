"""What is found, as JSON and as HTML."""
