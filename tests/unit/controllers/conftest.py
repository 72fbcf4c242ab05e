"""The fixture `world`: a settled cluster with short ways to act on it."""

from __future__ import annotations

import pytest
from controllers_world import World

from minikctl.cluster import Cluster


@pytest.fixture
def world(cluster: Cluster) -> World:
    return World(cluster)
