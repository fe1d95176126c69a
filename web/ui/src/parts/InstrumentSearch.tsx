/** A field that finds an instrument by a part of its name; for the keyboard as for the mouse. */

import { type KeyboardEvent, useEffect, useId, useState } from "react";
import { problemOf } from "@/api/api";
import { type InstrumentFound, useFindInstrumentsQuery } from "@/market/symbols";
import styles from "./InstrumentSearch.module.css";

const MOST = 12;
const QUIET_MS = 150;

interface Wishes {
  label: string;
  onChoose(instrument: string): void;
}

export function InstrumentSearch({ label, onChoose }: Wishes) {
  const id = useId();
  const [text, setText] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const wanted = useQuiet(text.trim());
  const search = useFindInstrumentsQuery({ text: wanted, limit: MOST }, { skip: wanted === "" });
  const found = wanted === "" ? [] : (search.currentData ?? []);
  const isShown = isOpen && text.trim() !== "";

  function choose(one: InstrumentFound | undefined) {
    if (one !== undefined) {
      setText("");
      setOpen(false);
      onChoose(one.ticker);
    }
  }

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      setOpen(true);
      setActive((active + step + found.length) % found.length);
    } else if (event.key === "Enter" && isShown) {
      event.preventDefault();
      choose(found[active]);
    } else if (event.key === "Escape") {
      setOpen(false);
    }
  }

  return (
    <div className={styles.search}>
      <input
        type="search"
        role="combobox"
        aria-label={label}
        aria-autocomplete="list"
        aria-expanded={isShown}
        aria-controls={`${id}-list`}
        aria-activedescendant={isShown && found.length > 0 ? `${id}-${active}` : undefined}
        placeholder={label}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
          setOpen(true);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setOpen(false)}
      />
      <div id={`${id}-list`} className={styles.list} role="listbox" aria-label="Instruments found" hidden={!isShown}>
        {found.map((one, place) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keyboard, as a combobox does.
          <div
            key={one.ticker}
            id={`${id}-${place}`}
            role="option"
            tabIndex={-1}
            aria-selected={place === active}
            // Else the field would lose the focus, and the list be gone before the click.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => choose(one)}
          >
            <span className={styles.ticker}>{one.ticker}</span>
            <span className="quiet">{one.description}</span>
          </div>
        ))}
      </div>
      <p className={found.length > 0 || !isShown ? "unseen" : styles.words} role="status">
        {isShown &&
          words(
            found.length,
            search.isFetching || wanted !== text.trim(),
            search.error && problemOf(search.error).detail,
          )}
      </p>
    </div>
  );
}

function words(count: number, isSearching: boolean, problem: string | undefined): string {
  if (isSearching) {
    return "Searching…";
  }
  if (problem !== undefined) {
    return problem;
  }
  return count === 0 ? "No instrument is called so." : `${count} found; choose with the arrow keys.`;
}

/** The text once nobody has typed for a moment. */
function useQuiet(text: string): string {
  const [quiet, setQuiet] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setQuiet(text), QUIET_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return quiet;
}
