"""The IAM types."""
