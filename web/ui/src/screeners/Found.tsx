/** One screener: what it looks for, its runs, and what it found. */

import { useState } from "react";
import { useNavigate } from "react-router";
import { problemWords, type QueryError } from "@/api/problems";
import { ago } from "@/formats/times";
import { conditionWords, universeWords } from "./definition";
import { type Screener, screenersApi, type Written } from "./endpoints";
import { ResultTable } from "./ResultTable";
import styles from "./ScreenersPage.module.css";
import { type Running, useRun } from "./useRun";
import { resultWords } from "./words";

interface Props {
  screener: Screener;
  onWrite(writing: { id: string | null; before: Written }): void;
}

export function Found({ screener, onWrite }: Props) {
  const running = useRun(screener);
  const { id, name, description, definition, result, is_own } = screener;
  return (
    <>
      {description !== "" && <p className={styles.words}>{description}</p>}
      {definition === null ? (
        <p className={styles.words}>
          {name} is a list alone: it looks for nothing, and is shown on the watchlist page.
        </p>
      ) : (
        <>
          <dl className={styles.definition}>
            <dt>Where</dt>
            <dd>{universeWords(definition.universe ?? {})}</dd>
            <dt>Looks for</dt>
            <dd>
              {conditionWords(definition.where)}; candles of {definition.timeframe ?? "1d"}
            </dd>
          </dl>
          <div className={styles.bar}>
            <button type="button" data-kind="main" disabled={running.isRunning} onClick={() => void running.begin()}>
              {running.isRunning ? "Running…" : "Run"}
            </button>
            {is_own && (
              <button type="button" onClick={() => onWrite({ id, before: { name, description, definition } })}>
                Edit
              </button>
            )}
            <button
              type="button"
              onClick={() => onWrite({ id: null, before: { name: `${name} (copy)`, description, definition } })}
            >
              Copy and change
            </button>
            {is_own && <Deleting screener={screener} />}
            <Progress running={running} />
          </div>
        </>
      )}
      {result !== null && (
        <>
          <p className={styles.words} role="status" aria-label="Result">
            {resultWords(result)} Found {ago(result.finished, screener.timestamp)}.
          </p>
          {result.matches.length > 0 && <ResultTable name={name} result={result} />}
        </>
      )}
      {result === null && definition !== null && !running.isRunning && (
        <p className={styles.words}>It has not been run yet.</p>
      )}
    </>
  );
}

/** How far a run is. */
export function Progress({ running: { isRunning, run, words } }: { running: Running }) {
  return (
    <span className={styles.progress}>
      {isRunning && <progress value={run?.progress ?? undefined} max={1} aria-label="How far the run is" />}
      <span role="status" aria-label="Run">
        {words}
      </span>
    </span>
  );
}

function Deleting({ screener: { id, name } }: { screener: Screener }) {
  const navigate = useNavigate();
  const [isAsked, setAsked] = useState(false);
  const [remove, { error, isLoading }] = screenersApi.useDeleteScreenerMutation();

  async function onYes() {
    if ((await remove(id)).error === undefined) {
      navigate("/screeners");
    }
  }

  if (!isAsked) {
    return (
      <button type="button" onClick={() => setAsked(true)}>
        Delete
      </button>
    );
  }
  return (
    <span className={styles.progress}>
      <span role="alert">{error === undefined ? `Delete “${name}”?` : problemWords(error as QueryError)}</span>
      <button type="button" data-kind="danger" disabled={isLoading} onClick={() => void onYes()}>
        Delete it
      </button>
      {/* biome-ignore lint/a11y/noAutofocus: Enter pressed twice must not delete anything. */}
      <button type="button" autoFocus onClick={() => setAsked(false)}>
        Keep it
      </button>
    </span>
  );
}
