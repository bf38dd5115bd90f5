"""The SNS types."""
