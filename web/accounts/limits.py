"""How many requests somebody may make: each account and key, and each address of those who have none."""

from web.accounts.principal import Principal
from web.limits import Throttle

PUBLIC_PER_S = 10.0
PUBLIC_AT_ONCE = 60.0
"""Of one address, on the public feed."""
REFRESHES_PER_S = 2.0
REFRESHES_AT_ONCE = 60.0
"""Of one address, whose refresh tokens nobody knows yet."""
USER_PER_S = 20.0
AT_ONCE_S = 10.0
"""What an account or key may ask for at once: so many seconds' worth."""


class RequestLimits:
    """Counted in this process: several web processes together let so many times more through."""

    def __init__(self) -> None:
        self.public = Throttle(PUBLIC_PER_S, PUBLIC_AT_ONCE)
        self.refreshing = Throttle(REFRESHES_PER_S, REFRESHES_AT_ONCE)
        self._known = Throttle(USER_PER_S, USER_PER_S * AT_ONCE_S)

    def of(self, principal: Principal, now_s: float) -> float:
        """0 when the request may pass, else the seconds to wait. An operator never waits."""
        if principal.kind == "operator":
            return 0.0
        rate_per_s = USER_PER_S
        if principal.requests_per_minute is not None:
            rate_per_s = principal.requests_per_minute / 60
        burst = max(1.0, rate_per_s * AT_ONCE_S)
        return self._known.take(f"{principal.kind}:{principal.subject}", now_s, rate_per_s, burst)
