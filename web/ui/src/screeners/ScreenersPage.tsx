/** The screeners: what is looked for, what was found last, as it moves now. */

import { useState } from "react";
import { Navigate, useNavigate, useParams } from "react-router";
import { hopeWords, type QueryError } from "@/api/problems";
import { useTryAgain } from "@/api/useTryAgain";
import { Problem } from "@/parts/Problem";
import { Waiting } from "@/parts/Waiting";
import { type ScreenerLine, watchlistApi } from "@/watchlist/endpoints";
import { EMPTY } from "./draft";
import { Editor } from "./Editor";
import { screenersApi, type Written } from "./endpoints";
import { Found } from "./Found";
import styles from "./ScreenersPage.module.css";

export function ScreenersPage() {
  const { id } = useParams();
  const lines = watchlistApi.useScreenersQuery();
  useTryAgain(lines);
  if (lines.data === undefined) {
    return lines.error === undefined ? (
      <Waiting words="Getting the screeners…" />
    ) : (
      <Problem words={`The screeners can not be read. ${hopeWords(lines.error)}`} />
    );
  }
  const first = lines.data.find(({ can_run }) => can_run) ?? lines.data[0];
  if (id === undefined && first !== undefined) {
    return <Navigate to={`/screeners/${encodeURIComponent(first.id)}`} replace />;
  }
  return <Page key={id} id={id ?? ""} lines={lines.data} />;
}

/** What is written: a new one, or a change of one's own. */
interface Writing {
  id: string | null;
  before: Written;
}

function Page({ id, lines }: { id: string; lines: readonly ScreenerLine[] }) {
  const navigate = useNavigate();
  const [writing, setWriting] = useState<Writing | null>(null);

  function onDone(saved: string | null) {
    setWriting(null);
    if (saved !== null) {
      navigate(`/screeners/${saved}`);
    }
  }

  return (
    <div className={styles.page}>
      <div className={styles.bar}>
        <h1>Screeners</h1>
        <Picker id={id} lines={lines} onChoose={(next) => navigate(`/screeners/${encodeURIComponent(next)}`)} />
        <button type="button" onClick={() => setWriting({ id: null, before: EMPTY })}>
          New screener
        </button>
      </div>
      {writing === null ? (
        <Shown id={id} onWrite={setWriting} />
      ) : (
        <Editor key={writing.id} id={writing.id} before={writing.before} lines={lines} onDone={onDone} />
      )}
    </div>
  );
}

function Picker({ id, lines, onChoose }: { id: string; lines: readonly ScreenerLine[]; onChoose(id: string): void }) {
  const groups = { "With the program": lines.filter((one) => !one.is_own), Mine: lines.filter((one) => one.is_own) };
  return (
    <select aria-label="Screener" value={id} onChange={(event) => onChoose(event.target.value)}>
      {!lines.some((one) => one.id === id) && <option value={id}>Choose a screener</option>}
      {Object.entries(groups)
        .filter(([, group]) => group.length > 0)
        .map(([label, group]) => (
          <optgroup key={label} label={label}>
            {group.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </optgroup>
        ))}
    </select>
  );
}

function Shown({ id, onWrite }: { id: string; onWrite(writing: Writing): void }) {
  const query = screenersApi.useScreenerQuery(id, { refetchOnMountOrArgChange: true });
  useTryAgain(query);
  if (query.currentData === undefined) {
    return query.error === undefined ? (
      <Waiting words="Getting the screener…" />
    ) : (
      <Problem words={hopeWords(query.error as QueryError)} />
    );
  }
  return <Found screener={query.currentData} onWrite={onWrite} />;
}
