"""What every runtime does: the same statements for the shipped fake and for real processes."""

from __future__ import annotations

import pytest

from labctl.errors import RuntimeFailed, UsageError
from labctl.runtimes.base import EventKind, Signal, State
from labctl.stack.wanted import Limits
from tests.runtimes.subjects import Subject, eventually


def test_applying_the_same_again_changes_nothing(subject: Subject) -> None:
    """A second apply of one wish leaves every process as it is."""
    subject.runtime.apply(subject.wanted)
    before = {replica.name: replica.identity for replica in subject.runtime.observe()}
    subject.runtime.apply(subject.wanted)
    assert {replica.name: replica.identity for replica in subject.runtime.observe()} == before


def test_observe_shows_every_replica_ready_after_apply(subject: Subject) -> None:
    """When apply returns, every component has its replicas, ready and with an address."""
    subject.runtime.apply(subject.wanted)
    observed = subject.runtime.observe()
    assert sorted(replica.component for replica in observed) == ["api", "web"]
    assert {replica.state for replica in observed} == {State.READY}
    assert all(replica.address and replica.started_wall_s for replica in observed)


def test_what_is_wanted_can_be_read_back(subject: Subject) -> None:
    """`wanted` is what was last applied, and asks for `up` before there is anything."""
    with pytest.raises(UsageError, match="not up"):
        subject.runtime.wanted()
    wanted = subject.wanted.flag("maintenance", "on")
    subject.runtime.apply(wanted)
    assert subject.runtime.wanted() == wanted


def test_an_unknown_component_is_refused(subject: Subject) -> None:
    """A wish for a component that the stack lacks is a mistake of the caller."""
    wanted = subject.wanted
    with pytest.raises(UsageError, match="wbe"):
        subject.runtime.apply(type(wanted)({**wanted.components, "wbe": wanted["web"]}))


def test_another_release_starts_before_the_old_one_ends(subject: Subject) -> None:
    """A replacement is a new replica, ready before the old one is stopped."""
    subject.runtime.apply(subject.wanted)
    old = subject.one("web")
    seen = max((event.cursor for event in subject.runtime.events()), default=0)
    subject.runtime.apply(subject.wanted.edit("web", release="2.0.0"))
    new = subject.one("web")
    assert (new.name != old.name, new.release) == (True, "2.0.0")
    told = [(event.kind, event.replica) for event in subject.runtime.events(seen)]
    assert told.index((EventKind.READY, new.name)) < told.index((EventKind.EXITED, old.name))


def test_a_restart_keeps_the_replica_and_changes_the_process(subject: Subject) -> None:
    """A raised `restarts` is the same replica in a new process, and no crash."""
    subject.runtime.apply(subject.wanted)
    old = subject.one("web")
    subject.runtime.apply(subject.wanted.edit("web", restarts=1))
    new = subject.one("web")
    assert (new.name, new.restarts) == (old.name, 0)
    assert new.identity != old.identity
    exits = [event for event in subject.runtime.events() if event.kind is EventKind.EXITED]
    assert [(event.replica, event.wanted) for event in exits] == [(old.name, True)]


def test_a_replica_that_cannot_start_leaves_the_old_one_serving(subject: Subject) -> None:
    """A failed replacement is reported with its component; the wish stays, and so does the old replica."""
    subject.runtime.apply(subject.wanted)
    old = subject.one("web")
    sick = subject.make_sick(subject.wanted, "web")
    with pytest.raises(RuntimeFailed, match=r"(?s)web.*not ready.*too sick to start"):
        subject.runtime.apply(sick)
    assert subject.runtime.wanted() == sick
    serving = [replica for replica in subject.replicas("web") if replica.state is State.READY]
    assert [replica.identity for replica in serving] == [old.identity]


def test_events_come_once_and_in_order(subject: Subject) -> None:
    """Reading on from the last cursor gives what is new, and nothing twice."""
    subject.runtime.apply(subject.wanted)
    first = list(subject.runtime.events())
    assert [event.cursor for event in first] == sorted({event.cursor for event in first})
    assert list(subject.runtime.events(first[-1].cursor)) == []
    subject.runtime.apply(subject.wanted.edit("web", restarts=1))
    later = list(subject.runtime.events(first[-1].cursor))
    assert [event.kind for event in later] == [EventKind.EXITED, EventKind.STARTED, EventKind.READY]
    assert list(subject.runtime.events()) == first + later


def test_a_killed_replica_comes_back(subject: Subject) -> None:
    """After a crash the restart policy starts the replica again; the exit tells of the kill."""
    subject.runtime.apply(subject.wanted)
    old = subject.one("web")
    subject.runtime.signal(old.name, Signal.KILL)

    def back() -> bool:
        new = subject.one("web")
        return new.state is State.READY and new.identity != old.identity

    eventually(back, "web ready again")
    new = subject.one("web")
    assert (new.name, new.restarts, new.exit_code) == (old.name, 1, 137)
    exits = [event for event in subject.runtime.events() if event.kind is EventKind.EXITED]
    assert [(event.exit_code, event.wanted) for event in exits] == [(137, False)]


