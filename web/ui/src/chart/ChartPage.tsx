/** The chart page: choose an instrument, and see its candles. */

import { useState } from "react";
import { Link, useLocation, useNavigate, useParams } from "react-router";
import { AlertMe } from "@/alerts/AlertMe";
import { hopeWords, problemOf, type QueryError } from "@/api/problems";
import { useTryAgain } from "@/api/useTryAgain";
import { useAppSelector } from "@/app/store";
import { Depth } from "@/depth/Depth";
import { useFindInstrumentsQuery, useInstrumentQuery } from "@/market/symbols";
import { InstrumentSearch } from "@/parts/InstrumentSearch";
import { Problem } from "@/parts/Problem";
import { Waiting } from "@/parts/Waiting";
import { Chart } from "./Chart";
import styles from "./Chart.module.css";
import { Tools } from "./Tools";
import { timeframeOf } from "./timeframes";
import { useChoices } from "./useChoices";

export function ChartPage() {
  const { symbol } = useParams();
  return (
    <div className={styles.page}>
      {symbol === undefined ? <Suggestions /> : <Instrument symbol={symbol} key={symbol} />}
    </div>
  );
}

interface HeadProps {
  title: string;
  description: string;
  /** Whose price one may want to be told of. */
  instrument?: string;
}

function Head({ title, description, instrument }: HeadProps) {
  const navigate = useNavigate();
  const { search } = useLocation();

  async function onTake(found: string): Promise<boolean> {
    await navigate(`/chart/${encodeURIComponent(found)}${search}`);
    return true;
  }

  return (
    <div className={styles.head}>
      <h1>
        {title}
        <span className="quiet">{description}</span>
      </h1>
      {instrument && <AlertMe instrument={instrument} />}
      <div className={styles.find}>
        <InstrumentSearch label="Find an instrument" onTake={onTake} />
      </div>
    </div>
  );
}

function Instrument({ symbol }: { symbol: string }) {
  const query = useInstrumentQuery(symbol);
  useTryAgain(query);
  const { data: info, error } = query;
  const timeframe = timeframeOf(useAppSelector((state) => state.preferences.values.timeframe));
  const [choices, onChoose] = useChoices();
  const [isTable, setTable] = useState(false);
  if (info === undefined) {
    return (
      <>
        <Head title={symbol} description="" />
        {error === undefined ? (
          <Waiting words={`Looking up ${symbol}…`} />
        ) : (
          <Problem words={unknownWords(symbol, error)} />
        )}
      </>
    );
  }
  return (
    <>
      <Head title={info.ticker} description={info.description} instrument={info.ticker} />
      <Tools timeframe={timeframe.name} choices={choices} isTable={isTable} onChoose={onChoose} onTable={setTable} />
      <div className={styles.body}>
        <div className={styles.chart}>
          <Chart info={info} timeframe={timeframe} choices={choices} isTable={isTable} />
        </div>
        {choices.depth && (
          <div className={styles.beside}>
            <Depth info={info} />
          </div>
        )}
      </div>
    </>
  );
}

/** There is none of this name, or nobody could say yet; then it is asked for again. */
function unknownWords(symbol: string, error: QueryError): string {
  return problemOf(error).status === 404
    ? `There is no instrument called ${symbol}. Find another above.`
    : `What is known of ${symbol} can not be read. ${hopeWords(error)}`;
}

const SUGGESTED = 12;

function Suggestions() {
  const query = useFindInstrumentsQuery({ text: "", limit: SUGGESTED });
  useTryAgain(query);
  return (
    <>
      <Head title="Chart" description="" />
      <p>Find an instrument by its name, or take one of these:</p>
      {query.data === undefined && <Waiting words={query.error ? hopeWords(query.error) : "Looking for some…"} />}
      {query.data?.length === 0 && <p>There is no instrument yet; an administrator adds them.</p>}
      <ul className={styles.suggestions}>
        {query.data?.map(({ ticker }) => (
          <li key={ticker}>
            <Link to={`/chart/${encodeURIComponent(ticker)}`}>{ticker}</Link>
          </li>
        ))}
      </ul>
    </>
  );
}
