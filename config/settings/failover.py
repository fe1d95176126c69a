"""When another provider takes over for one that fails, and when that one has its instruments back."""

from config.settings.field import Group, setting


class Failover(Group):
    """How patient the engine is with a provider's live feed."""

    failover_after_s: float = setting(
        "TICKTREE_FAILOVER_AFTER_SECONDS",
        "A provider whose feed has failed, stalled or brought damaged data for so long is stood in for by the next one; "
        "where there is none, last prices are polled.",
        "a number of seconds from 1 to 3600",
        default=15.0,
        ge=1,
        le=3600,
    )
    failover_return_s: float = setting(
        "TICKTREE_FAILOVER_RETURN_SECONDS",
        "A provider that was stood in for has its instruments back when it has been well for so long; twice as long "
        "each time that it fails again within an hour.",
        "a number of seconds from 1 to 86400",
        default=120.0,
        ge=1,
        le=86_400,
    )
    divergence_percent: float = setting(
        "TICKTREE_DIVERGENCE_PERCENT",
        "Two providers whose prices of one instrument differ by more than this are told as an alert.",
        "a number above 0",
        default=1.0,
        gt=0,
    )
