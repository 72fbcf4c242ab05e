"""Strategies of the kinds that have something special about them, and no more than that."""
