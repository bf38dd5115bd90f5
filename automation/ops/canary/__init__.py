"""`hhctl canary`: a version tried beside the stable one, on a part of the requests; the commands, each imported only when it is used."""

from __future__ import annotations

from automation.commands import Group

canary = Group(
    "canary",
    help="Try a version beside the stable one, on a part of the requests.",
    short_help="Try a version beside the stable one, on a part of the requests.",
)
canary.add_lazily("run", "automation.ops.canary.run:run", "Bring VERSION up the whole ladder, judged at each rung, to stable.")
canary.add_lazily("start", "automation.ops.canary.change:start", "Start a canary of VERSION at the first rung.")
canary.add_lazily("weight", "automation.ops.canary.change:weight", "Give the canary N per cent of the requests.")
canary.add_lazily("status", "automation.ops.canary.status:status", "Show the canary beside the stable version, and how it is judged.")
canary.add_lazily("promote", "automation.ops.canary.change:promote", "Have the stable workload run what the canary runs.")
canary.add_lazily("abort", "automation.ops.canary.change:abort", "Take the requests from the canary, and the canary away.")
canary.add_lazily("forecast", "automation.ops.canary.forecast:forecast", "Show how long each rung must hold to see a harm.")
