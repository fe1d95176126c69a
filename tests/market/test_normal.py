"""The normal distribution is that of mpmath, to the last digits."""

import mpmath
import numpy as np

from engine.market.normal import cumulative, density, scaled_tail

SOME = np.random.default_rng(11)


def exact_tail(x: float) -> float:
    with mpmath.workdps(60):
        number = mpmath.mpf(x)
        return float(mpmath.exp(number * number) * mpmath.erfc(number))


def test_the_tail_keeps_its_digits_however_far_out() -> None:
    points = np.concatenate(
        [SOME.uniform(0.0, 6.0, 500), SOME.uniform(6.0, 40.0, 100), 10.0 ** SOME.uniform(-9, 0, 50)]
    )
    np.testing.assert_allclose(scaled_tail(points), [exact_tail(x) for x in points], rtol=1e-14)


def test_on_the_other_side_it_grows_as_the_bell_falls() -> None:
    points = SOME.uniform(-25.0, 0.0, 200)
    np.testing.assert_allclose(scaled_tail(points), [exact_tail(x) for x in points], rtol=1e-13)


def test_shares_and_densities_are_those_of_the_bell() -> None:
    points = SOME.uniform(-37.0, 37.0, 500)
    with mpmath.workdps(60):
        shares = [float(mpmath.ncdf(mpmath.mpf(x))) for x in points]
        heights = [float(mpmath.npdf(mpmath.mpf(x))) for x in points]
    np.testing.assert_allclose(cumulative(points), shares, rtol=1e-12)
    np.testing.assert_allclose(density(points), heights, rtol=1e-13)


def test_what_is_unknown_stays_unknown() -> None:
    assert np.isnan(cumulative(np.array([np.nan]))).all()
    assert np.isnan(scaled_tail(np.array([np.nan]))).all()
