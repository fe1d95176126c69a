"""Records to write and read back."""

from datetime import date, time

from hypothesis import strategies as st

from engine.market.candle import Candle, CandleState
from engine.market.instrument import Instrument, InstrumentKind
from engine.market.quote import Quote
from engine.recording.records import Answer, Ended, Frame, Hole, Lost, Opened, Quoted, Record, Session
from engine.storage.durable.rows import Exchange, ProviderMapping

BEGAN = 1_795_026_600 * 10**9
SESSION = Session(
    started_ns=BEGAN,
    part=1,
    at_ns=BEGAN,
    software="ticktree 0.0",
    providers=("simulator",),
    exchanges=(Exchange("NSE", "NSE", "Asia/Kolkata", "IN", "INR", time(9, 15), time(15, 30)),),
    instruments=(Instrument(1, "NSE", "TCS", "Tata", InstrumentKind.EQUITY, 0.05),),
    mappings=(ProviderMapping("simulator", "NSE:TCS", "NSE_EQ", "11536", date(2026, 1, 1)),),
    states={"NSE:TCS": {"book": [1, 2.5, None], "source": "simulator"}},
    seen={"simulator": BEGAN - 5},
)

TIMES = st.integers(BEGAN, BEGAN + 10**15)
PROVIDERS = st.sampled_from(["simulator", "dhan"])
NUMBERS = st.integers(0, 4)
FRAMES = st.builds(Frame, PROVIDERS, NUMBERS, TIMES, st.binary(max_size=200))
LOSSES = st.builds(
    Lost,
    PROVIDERS,
    NUMBERS,
    TIMES,
    st.text(max_size=20),
    st.sampled_from(["retry", "wait"]),
    st.none() | st.floats(0, 60),
    st.none() | st.just("DH-904"),
)
CANDLES = st.builds(
    Candle,
    instrument=st.just("NSE:TCS"),
    timeframe=st.just("1m"),
    time=TIMES,
    open=st.floats(1, 10),
    high=st.floats(1, 10),
    low=st.floats(1, 10),
    close=st.floats(1, 10),
    volume=st.integers(0, 10**12),
    open_interest=st.none() | st.integers(0, 10**9),
    state=st.sampled_from(CandleState),
    source=PROVIDERS,
)
ANSWERS = st.builds(
    Answer,
    PROVIDERS,
    st.just("NSE:TCS"),
    st.just("1m"),
    TIMES,
    TIMES,
    TIMES,
    TIMES,
    st.lists(CANDLES, max_size=3).map(tuple),
    st.none() | LOSSES,
)
RECORDS: st.SearchStrategy[Record] = st.one_of(
    FRAMES,
    FRAMES,
    st.builds(Opened, PROVIDERS, NUMBERS, TIMES),
    LOSSES,
    ANSWERS,
    st.builds(Hole, TIMES, st.integers(1, 9), st.text(max_size=9)),
    st.builds(Ended, TIMES),
    st.builds(Quoted, PROVIDERS, st.just(("NSE:TCS",)), TIMES, TIMES, st.just({"NSE:TCS": Quote(2.0, 7, 9)})),
    st.just(SESSION),
)
BLOCKS = st.lists(st.lists(RECORDS, min_size=1, max_size=8), max_size=6)
