/** Finds instruments by a part of their name: `/` leads here, arrows choose, Enter takes. */

import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { problemWords } from "@/api/problems";
import type { InstrumentFound } from "@/market/symbols";
import { CLOSED, popupAfter } from "./combobox";
import styles from "./InstrumentSearch.module.css";
import { type Finding, useFound } from "./useFound";

interface Props {
  /** What Enter does with what is found. */
  label: string;
  /** Takes a symbol; resolves to whether it was taken, and the text may go. */
  onTake(symbol: string): Promise<boolean>;
}

export function InstrumentSearch({ label, onTake }: Props) {
  const [text, setText] = useState("");
  const [popup, setPopup] = useState(CLOSED);
  const [isTaking, setTaking] = useState(false);
  const finding = useFound(text);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  useSlash(input);
  const { found } = finding;
  // What is shown while one types on was found for the text before: Enter must not take that.
  const active = popup.isOpen && finding.isSettled ? Math.min(popup.active, found.length - 1) : -1;
  const isOpen = popup.isOpen && text.trim() !== "";

  async function take(symbol: string) {
    if (symbol === "" || isTaking) {
      return;
    }
    setTaking(true);
    setPopup(CLOSED);
    const isTaken = await onTake(symbol);
    setTaking(false);
    if (isTaken) {
      setText("");
    }
  }

  function onKeyDown(event: KeyboardEvent) {
    const next = popupAfter(event.key, popup, found.length);
    if (next !== null) {
      event.preventDefault();
      setPopup(next);
    } else if (event.key === "Enter") {
      event.preventDefault();
      void take(found[active]?.ticker ?? text.trim().toUpperCase());
    }
  }

  return (
    <div className={styles.search}>
      <input
        ref={input}
        role="combobox"
        aria-label={label}
        placeholder={`${label} ( / )`}
        aria-expanded={isOpen}
        aria-controls={`${id}-options`}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
        aria-busy={isTaking}
        autoComplete="off"
        spellCheck={false}
        value={text}
        readOnly={isTaking}
        onChange={(event) => {
          setText(event.target.value);
          setPopup({ isOpen: true, active: 0 });
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setPopup(CLOSED)}
      />
      <div className={styles.popup} hidden={!isOpen}>
        <Options id={id} label={label} found={found} active={active} onTake={(symbol) => void take(symbol)} />
        <p role="status">{isOpen ? findingWords(finding) : ""}</p>
      </div>
    </div>
  );
}

interface OptionsProps {
  id: string;
  label: string;
  found: readonly InstrumentFound[];
  active: number;
  onTake(symbol: string): void;
}

function Options({ id, label, found, active, onTake }: OptionsProps) {
  return (
    <div role="listbox" id={`${id}-options`} aria-label={label} hidden={found.length === 0}>
      {found.map(({ ticker, symbol, exchange, description }, place) => (
        <div
          role="option"
          key={ticker}
          id={`${id}-${place}`}
          className={styles.option}
          aria-selected={place === active}
          tabIndex={-1}
          // Before the field loses the focus, which closes the list.
          onMouseDown={(event) => {
            event.preventDefault();
            onTake(ticker);
          }}
        >
          <b>{symbol}</b> <span className="quiet">{exchange}</span>
          <span className={styles.description}>{description}</span>
        </div>
      ))}
    </div>
  );
}

function findingWords({ found, isSettled, problem }: Finding): string {
  if (!isSettled) {
    return "Looking…";
  }
  if (problem !== undefined) {
    return problemWords(problem);
  }
  return found.length === 0 ? "No instrument is called so." : "";
}

/** `/` leads to the field from wherever nothing is being written. */
function useSlash(input: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    function onKeyDown(event: globalThis.KeyboardEvent) {
      const isWriting =
        event.target instanceof Element && event.target.closest("input, select, textarea, dialog") !== null;
      if (event.key === "/" && !isWriting && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        input.current?.focus();
      }
    }
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [input]);
}
