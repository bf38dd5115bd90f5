"""How the engine names a project's objects in its self-managed backends, from the backend's root."""

from stacks.house import PROJECT

HISTORY = f".pulumi/history/{PROJECT}/{{stack}}"
LOCKS = f".pulumi/locks/organization/{PROJECT}/{{stack}}"
CHECKPOINT = f".pulumi/stacks/{PROJECT}/{{stack}}.json"
