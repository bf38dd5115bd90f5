"""The local cloud: real programs on 127.0.0.1 that stand in for two AWS regions. Removable: nothing outside imports it."""
