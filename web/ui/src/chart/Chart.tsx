/** One instrument's chart: its history, what is pushed, and what there is to say of both. */

import { useCallback, useMemo, useState } from "react";
import { hopeWords } from "@/api/problems";
import { useAppSelector } from "@/app/store";
import { whole } from "@/formats/numbers";
import { type Series, withPrice } from "@/market/series";
import { statusWords } from "@/market/statusWords";
import { decimalsOf, type InstrumentInfo } from "@/market/symbols";
import { Problem } from "@/parts/Problem";
import { Waiting } from "@/parts/Waiting";
import { isAway } from "@/socket/isAway";
import { useFollow } from "@/socket/LineProvider";
import { type Adjustment, adjustmentWords } from "./adjustment";
import type { Notes } from "./annotations";
import { CandleTable } from "./CandleTable";
import styles from "./Chart.module.css";
import { Clock } from "./clock";
import type { Wish } from "./endpoints";
import { Key } from "./Key";
import { Legend } from "./Legend";
import { gapMarks, healMarks } from "./marks";
import { Plot } from "./Plot";
import { sessionStarts } from "./sessions";
import { DAY_MS, type Timeframe } from "./timeframes";
import type { Choices } from "./useChoices";
import { channelOf, keyOf, useHistory } from "./useHistory";
import { completenessWords, isOld } from "./words";

interface ChartProps {
  info: InstrumentInfo;
  timeframe: Timeframe;
  choices: Choices;
  isTable: boolean;
}

export function Chart({ info, timeframe, choices, isTable }: ChartProps) {
  const instrument = info.ticker;
  const { range, adjustment } = choices;
  const wish = { instrument, timeframe: timeframe.name, range, adjustment };
  useFollow([channelOf(instrument, timeframe.name), `quote.${instrument}`, `status.${instrument}`]);
  useHistory(wish, info.timezone);
  const candles = useAppSelector((state) => state.candles);
  if (candles.key !== keyOf(wish) || candles.readings === 0) {
    return candles.problem !== null && candles.key === keyOf(wish) ? (
      <Problem words={`The candles could not be read. ${hopeWords(candles.problem)}`} />
    ) : (
      <Waiting words={`Reading the candles of ${instrument}…`} />
    );
  }
  return <Read key={keyOf(wish)} wish={wish} info={info} timeframe={timeframe} isTable={isTable} />;
}

interface ReadProps {
  wish: Wish;
  info: InstrumentInfo;
  timeframe: Timeframe;
  isTable: boolean;
}

function Read({ wish, info, timeframe, isTable }: ReadProps) {
  const [pointed, setPointed] = useState<number | null>(null);
  const onPoint = useCallback((time: number | null) => setPointed(time), []);
  const clock = useMemo(
    () => new Clock(info.timezone, timeframe.lengthMs >= DAY_MS ? DAY_MS / 2 : 0),
    [info.timezone, timeframe.lengthMs],
  );
  const series = useSeries(info.ticker, timeframe.lengthMs);
  const notes = useNotes(info, timeframe.lengthMs, clock);
  const { continuous, wick } = useAppSelector((state) => state.preferences.values);
  const display = useMemo(() => ({ continuous, wick }), [continuous, wick]);
  const label = `${info.ticker}, candles of ${timeframe.words}`;
  const common = { label, series, clock, decimals: decimalsShown(info, wish.adjustment), lengthMs: timeframe.lengthMs };
  return (
    <>
      <Legend {...common} pointed={isTable ? null : pointed} />
      <Say instrument={info.ticker} channel={channelOf(info.ticker, timeframe.name)} isEmpty={series.length === 0} />
      {isTable ? (
        <CandleTable {...common} />
      ) : (
        <Plot {...common} display={display} notes={notes} isWhole={wish.range === "year"} onPoint={onPoint} />
      )}
      <Foot clock={clock} adjustment={wish.adjustment} isChanged={continuous || wick !== ""} />
    </>
  );
}

/** Adjusted prices are no whole multiples of a tick. */
function decimalsShown(info: InstrumentInfo, adjustment: Adjustment): number {
  return adjustment === "raw" ? decimalsOf(info) : Math.max(2, decimalsOf(info));
}

const AWAY = "The live connection is away: the candles are read every few seconds until it is back.";

/** The candles, the forming one with the newest price. */
function useSeries(instrument: string, lengthMs: number): Series {
  const candles = useAppSelector((state) => state.candles.candles);
  const price = useAppSelector((state) => state.quotes[instrument]?.ltp);
  const timestamp = useAppSelector((state) => state.quotes[instrument]?.timestamp);
  return useMemo(
    () => (price === undefined || timestamp === undefined ? candles : withPrice(candles, price, timestamp, lengthMs)),
    [candles, price, timestamp, lengthMs],
  );
}

/** Sessions and marks change when a candle comes or closes, not with each price. */
function useNotes(info: InstrumentInfo, lengthMs: number, clock: Clock): Notes {
  const settled = useAppSelector((state) => state.candles.settled);
  const gaps = useAppSelector((state) => state.candles.gaps);
  const isStale = useAppSelector((state) => isOld(state.statuses.instruments[info.ticker]));
  const isCutOff = useAppSelector((state) => isAway(state.interface.line));
  return useMemo(
    () => ({
      sessions: lengthMs >= DAY_MS ? [] : sessionStarts(settled, clock, info.session),
      gaps: gapMarks(settled, gaps, lengthMs),
      heals: healMarks(settled),
      staleFrom: isStale || isCutOff ? settled.length - 1 : null,
    }),
    [settled, gaps, isStale, isCutOff, lengthMs, clock, info.session],
  );
}

function Say({ instrument, channel, isEmpty }: { instrument: string; channel: string; isEmpty: boolean }) {
  const refused = useAppSelector((state) => state.statuses.refused[channel]);
  const status = useAppSelector((state) => statusWords(state.statuses.instruments[instrument]));
  const problem = useAppSelector((state) => state.candles.problem);
  const isCutOff = useAppSelector((state) => isAway(state.interface.line));
  const words = [
    isEmpty ? `There are no candles of ${instrument} yet; the first one appears when it is traded.` : "",
    isCutOff ? AWAY : status,
    refused === undefined ? "" : `New candles do not come by themselves: ${refused}`,
    problem === null ? "" : `The candles could not be read again. ${hopeWords(problem)}`,
  ].filter((one) => one !== "");
  return (
    <p className={styles.say} role="status" aria-label="Chart">
      {words.join(" ")}
    </p>
  );
}

interface FootProps {
  clock: Clock;
  adjustment: Adjustment;
  isChanged: boolean;
}

function Foot({ clock, adjustment, isChanged }: FootProps) {
  const settled = useAppSelector((state) => state.candles.settled);
  const isSimulated = useAppSelector((state) => state.candles.isSimulated);
  const completeness = useAppSelector((state) => completenessWords(state.candles));
  const adjusted = useAppSelector((state) => adjustmentWords(adjustment, state.candles.notAdjusted));
  const first = settled[0];
  return (
    <footer className={styles.foot}>
      <Key />
      <p>
        {first !== undefined && `${whole(settled.length)} candles since ${clock.date(first.time)}. `}
        {completeness} {adjusted} Times of {clock.zone}.{isSimulated && " The data are simulated."}
        {isChanged && " Opens and wicks are drawn otherwise (display only); the numbers above are not changed."}
      </p>
      <p>
        Charts by{" "}
        <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
          TradingView Lightweight Charts™
        </a>
      </p>
    </footer>
  );
}
