"""How the engine names a project's objects in its self-managed backends, from the backend's root."""

PROJECT = "house-helper"
"""The project, and the namespace of its configuration."""

HISTORY = f".pulumi/history/{PROJECT}/{{stack}}"
LOCKS = f".pulumi/locks/organization/{PROJECT}/{{stack}}"
CHECKPOINT = f".pulumi/stacks/{PROJECT}/{{stack}}.json"
