/** In place of a screener's list that is empty: when it ran, what it looked at, and another try. */

import { Link } from "react-router";
import { hopeWords, type QueryError } from "@/api/problems";
import { useTryAgain } from "@/api/useTryAgain";
import { ago } from "@/formats/times";
import { Problem } from "@/parts/Problem";
import { Waiting } from "@/parts/Waiting";
import { type Screener, screenersApi } from "./endpoints";
import { Progress } from "./Found";
import styles from "./ScreenersPage.module.css";
import { useRun } from "./useRun";
import { resultWords } from "./words";

export function NothingFound({ id }: { id: string }) {
  const query = screenersApi.useScreenerQuery(id, { refetchOnMountOrArgChange: true });
  useTryAgain(query);
  if (query.currentData === undefined) {
    return query.error === undefined ? (
      <Waiting words="Asking what it found…" />
    ) : (
      <Problem words={hopeWords(query.error as QueryError)} />
    );
  }
  return <Told screener={query.currentData} />;
}

function Told({ screener }: { screener: Screener }) {
  const running = useRun(screener);
  const { id, name, definition, result, timestamp } = screener;
  if (definition === null) {
    return <p className={styles.words}>The list {name} is empty.</p>;
  }
  return (
    <div className={styles.page}>
      <p className={styles.words}>
        {result === null
          ? `${name} has not been run yet.`
          : `Nothing was found when ${name} ran ${ago(result.finished, timestamp)}: ${resultWords(result)}`}{" "}
        <Link to={`/screeners/${encodeURIComponent(id)}`}>What it looks for</Link>
      </p>
      <div className={styles.bar}>
        <button type="button" data-kind="main" disabled={running.isRunning} onClick={() => void running.begin()}>
          {running.isRunning ? "Running…" : result === null ? "Run it" : "Run it again"}
        </button>
        <Progress running={running} />
      </div>
    </div>
  );
}
