"""Quantiles of latency from histograms, as Prometheus takes them, with intervals that may be looked at as often as one likes. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import accumulate, pairwise

from automation.core.look import Histogram
from automation.core.sequential import Share, last, log_above, log_below

_HALVINGS = 20
_ROUNDED = 1 + 1e-9  # 0.15 / 1.5 is a little less than the bound 0.1


def cleaned(histogram: Histogram | None) -> Histogram | None:
    """Return a histogram whose counts only rise, as extrapolated ones may fail to; None where it holds nothing or is none."""
    if histogram is None or not histogram.bounds or len(histogram.bounds) != len(histogram.counts):
        return None
    if len(histogram.bounds) < 2 or histogram.bounds[-1] != math.inf or not all(map(math.isfinite, histogram.counts)):
        return None
    if any(upper <= lower for lower, upper in pairwise((0.0, *histogram.bounds))):
        return None
    rising = Histogram(histogram.bounds, tuple(accumulate((max(count, 0.0) for count in histogram.counts), max)))
    return rising if rising.total >= 1 else None


def shared(histogram: Histogram, other: Histogram) -> Histogram | None:
    """Return a histogram with only those bounds that another one has as well; None where there are none.

    Within a bucket nobody knows, so quantiles of two histograms can be compared only if they have the same buckets.
    """
    known = set(other.bounds)
    pairs = [(bound, count) for bound, count in zip(histogram.bounds, histogram.counts, strict=True) if bound in known]
    return Histogram(*(tuple(column) for column in zip(*pairs, strict=True))) if len(pairs) > 1 else None


def over(histogram: Histogram, seconds: float) -> tuple[tuple[float, float], ...]:
    """Return how often, and by what part, requests took more than `seconds`: those of a bucket are spread evenly within it.

    `seconds` lie between 0 and the last finite bound.
    """
    index = bisect_left(histogram.bounds, seconds)
    lower, below = (histogram.bounds[index - 1], histogram.counts[index - 1]) if index else (0.0, 0.0)
    upper, within = histogram.bounds[index], histogram.counts[index]
    part = (upper - seconds) / (upper - lower)
    return (histogram.total - within, 1.0), (within - below, part), (below, 0.0)


def slower(histogram: Histogram, seconds: float) -> Share:
    """Return which share of requests took more than the highest bound that is at most `seconds`; all of them, where no bound is."""
    known = max((index for index, bound in enumerate(histogram.bounds) if bound <= seconds * _ROUNDED), default=None)
    return Share(histogram.total - (0.0 if known is None else histogram.counts[known]), histogram.total)


def quantile(histogram: Histogram, level: float) -> float:
    """Return the quantile as `histogram_quantile` does: linear within a bucket, and at most the last finite bound."""
    rank = level * histogram.total
    index = bisect_left(histogram.counts, rank)
    if index >= len(histogram.bounds) - 1:
        return histogram.bounds[-2]
    lower, below = (histogram.bounds[index - 1], histogram.counts[index - 1]) if index else (0.0, 0.0)
    within = histogram.counts[index] - below
    return lower + (histogram.bounds[index] - lower) * (rank - below) / within if within else lower


def interval(histogram: Histogram, level: float, *, alpha: float) -> tuple[float, float]:
    """Return an interval of the quantile, in seconds; the chance that it is ever wrong on either side is at most `alpha` each.

    It holds what `histogram_quantile` would tend to with ever more requests. Beyond the last finite bound nothing is known.
    """
    evidence, rest, highest = math.log(1 / alpha), 1 - level, histogram.bounds[-2]
    middle = quantile(histogram, level)

    def is_above(seconds: float) -> bool:
        return log_above(over(histogram, seconds), rest) >= evidence

    def is_below(seconds: float) -> bool:
        return log_below(over(histogram, seconds), rest) >= evidence

    low = highest if is_above(highest) else last(is_above, 0.0, middle, halvings=_HALVINGS)
    high = last(is_below, highest, middle, halvings=_HALVINGS) if is_below(highest) else math.inf
    return low, high


def widened(histogram: Histogram, within: tuple[float, float]) -> tuple[float, float]:
    """Return the bounds around an interval of a quantile: it lies between these however the requests lie within their buckets."""
    low, high = within
    lower = max((bound for bound in histogram.bounds if bound <= low), default=0.0)
    return lower, min(bound for bound in histogram.bounds if bound >= high)
