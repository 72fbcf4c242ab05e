"""Validation of the core group, one module per family of kinds."""
