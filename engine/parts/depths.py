"""What brings books: who decides whose, the lines to each provider that tells any, and who passes them on."""

from functools import partial

from actors.depth_lines import DepthLines
from actors.depth_publisher import DepthPublisher
from actors.depths import Depths
from engine.parts.base import Parts, Places
from engine.parts.healing import Healing
from engine.providers.depths import DepthFeed
from engine.providers.keyring import Keyring
from engine.runtime import GENTLE, ActorRef, ActorSystem, ChildSpec


def depths(system: ActorSystem, parts: Parts, at: Places, healing: Healing) -> list[ChildSpec]:
    """In start order."""
    tellers = _tellers(parts)
    feeds = {name: feed for name, (feed, _) in tellers.items()}
    return [
        ChildSpec("depth_publisher", partial(DepthPublisher, parts.hot), backoff=GENTLE),
        *(
            ChildSpec(
                f"depth_lines_{name}",
                partial(DepthLines, feed, keyring, publisher=at.depth_publisher, jitter=parts.jitter),
                backoff=GENTLE,
            )
            for name, (feed, keyring) in tellers.items()
        ),
        ChildSpec("depths", partial(Depths, feeds, healing.routes, depth_lines(system, parts)), backoff=GENTLE),
    ]


def depth_lines(system: ActorSystem, parts: Parts) -> dict[str, ActorRef]:
    """Where the lines of each provider are that tells books."""
    return {name: system.ref(f"/engine/depth_lines_{name}") for name in _tellers(parts)}


def _tellers(parts: Parts) -> dict[str, tuple[DepthFeed, Keyring]]:
    return {
        name: (one.depth, one.keyring)
        for name, one in parts.providers.items()
        if one.depth is not None and one.keyring is not None
    }
