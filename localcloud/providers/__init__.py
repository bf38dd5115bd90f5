"""Pulumi providers of the local cloud: attached to the engine in place of the real plugins."""
