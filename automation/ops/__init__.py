"""One module an operation: its planner above, its click command below."""
