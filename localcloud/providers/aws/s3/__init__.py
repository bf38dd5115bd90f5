"""The S3 types."""
