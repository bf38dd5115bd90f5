"""The Route 53 types."""
