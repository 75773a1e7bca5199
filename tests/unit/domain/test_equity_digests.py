"""A curve made of days' digests is the curve of their snapshots."""

import random
from itertools import groupby

import pytest

from binance_trade_agent.domain.equity_curve import Cost, digest, microseconds_of, trace

DAY_US = 86_400_000_000
BEGIN_US = 20_000 * DAY_US


def snapshots(rng, days):
    """Some days are quiet, some wild; some have one snapshot or none; money is put in and taken out."""
    points, total, put_in = [], 1000.0, 1000.0
    for day in range(days):
        move = rng.choice([0.0, 0.001, 0.05])
        for place in sorted(rng.sample(range(DAY_US), rng.choice([0, 1, 2, 30]))):
            if rng.random() < 0.05:
                change = rng.choice([-100.0, 250.0])
                total, put_in = total + change, put_in + change
            total = max(total * (1 + rng.gauss(0.0003, move)), 1.0)
            points.append((BEGIN_US + day * DAY_US + place, total, total * rng.choice([0, 0.5]), put_in))
    return points or [(BEGIN_US, 1000.0, 0.0, 1000.0)]


@pytest.mark.parametrize("seed", range(60))
def test_digests_tell_the_same_curve(seed):
    rng = random.Random(seed)
    points = snapshots(rng, rng.choice([1, 3, 20, 60]))
    costs = [
        Cost(at_us + 5, 0.01) for at_us, *_ in rng.sample(points, min(len(points), rng.choice([0, 0, 3])))
    ]
    costs.sort()
    days = {day: list(own) for day, own in groupby(points, key=lambda point: point[0] // DAY_US)}
    mixed, expanded = [], []
    for own in days.values():
        mixed += [digest(own)] if rng.random() < 0.8 else own

    def points_of(day):
        expanded.append(day)
        return days[day.first[0] // DAY_US]

    whole = rng.random() < 0.5
    if not whole:
        mixed = [*days.pop(next(iter(days))), *[each for each in mixed if _begins(each) // DAY_US in days]]
    expected, curve = trace(points, costs, whole=whole), trace(mixed, costs, whole=whole, points_of=points_of)
    if expected is None:
        assert curve is None
        return
    assert (curve.begin_at, [day.at for day in curve.days]) == (
        expected.begin_at,
        [day.at for day in expected.days],
    )
    assert [day.unit for day in curve.days] == pytest.approx([day.unit for day in expected.days])
    assert curve.exposure == (expected.exposure and pytest.approx(expected.exposure))
    if expected.fall is None:
        assert curve.fall is None
        return
    assert curve.fall.share == pytest.approx(expected.fall.share)
    assert (curve.fall.from_at, curve.fall.to_at) == (expected.fall.from_at, expected.fall.to_at)
    assert curve.fall.recovered_at == expected.fall.recovered_at


def _begins(each):
    return each.first[0] if hasattr(each, "first") else each[0]


def test_a_quiet_year_is_told_without_its_snapshots():
    days = [
        [(BEGIN_US + (day * 24 + hour) * 3_600_000_000, 1000.0 - day, 0.0, 1000.0) for hour in range(24)]
        for day in range(365)
    ]
    first, *later = days
    curve = trace([*first, *map(digest, later)], [], whole=True)
    assert curve.fall.share == pytest.approx(0.364)
    assert microseconds_of(curve.fall.to_at) == later[-1][0][0]


def test_a_digest_needs_its_snapshots_where_it_tells_too_little():
    with pytest.raises(ValueError, match="snapshots of a digest"):
        trace([digest([(BEGIN_US, 1.0, 0.0, 1.0)])], [], whole=True)
