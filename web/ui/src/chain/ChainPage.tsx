/** The option chain of an underlying: its strikes around the money, what all say together, and how it went. */

import { Navigate, useNavigate, useParams, useSearchParams } from "react-router";
import { useAppDispatch, useAppSelector } from "@/app/store";
import { sentence } from "@/formats/sentences";
import { moment } from "@/formats/times";
import { statusWords } from "@/market/statusWords";
import { Choice } from "@/parts/Choice";
import { Waiting } from "@/parts/Waiting";
import { isAway } from "@/socket/isAway";
import { useFollow } from "@/socket/LineProvider";
import styles from "./ChainPage.module.css";
import { Charts } from "./Charts";
import { expiryChosen, underlyingChosen } from "./chain";
import { COLUMN_VIEWS, type ColumnView } from "./columns";
import { Headline } from "./Headline";
import { HistoryCharts } from "./HistoryCharts";
import { Matrix } from "./Matrix";
import { atTheMoney, type ChainSnapshot } from "./snapshot";
import { UnderlyingPicker } from "./UnderlyingPicker";
import { type ChainView, useChain } from "./useChain";

const VIEWS = { interest: "Interest", greeks: "Greeks", quotes: "Quotes", charts: "Charts", history: "History" };
type View = keyof typeof VIEWS;

export function ChainPage() {
  const { underlying: written } = useParams();
  const chosen = useAppSelector((state) => state.chain);
  if (written === undefined) {
    return <Navigate to={`/chain/${encodeURIComponent(chosen.underlying)}`} replace />;
  }
  return <Chain key={written} written={written.toUpperCase()} />;
}

function Chain({ written }: { written: string }) {
  const dispatch = useAppDispatch();
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const wanted = useAppSelector(({ chain }) => (chain.underlying === written ? chain.expiry : ""));
  const at = search.get("at") ?? "";
  const view = viewOf(search.get("show"));
  const found = useChain(written, wanted, at);

  function change(name: "at" | "show", value: string) {
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        value === "" ? after.delete(name) : after.set(name, value);
        return after;
      },
      { replace: name === "show" },
    );
  }

  function onUnderlying(next: string) {
    dispatch(underlyingChosen(next));
    navigate(`/chain/${encodeURIComponent(next)}?show=${view}`);
  }

  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <h1>Option chain</h1>
        <UnderlyingPicker underlying={written} onChoose={onUnderlying} />
        <Expiry
          found={found}
          onChoose={(expiry) => {
            dispatch(underlyingChosen(written));
            dispatch(expiryChosen(expiry));
          }}
        />
        <Choice label="Show" chosen={view} choices={VIEWS} onChoose={(next) => change("show", next)} />
      </div>
      {at === "" ? <Say instrument={found.underlying} /> : <Past found={found} onBack={() => change("at", "")} />}
      {found.chain && <Headline chain={found.chain} />}
      <Shown view={view} found={found} onChoose={(time) => change("at", time)} />
      {found.chain && <Source chain={found.chain} timezone={found.timezone} />}
    </div>
  );
}

/** Of when it is and who told it, and how to read it. */
function Source({ chain: { as_of, provider, degraded = "" }, timezone }: { chain: ChainSnapshot; timezone: string }) {
  return (
    <p className="quiet">
      One instant, {moment(as_of, timezone)}, told by {provider || "nobody yet"}. {degraded && sentence(degraded)} Grey
      prices are to be doubted: point at one to see why.
    </p>
  );
}

interface ShownProps {
  view: View;
  found: ChainView;
  onChoose(at: string): void;
}

function Shown({ view, found: { words, chain, underlying, expiry }, onChoose }: ShownProps) {
  if (view === "history" && expiry !== "") {
    return <HistoryCharts underlying={underlying} expiry={expiry} onChoose={onChoose} />;
  }
  if (chain === null) {
    return <Waiting words={words} />;
  }
  if (isColumnView(view)) {
    const columns = COLUMN_VIEWS[view];
    return <Matrix key={chain.expiry} strikes={chain.strikes} atTheMoney={atTheMoney(chain)} columns={columns} />;
  }
  return <Charts chain={chain} />;
}

function Expiry({ found: { expiries, expiry }, onChoose }: { found: ChainView; onChoose(expiry: string): void }) {
  return (
    <label>
      Expiry{" "}
      <select value={expiry} disabled={expiries.length === 0} onChange={(event) => onChoose(event.target.value)}>
        {expiries.map((one) => (
          <option key={one.expiry}>{one.expiry}</option>
        ))}
      </select>
    </label>
  );
}

/** Why prices do not move, as the market or the connection has it; a line of its own, so that nothing moves for it. */
function Say({ instrument }: { instrument: string }) {
  useFollow([`status.${instrument}`]);
  const status = useAppSelector(({ statuses }) => statusWords(statuses.instruments[instrument]));
  const isCutOff = useAppSelector((state) => isAway(state.interface.line));
  return (
    <p className={styles.say} role="status" aria-label="Chain">
      {isCutOff ? "The live connection is away: the prices are old until it is back." : status}
    </p>
  );
}

function Past({ found: { chain, timezone }, onBack }: { found: ChainView; onBack(): void }) {
  return (
    <p className={styles.say} role="status" aria-label="Chain">
      {chain === null ? "Looking for how it was." : `This is how it was at ${moment(chain.as_of, timezone)}.`}{" "}
      <button type="button" onClick={onBack}>
        Back to now
      </button>
    </p>
  );
}

function viewOf(written: string | null): View {
  return written !== null && Object.hasOwn(VIEWS, written) ? (written as View) : "interest";
}

function isColumnView(view: View): view is ColumnView {
  return Object.hasOwn(COLUMN_VIEWS, view);
}
