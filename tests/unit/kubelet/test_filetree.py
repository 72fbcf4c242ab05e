"""A container's file system: modes, directories, what the image holds, mounts."""

from __future__ import annotations

import pytest

from minikctl.kubelet import rootfs
from minikctl.kubelet.disk import Disk
from minikctl.kubelet.filetree import File, FileError, as_bytes, as_text


def test_files_keep_their_modes() -> None:
    disk = Disk(image=rootfs.plain())
    disk.put("/tmp/run.sh", "exit 0", 0o755)
    disk.put("/tmp/run.sh", "exit 1")
    assert disk.stat("/tmp/run.sh") == File("exit 1", 0o755)
    disk.change_mode("/tmp/run.sh", 0o600)
    assert disk.contents() == {"/tmp/run.sh": ["exit 1", 0o600]}


def test_directories() -> None:
    disk = Disk(image=rootfs.plain())
    disk.make_directory("/srv/empty")
    disk.put("/srv/full/file", "x")
    assert disk.listing("/srv") == ["empty", "full"]
    assert disk.walk("/srv/full") == ["/srv/full", "/srv/full/file"]
    assert disk.remove("/srv/full") and disk.listing("/srv") == ["empty"]
    assert disk.listing("/nowhere") is None
    with pytest.raises(FileError, match="File exists"):
        disk.make_directory("/srv")
    with pytest.raises(FileError, match="Is a directory"):
        disk.put("/srv", "x")


def test_what_the_image_holds_stays() -> None:
    disk = Disk(image=rootfs.plain())
    assert "etc" in (disk.listing("/") or ()) and "tar" in (disk.listing("/bin") or ())
    with pytest.raises(FileError, match="busy"):
        disk.remove("/bin/tar")


def test_changes_of_a_run_are_replayed_up_to_a_time() -> None:
    changes = [[0.0, "/a", "1"], [5.0, "/a", None], [6.0, "/d", [None, 0o755]]]
    assert Disk(changes, until=1.0).get("/a") == "1"
    assert Disk(changes, until=5.0).get("/a") is None
    assert Disk(changes).listing("/d") == []


def test_any_bytes_survive() -> None:
    assert as_bytes(as_text(b"a\xff\x00\xc3\xa9")) == b"a\xff\x00\xc3\xa9"
