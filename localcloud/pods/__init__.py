"""Pods of the `real-*` nodes as local processes: the node agent of a region."""

AGENT = "node-agent"
"""The agent's part within a region, and its name to the API server."""

NODES = ("real-a", "real-b")
"""The nodes of a region whose pods are processes."""
