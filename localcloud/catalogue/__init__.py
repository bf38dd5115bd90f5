"""The image catalogue of the local cloud: which images there are, what runs for each, and how each is known to behave.

`catalogue.toml` lists them; the node agent asks in process (`entry.Catalogue`), everybody else by OCI's manifests API (`python -m
localcloud.catalogue`). What it does not have cannot be pulled.
"""
