"""Devices for ResourceClaims: pools of ResourceSlices, selection by CEL, allocation (structured parameters)."""
