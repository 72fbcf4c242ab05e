"""The endpointslice and endpointslicemirroring controllers."""