def test_a_frozen_replica_is_unready_until_it_is_thawed(subject: Subject) -> None:
    """Freezing stops a replica from answering, without its end."""
    subject.runtime.apply(subject.wanted)
    old = subject.one("web")
    subject.runtime.signal(old.name, Signal.FREEZE)
    eventually(lambda: subject.one("web").state is State.UNREADY, "web unready")
    subject.runtime.signal(old.name, Signal.THAW)
    eventually(lambda: subject.one("web").state is State.READY, "web ready")
    assert subject.one("web").identity == old.identity


def test_signals_name_a_replica_that_exists(subject: Subject) -> None:
    """A signal to nobody is refused with the names there are."""
    subject.runtime.apply(subject.wanted)
    with pytest.raises(UsageError, match="web-1"):
        subject.runtime.signal("web-77", Signal.KILL)


def test_memory_above_the_limit_kills_as_the_kernel_does(subject: Subject) -> None:
    """Too much memory is exit 137 and an OOM event, and the replica comes back within its limit."""
    subject.runtime.apply(subject.wanted.edit("web", limits=Limits(memory_mb=96)))
    old = subject.one("web")
    subject.eat(old, 200)
    eventually(lambda: subject.one("web").oom_kills == 1 and subject.one("web").restarts == 1, "an OOM kill")
    kinds = [event.kind for event in subject.runtime.events() if event.replica == old.name]
    assert kinds[2:4] == [EventKind.OOM, EventKind.EXITED]
    eventually(lambda: subject.one("web").state is State.READY, "web ready again")
    assert subject.one("web").exit_code == 137


def test_a_limit_changes_in_place(subject: Subject) -> None:
    """Another limit is the same process."""
    subject.runtime.apply(subject.wanted)
    old = subject.one("web")
    subject.runtime.apply(subject.wanted.edit("web", limits=Limits(memory_mb=512, cpus=0.5)))
    new = subject.one("web")
    assert (new.identity, new.limits) == (old.identity, Limits(memory_mb=512, cpus=0.5))


def test_scaling_to_zero_and_back(subject: Subject) -> None:
    """No replica at all is a wish like any other; what comes back has a new name."""
    subject.runtime.apply(subject.wanted)
    old = subject.one("web")
    subject.runtime.apply(subject.wanted.edit("web", replicas=0))
    assert subject.replicas("web") == []
    assert len(subject.replicas("api")) == 1
    subject.runtime.apply(subject.wanted.edit("web", replicas=2))
    assert [replica.state for replica in subject.replicas("web")] == [State.READY] * 2
    assert old.name not in {replica.name for replica in subject.replicas("web")}


def test_scaling_down_waits_for_nobody_who_goes(subject: Subject) -> None:
    """What can't start is taken away like any other replica; whoever serves is the last to go."""
    subject.runtime.apply(subject.wanted)
    old = subject.one("web")
    sick = subject.make_sick(subject.wanted, "web")
    with pytest.raises(RuntimeFailed):
        subject.runtime.apply(sick)
    subject.runtime.apply(sick.edit("web", replicas=0))
    assert subject.replicas("web") == []
    assert [event.wanted for event in subject.runtime.events() if event.replica == old.name][-1]


def test_scaling_up_waits_for_the_new_ones_alone(subject: Subject) -> None:
    """One that hangs or crashes by itself is no reason why others can't be added beside it."""
    subject.runtime.apply(subject.wanted)
    old = subject.one("web")
    subject.runtime.signal(old.name, Signal.FREEZE)
    eventually(lambda: subject.one("web").state is State.UNREADY, "it hangs")
    subject.runtime.apply(subject.wanted.edit("web", replicas=3))
    states = {each.name: each.state for each in subject.replicas("web")}
    assert states.pop(old.name) is State.UNREADY
    assert list(states.values()) == [State.READY] * 2
    subject.runtime.signal(old.name, Signal.THAW)


def test_scaling_up_leaves_the_first_replica_alone(subject: Subject) -> None:
    """More replicas are added beside the one there is, which is also the last to go."""
    subject.runtime.apply(subject.wanted)
    old = subject.one("web")
    subject.runtime.apply(subject.wanted.edit("web", replicas=3))
    assert len({replica.address for replica in subject.replicas("web")}) == 3
    subject.runtime.apply(subject.wanted)
    assert subject.one("web").identity == old.identity


def test_destroy_leaves_nothing_and_may_be_repeated(subject: Subject) -> None:
    """After destroy there is no replica and no wish; destroying nothing is fine."""
    subject.runtime.apply(subject.wanted)
    for _ in range(2):
        subject.runtime.destroy()
        assert subject.runtime.observe() == []
        with pytest.raises(UsageError):
            subject.runtime.wanted()
