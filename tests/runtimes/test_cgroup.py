"""Control groups: what is written where, in both versions, and where a lab's groups go."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.runtimes.local import cgroup
from labctl.runtimes.local.cgroup import Group

V1 = """cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,relatime,pids 0 0
"""
V2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n"


def group(folder: Path, *files: str) -> Group:
    for file in files:
        (folder / file).write_text("")
    return Group(folder)


def test_version_1_takes_bytes_and_a_quota(tmp_path: Path) -> None:
    """Half a core is half the period; no limit is -1."""
    group(tmp_path, "cpu.cfs_quota_us", "cpu.cfs_period_us", "memory.limit_in_bytes").limit("cpu", 0.5)
    Group(tmp_path).limit("memory", 128)
    assert (tmp_path / "cpu.cfs_quota_us").read_text() == str(cgroup.PERIOD_US // 2)
    assert (tmp_path / "memory.limit_in_bytes").read_text() == str(128 * 2**20)
    Group(tmp_path).limit("cpu", None)
    assert (tmp_path / "cpu.cfs_quota_us").read_text() == "-1"


def test_version_2_takes_both_in_one_line(tmp_path: Path) -> None:
    """Quota and period are one value; no limit is `max`."""
    group(tmp_path, "cpu.max", "memory.max").limit("cpu", 2)
    assert (tmp_path / "cpu.max").read_text() == f"{2 * cgroup.PERIOD_US} {cgroup.PERIOD_US}"
    Group(tmp_path).limit("memory", None)
    assert (tmp_path / "memory.max").read_text() == "max"


def test_a_group_weighs_what_its_niceness_says(tmp_path: Path) -> None:
    """Niceness counts only within a group, so that the group itself must weigh less, in both versions."""
    members = group(tmp_path, "cpu.shares", "cpu.weight", "cpu.cfs_quota_us")
    members.weigh(cgroup.weight(0))
    assert ((tmp_path / "cpu.shares").read_text(), (tmp_path / "cpu.weight").read_text()) == ("1024", "100")
    members.weigh(cgroup.weight(5))
    assert ((tmp_path / "cpu.shares").read_text(), (tmp_path / "cpu.weight").read_text()) == ("336", "33")


@pytest.mark.parametrize(
    ("limit", "counter", "text"),
    [
        ("memory.max", "memory.events", "low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\noom_group_kill 0\n"),
        ("memory.limit_in_bytes", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
    ],
)
def test_oom_kills_are_counted(tmp_path: Path, limit: str, counter: str, text: str) -> None:
    """The kernel's own counter of kills, not of refusals."""
    members = group(tmp_path, limit)
    (tmp_path / counter).write_text(text)
    assert members.oom_kills() == 2


def test_a_plain_folder_limits_nothing(tmp_path: Path) -> None:
    """Where no controller is, there is no limit and no count."""
    assert (Group(tmp_path).controllers, Group(tmp_path).oom_kills()) == (set(), 0)


def test_groups_lie_below_our_own() -> None:
    """Each hierarchy has its own path; what limits us goes on limiting our children."""
    found = list(cgroup.own_groups(V1, "7:pids:/\n4:memory:/box/1\n2:cpuacct,cpu:/\n1:name=systemd:/\n"))
    assert found == [Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup/memory/box/1")]


def test_version_2_tries_beside_our_own_group_too() -> None:
    """A group with processes in it can't pass controllers down."""
    found = list(cgroup.own_groups(V2, "0::/user.slice/app.scope\n"))
    assert found == [Path("/sys/fs/cgroup/user.slice/app.scope"), Path("/sys/fs/cgroup/user.slice")]


def test_a_machine_without_writable_groups_has_none(tmp_path: Path) -> None:
    """Then limits are kept by sampling; nothing is left of the attempt."""
    mounts = f"cgroup {tmp_path} cgroup rw,memory 0 0\n"
    assert cgroup.usable("abc", mounts=mounts, own="4:memory:/\n") == []
    assert list(tmp_path.iterdir()) == []
