"""A region's HTTP entry: it routes as the HTTPRoutes in the cluster say, to the pods that are really Ready."""

EDGE = "edge"
"""The edge's part within a region, its name to the API server, and the Gateway that routes hang on, with its namespace."""
