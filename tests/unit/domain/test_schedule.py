from hypothesis import given
from hypothesis import strategies as st

from binance_trade_agent.domain.schedule import Schedule

seconds = st.floats(0.01, 1000, allow_nan=False)


def test_ticks_do_not_drift_when_each_cycle_ends_a_little_late() -> None:
    schedule, now = Schedule(100.0, 5.0), 100.0
    tick = schedule.first()
    for _ in range(1000):
        now = tick.due_at + 0.9
        tick = schedule.after(tick, now)
    assert tick.number == 1000
    assert tick.due_at == 100.0 + 1000 * 5.0
    assert tick.skipped == 0


def test_an_overrun_skips_ticks_and_says_how_many() -> None:
    schedule = Schedule(100.0, 5.0)
    tick = schedule.after(schedule.first(), 117.0)
    assert (tick.number, tick.due_at, tick.skipped) == (3, 115.0, 2)
    following = schedule.after(tick, 117.5)
    assert (following.number, following.due_at, following.skipped) == (4, 120.0, 0)


@given(start=seconds, period=seconds, cycles=st.lists(st.floats(0, 5000), max_size=30))
def test_ticks_rise_never_burst_and_account_for_every_number(
    start: float, period: float, cycles: list[float]
) -> None:
    schedule, now = Schedule(start, period), start
    tick, skipped, ran = schedule.first(), 0, 1
    for cycle in cycles:
        now = max(now, tick.due_at) + cycle
        following = schedule.after(tick, now)
        assert following.number > tick.number
        # at most one tick is late: the one after the next is never due already
        assert schedule.start + (following.number + 1) * period > now - 1e-6 * max(1, now)
        skipped += following.skipped
        ran += 1
        tick = following
    assert tick.number + 1 == ran + skipped


@given(start=seconds, period=seconds, instant=seconds)
def test_alignment_moves_ticks_by_at_most_half_a_period(start: float, period: float, instant: float) -> None:
    aligned = Schedule(start, period).aligned(instant)
    assert abs(aligned.start - start) <= period / 2 + 1e-6
    offset = (aligned.start - instant) % period
    assert min(offset, period - offset) < 1e-6 * max(1, start, instant)


@given(period=st.floats(1, 1000), back=st.floats(0, 0.999))
def test_a_first_tick_at_once_takes_no_later_tick_away(period: float, back: float) -> None:
    now = 5000.0
    schedule = Schedule(now - back * period, period)
    first = schedule.first(now)
    second = schedule.after(first, now)
    assert (first.due_at, second.number, second.skipped) == (now, 1, 0)
    assert second.due_at == schedule.start + period
