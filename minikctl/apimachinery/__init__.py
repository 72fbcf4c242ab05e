"""What every part shares: the registry of kinds, quantities, selectors, patches, field ownership, schemas, errors.

Pure: nothing here opens a file but the schemas, and nothing knows of a cluster.
"""
