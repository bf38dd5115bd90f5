"""A small House Helper API on real Postgres and Redis: what the pods of the local cloud run. One process is one container.

It is kept apart from the rest of the local cloud and imports little, since a machine is to bear dozens of it.
"""
