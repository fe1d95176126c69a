"""What open interest says: where it stands, where it hurts, and what it did together with the price."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.market.chain_snapshot import BuildUp, Wall
from engine.market.normal import Array

WALLS: Final = 3
"""How many strikes with the most open interest are named."""

BUILD_UPS: Final = (None, *BuildUp)
"""By the numbers that ``build_ups`` answers."""


def put_call_ratio(puts: float, calls: float) -> float | None:
    """Puts by calls, of open interest or of volume; None without calls."""
    return puts / calls if calls > 0 else None


def max_pain(strikes: Array, call_interest: Array, put_interest: Array) -> float | None:
    """The strike at which the holders of all options together would get least, were it the settlement; None without interest.

    Options pay ``call_interest · max(settlement - strike, 0) + put_interest · max(strike - settlement, 0)``. Of several such
    strikes it is the lowest.
    """
    if not (call_interest.any() or put_interest.any()):
        return None
    gains = np.maximum(strikes[:, None] - strikes[None, :], 0.0)
    pain = gains @ call_interest + gains.T @ put_interest
    return float(strikes[int(np.argmin(pain))])


def walls(strikes: Array, interest: Array) -> tuple[Wall, ...]:
    """The strikes with the most open interest, the largest first."""
    largest = np.argsort(-interest, kind="stable")[:WALLS]
    return tuple(Wall(float(strikes[at]), int(interest[at])) for at in largest if interest[at] > 0)


def build_ups(price_change: Array, interest_change: Array) -> NDArray[np.int64]:
    """What buyers and sellers did, as places in ``BUILD_UPS``; 0 where a change is not known, or nothing changed."""
    dearer, cheaper = price_change > 0.0, price_change < 0.0
    more, less = interest_change > 0.0, interest_change < 0.0
    done = {
        BuildUp.LONG_BUILD_UP: dearer & more,
        BuildUp.SHORT_BUILD_UP: cheaper & more,
        BuildUp.SHORT_COVERING: dearer & less,
        BuildUp.LONG_UNWINDING: cheaper & less,
    }
    return np.select(list(done.values()), [BUILD_UPS.index(what) for what in done], 0)
