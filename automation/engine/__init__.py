"""The engine: updates, previews and history of stacks, by the Pulumi CLI and its backends."""
