"""What the bank remembers."""

from __future__ import annotations

from bank.ledger import Ledger, Outcome


def test_a_key_is_charged_once() -> None:
    """A repeated key gets the first charge, whatever is asked later."""
    ledger = Ledger()
    first = ledger.add("key", "order-1", 500, Outcome.CHARGED)
    assert ledger.add("key", "order-1", 900, Outcome.DECLINED) == first
    assert (ledger.charged(), ledger.charged_cents()) == (1, 500)


def test_a_reference_under_two_keys_is_a_double_charge() -> None:
    """The bank can tell which orders were charged twice; declined attempts are none."""
    ledger = Ledger()
    ledger.add("a", "order-1", 500, Outcome.CHARGED)
    ledger.add("b", "order-1", 500, Outcome.CHARGED)
    ledger.add("c", "order-2", 500, Outcome.DECLINED)
    ledger.add("d", "order-2", 500, Outcome.CHARGED)
    assert ledger.doubled() == ["order-1"]


def test_memory_is_bounded() -> None:
    """Beyond the limit the oldest charges are forgotten."""
    ledger = Ledger(remembered=3)
    for number in range(5):
        ledger.add(f"key-{number}", f"order-{number}", 1, Outcome.CHARGED)
    assert ledger.find("key-1") is None
    assert ledger.find("key-2") is not None
    assert ledger.charged() == 3
