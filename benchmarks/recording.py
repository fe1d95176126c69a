"""A recording made up for measuring: quotes of many instruments, round-robin, as a recorder would have kept them."""

from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.frames import FIRST_ID, QUOTE, SEGMENT
from engine.market import Calendar, CandleBook
from engine.market.instrument import Instrument, InstrumentKind
from engine.providers.dhan.decoder import INDIAN_OFFSET_S
from engine.recording import Answer, Ended, Frame, Opened, Record, RecordingFolder, Session
from engine.storage.durable import Exchange, ProviderMapping

BEGAN_S = 1_795_026_600 + 300
"""2026-11-19 00:05 in India, where a market that never closes has just begun its day."""
NS_PER_S = 1_000_000_000
DAY_NS = 86_400 * NS_PER_S
PROVIDER = "simulator"


def made_recording(
    folder: Path, *, instruments: int, seconds: int, ticks_per_s: int, per_frame: int, later_s: int = 0
) -> Path:
    """One file; every tick is a trade of ten, and prices go up and down by a tick."""
    began_s = BEGAN_S + later_s
    began_ns = began_s * NS_PER_S
    recording = RecordingFolder(folder, _session(instruments, began_ns), rotate_bytes=2**40, keep_days=0)
    head: list[Record] = [Opened(PROVIDER, 0, began_ns + NS_PER_S), *_answers(instruments, began_ns)]
    recording.write(head)
    frames_per_s = ticks_per_s // per_frame
    made = 0
    for second in range(2, seconds):
        block: list[Record] = []
        for number in range(frames_per_s):
            data = b"".join(_quote(made + place, instruments, began_s + second) for place in range(per_frame))
            made += per_frame
            at_ns = (began_s + second) * NS_PER_S + number * NS_PER_S // frames_per_s
            block.append(Frame(PROVIDER, 0, at_ns, data))
        recording.write(block)
    recording.write([Ended((began_s + seconds) * NS_PER_S)])
    recording.close()
    return Path(recording.statistics.current)


def _session(instruments: int, began_ns: int) -> Session:
    names = [f"S{number}" for number in range(instruments)]
    return Session(
        started_ns=began_ns,
        part=1,
        at_ns=began_ns,
        software="made up",
        providers=(PROVIDER,),
        exchanges=(Exchange("NSE", "NSE", "Asia/Kolkata", is_24_hours=True),),
        instruments=tuple(Instrument(0, "NSE", name, name, InstrumentKind.EQUITY, 0.05) for name in names),
        mappings=tuple(
            ProviderMapping(PROVIDER, f"NSE:{name}", SEGMENT, str(FIRST_ID + number), date(1970, 1, 1))
            for number, name in enumerate(names)
        ),
        states={f"NSE:{name}": _state(f"NSE:{name}", began_ns) for name in names},
        seen={PROVIDER: began_ns},
    )


def _state(instrument: str, began_ns: int) -> dict[str, Any]:
    """As if the engine had been up until then: there is no day to be healed before the first tick."""
    book = CandleBook.restore(instrument, Calendar.continuous("Asia/Kolkata", "NSE"), PROVIDER, None, began_ns)
    return {"ts_event": began_ns, "book": book.state(), "source": PROVIDER}


def _answers(instruments: int, began_ns: int) -> list[Answer]:
    """Around the beginning nothing was traded, which the provider says when it is asked."""
    asked_ns = began_ns + NS_PER_S
    bounds = began_ns - DAY_NS, began_ns + DAY_NS, asked_ns, asked_ns
    return [Answer(PROVIDER, f"NSE:S{number}", "1m", *bounds) for number in range(instruments)]


def _quote(made: int, instruments: int, at_s: int) -> bytes:
    number, turn = made % instruments, made // instruments
    price = 100.0 + number % 50 + 0.05 * (turn % 7)
    return QUOTE.pack(
        4, QUOTE.size, 1, FIRST_ID + number, price, 10, at_s + INDIAN_OFFSET_S, price, 100_000 + 10 * turn, 5, 6,
        100.0, 99.0, 400.0, 40.0,
    )  # fmt: skip
