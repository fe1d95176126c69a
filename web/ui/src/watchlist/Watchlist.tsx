/** The lists page: prices of a screener or of one's own list, as they move. */

import { useCallback, useState } from "react";
import { useNavigate } from "react-router";
import { hopeWords } from "@/api/problems";
import { InstrumentSearch } from "@/parts/InstrumentSearch";
import { Problem } from "@/parts/Problem";
import { Waiting } from "@/parts/Waiting";
import { NothingFound } from "@/screeners/NothingFound";
import { ListBar } from "./ListBar";
import { type Choice, listNamed } from "./lists";
import { Prices } from "./Prices";
import { StatusLine } from "./StatusLine";
import { useListEdit } from "./useListEdit";
import { useListPrices } from "./useListPrices";
import { type Lists, useLists } from "./useLists";
import styles from "./Watchlist.module.css";

export function Watchlist() {
  const lists = useLists();
  return (
    <>
      <h1 className="unseen">Watchlist</h1>
      {lists.isLoading ? <Waiting words="Getting your lists…" /> : <Loaded lists={lists} />}
    </>
  );
}

function Loaded({ lists: { all, chosen, instruments, problem } }: { lists: Lists }) {
  if (problem !== undefined && instruments === undefined) {
    return <Problem words={`Your lists can not be read. ${hopeWords(problem)}`} />;
  }
  if (chosen === undefined || instruments === undefined) {
    return (
      <>
        <div className={styles.tools}>
          <ListBar all={all} chosen={chosen} />
        </div>
        <Waiting words={chosen ? "Getting the list…" : "The list you had chosen is gone. Choose another one above."} />
      </>
    );
  }
  return <List key={chosen.key} all={all} chosen={chosen} instruments={instruments} />;
}

interface ListProps {
  all: readonly Choice[];
  chosen: Choice;
  instruments: readonly string[];
}

function List({ all, chosen, instruments }: ListProps) {
  const supply = useListPrices(instruments);
  const { told, onTake, onRemove } = useCommands(chosen);
  return (
    <>
      <div className={styles.tools}>
        <ListBar all={all} chosen={chosen} />
        <InstrumentSearch label={chosen.own ? `Add to ${chosen.name}` : "Open a chart"} onTake={onTake} />
      </div>
      <StatusLine supply={supply} instruments={instruments} told={told} />
      {instruments.length === 0 ? (
        <Empty chosen={chosen} />
      ) : (
        <Prices name={chosen.name} instruments={instruments} onRemove={onRemove} />
      )}
    </>
  );
}

/** One's own list is filled by hand, a screener's by its next run. */
function Empty({ chosen }: { chosen: Choice }) {
  const name = listNamed(chosen.key);
  return name?.kind === "screener" ? (
    <NothingFound id={name.id} />
  ) : (
    <Waiting words="This list is empty. Press / and type a name to add instruments." />
  );
}

/** What can be done with what is found and with a row, and what came of it in words. */
function useCommands({ own, name }: Choice) {
  const [told, setTold] = useState("");
  const edit = useListEdit();
  const navigate = useNavigate();

  async function onTake(symbol: string): Promise<boolean> {
    if (own === null) {
      await navigate(`/chart/${encodeURIComponent(symbol)}`);
      return true;
    }
    const outcome = await edit(own.id, (instruments) => [...instruments, symbol]);
    if (outcome.problem !== null) {
      setTold(outcome.problem);
      return false;
    }
    setTold(outcome.now > outcome.before ? `${symbol} was added.` : `${symbol} is in ${name} already.`);
    return true;
  }

  const id = own?.id;
  const onRemove = useCallback(
    async (instrument: string) => {
      if (id !== undefined) {
        const { problem } = await edit(id, (instruments) => instruments.filter((one) => one !== instrument));
        setTold(problem ?? `${instrument} was removed.`);
      }
    },
    [edit, id],
  );

  return { told, onTake, onRemove: own === null ? undefined : onRemove };
}
