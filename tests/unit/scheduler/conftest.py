"""Fixtures of the scheduler's tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from schedulerlab import FakeApi, make_node, make_pod, start

from minikctl.scheduler.scheduler import Scheduler

Obj = dict[str, Any]


@pytest.fixture
def api() -> FakeApi:
    found = FakeApi()
    start(found)
    return found


@pytest.fixture
def node() -> Callable[..., Obj]:
    return make_node


@pytest.fixture
def pod() -> Callable[..., Obj]:
    return make_pod


@pytest.fixture
def restart() -> Callable[[FakeApi], Scheduler]:
    return start
