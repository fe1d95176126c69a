"""The figures of a whole chain at one instant: what its histories are drawn of, without its legs."""

from typing import Any, Self

import msgspec

from engine.market.chain_snapshot import ChainSnapshot


class ChainSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot says of all legs together; every field means what it means there."""

    as_of: int
    spot: float | None = None
    future_price: float | None = None
    forward: float | None = None
    vix: float | None = None
    atm: float | None = None
    atm_iv: float | None = None
    straddle: float | None = None
    ce_oi: int | None = None
    pe_oi: int | None = None
    pcr_oi: float | None = None
    pcr_volume: float | None = None
    max_pain: float | None = None
    reasons: dict[str, str] = {}
    """Why each of these that is not known is not known, by its field."""

    @classmethod
    def of(cls, snapshot: ChainSnapshot) -> Self:
        """A snapshot without its legs."""
        figures: dict[str, Any] = {name: getattr(snapshot, name) for name in cls.__struct_fields__}
        figures["reasons"] = {name: why for name, why in snapshot.reasons.items() if name in figures}
        return cls(**figures)
