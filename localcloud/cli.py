"""`hhctl local`: the commands of the local cloud, each imported only when it is used."""

from __future__ import annotations

from automation.commands import Group, LazyCommand

local = Group(
    "local", help="Run two regions on this machine: real programs, no cloud account.", short_help="Run two regions on this machine."
)
local.add_lazily("up", "localcloud.commands.up:up", "Start what does not run, and mend what has crashed.")
local.add_lazily("down", "localcloud.commands.down:down", "End every part and remove all that they kept.")
local.add_lazily("status", "localcloud.commands.status:status", "Show every part, how it is and where it listens.")
local.add_lazily("env", "localcloud.commands.env:env", "Print the variables that your own tools need.")
local.add_lazily("logs", "localcloud.commands.logs:logs", "Show what a part has said.")
local.add_lazily("fault", "localcloud.commands.fault:fault", "Break a region or a part on purpose, and mend it.")

demo = LazyCommand("demo", target="localcloud.demo:demo", summary="Show it all on this machine, from nothing.")
