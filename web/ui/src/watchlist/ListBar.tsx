/** Choosing a list; making, renaming and deleting one's own. */

import { useState } from "react";
import { problemWords, type QueryError } from "@/api/problems";
import { useAppDispatch } from "@/app/store";
import { DEFAULTS, preferred } from "@/settings/preferences";
import { watchlistApi } from "./endpoints";
import styles from "./ListBar.module.css";
import type { Choice } from "./lists";
import { NameForm } from "./NameForm";

interface Props {
  all: readonly Choice[];
  chosen: Choice | undefined;
}

type Doing = "choosing" | "adding" | "renaming" | "deleting";

export function ListBar({ all, chosen }: Props) {
  const [doing, setDoing] = useState<Doing>("choosing");
  const onDone = () => setDoing("choosing");
  switch (doing) {
    case "adding":
      return <Adding onDone={onDone} />;
    case "renaming":
      return chosen?.own ? <Renaming own={chosen.own} onDone={onDone} /> : null;
    case "deleting":
      return chosen?.own ? <Deleting own={chosen.own} onDone={onDone} /> : null;
    case "choosing":
      return <Choosing all={all} chosen={chosen} onDo={setDoing} />;
  }
}

function Choosing({ all, chosen, onDo }: Props & { onDo(doing: Doing): void }) {
  const dispatch = useAppDispatch();
  const own = all.filter((choice) => choice.own !== null);
  return (
    <div className={styles.bar}>
      <select
        aria-label="List"
        value={chosen?.key ?? ""}
        onChange={(event) => dispatch(preferred({ list: event.target.value }))}
      >
        {chosen === undefined && <option value="">Choose a list</option>}
        <optgroup label="Screeners">
          <Options of={all.filter((choice) => choice.own === null)} />
        </optgroup>
        {own.length > 0 && (
          <optgroup label="My lists">
            <Options of={own} />
          </optgroup>
        )}
      </select>
      <button type="button" onClick={() => onDo("adding")}>
        New list
      </button>
      {chosen?.own && (
        <>
          <button type="button" onClick={() => onDo("renaming")}>
            Rename
          </button>
          <button type="button" onClick={() => onDo("deleting")}>
            Delete
          </button>
        </>
      )}
    </div>
  );
}

function Options({ of }: { of: readonly Choice[] }) {
  return of.map(({ key, name }) => (
    <option key={key} value={key}>
      {name}
    </option>
  ));
}

function Adding({ onDone }: { onDone(): void }) {
  const dispatch = useAppDispatch();
  const [add] = watchlistApi.useAddWatchlistMutation();

  async function onName(name: string) {
    const made = await add(name).unwrap();
    dispatch(preferred({ list: `watchlist:${made.id}` }));
    onDone();
  }

  return <NameForm label="Name of the new list" verb="Make it" before="" onName={onName} onCancel={onDone} />;
}

type Own = NonNullable<Choice["own"]>;

function Renaming({ own, onDone }: { own: Own; onDone(): void }) {
  const [change] = watchlistApi.useChangeWatchlistMutation();

  async function onName(name: string) {
    await change({ ...own, name }).unwrap();
    onDone();
  }

  return (
    <NameForm label={`New name of ${own.name}`} verb="Rename" before={own.name} onName={onName} onCancel={onDone} />
  );
}

function Deleting({ own, onDone }: { own: Own; onDone(): void }) {
  const dispatch = useAppDispatch();
  const [remove, { error, isLoading }] = watchlistApi.useDeleteWatchlistMutation();

  async function onYes() {
    if ((await remove(own.id)).error === undefined) {
      dispatch(preferred({ list: DEFAULTS.list }));
      onDone();
    }
  }

  return (
    <fieldset className={styles.bar} disabled={isLoading}>
      <legend className="unseen">Delete a list</legend>
      <span role="alert">
        {error === undefined
          ? `Delete “${own.name}” with its ${own.instruments.length} instruments?`
          : problemWords(error as QueryError)}
      </span>
      <button type="button" data-kind="danger" onClick={() => void onYes()}>
        {isLoading ? "Deleting…" : "Delete it"}
      </button>
      {/* biome-ignore lint/a11y/noAutofocus: Enter pressed twice must not delete anything. */}
      <button type="button" autoFocus onClick={onDone}>
        Keep it
      </button>
    </fieldset>
  );
}
