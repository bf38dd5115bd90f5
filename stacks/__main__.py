"""The program that a plain `pulumi` runs; hhctl calls `stacks.program` itself."""

from stacks.program import declare_newest

declare_newest()
