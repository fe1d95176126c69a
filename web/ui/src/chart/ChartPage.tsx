/** The chart page: choose an instrument, and see its candles. */

import { useEffect, useState } from "react";
import { Link, useLocation, useNavigate, useParams, useSearchParams } from "react-router";
import { type ApiProblem, problemOf } from "@/api/api";
import { useAppSelector } from "@/app/store";
import { useFindInstrumentsQuery, useInstrumentQuery } from "@/market/symbols";
import { InstrumentSearch } from "@/parts/InstrumentSearch";
import { Problem } from "@/parts/Problem";
import { Waiting } from "@/parts/Waiting";
import { Chart } from "./Chart";
import styles from "./Chart.module.css";
import { Tools } from "./Tools";
import { timeframeOf } from "./timeframes";

export function ChartPage() {
  const { symbol } = useParams();
  return (
    <div className={styles.page}>
      {symbol === undefined ? <Suggestions /> : <Instrument symbol={symbol} key={symbol} />}
    </div>
  );
}

function Head({ title, description }: { title: string; description: string }) {
  const navigate = useNavigate();
  const { search } = useLocation();
  return (
    <div className={styles.head}>
      <h1>
        {title}
        <span className="quiet">{description}</span>
      </h1>
      <div className={styles.find}>
        <InstrumentSearch
          label="Find an instrument"
          onChoose={(instrument) => void navigate(`/chart/${encodeURIComponent(instrument)}${search}`)}
        />
      </div>
    </div>
  );
}

function Instrument({ symbol }: { symbol: string }) {
  const { data: info, error, refetch } = useInstrumentQuery(symbol);
  const timeframe = timeframeOf(useAppSelector((state) => state.preferences.values.timeframe));
  const [search, setSearch] = useSearchParams();
  const [isTable, setTable] = useState(false);
  const range = search.get("range") === "1y" ? "year" : "live";
  if (info === undefined) {
    return (
      <>
        <Head title={symbol} description="" />
        {error === undefined ? (
          <Waiting words={`Looking up ${symbol}…`} />
        ) : (
          <NotFound symbol={symbol} problem={problemOf(error)} onAgain={refetch} />
        )}
      </>
    );
  }
  return (
    <>
      <Head title={info.ticker} description={info.description} />
      <Tools
        timeframe={timeframe.name}
        range={range}
        isTable={isTable}
        onRange={(wanted) => setSearch(wanted === "year" ? { range: "1y" } : {}, { replace: true })}
        onTable={setTable}
      />
      <Chart info={info} timeframe={timeframe} range={range} isTable={isTable} />
    </>
  );
}

const AGAIN_MS = 3_000;

/** There is none of this name, or nobody could say yet; then it is asked for again until somebody can. */
function NotFound({ symbol, problem, onAgain }: { symbol: string; problem: ApiProblem; onAgain(): void }) {
  const isUnknown = problem.status === 404;
  useEffect(() => {
    const timer = isUnknown ? undefined : setInterval(onAgain, AGAIN_MS);
    return () => clearInterval(timer);
  }, [isUnknown, onAgain]);
  return (
    <Problem
      words={
        isUnknown ? `There is no instrument called ${symbol}. Find another above.` : `${problem.detail} Trying again.`
      }
    />
  );
}

const SUGGESTED = 12;

function Suggestions() {
  const { data } = useFindInstrumentsQuery({ text: "", limit: SUGGESTED });
  return (
    <>
      <Head title="Chart" description="" />
      <p>Find an instrument by its name, or take one of these:</p>
      <ul className={styles.suggestions}>
        {data?.map(({ ticker }) => (
          <li key={ticker}>
            <Link to={`/chart/${encodeURIComponent(ticker)}`}>{ticker}</Link>
          </li>
        ))}
      </ul>
    </>
  );
}
