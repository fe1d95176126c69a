/** The option chain of an underlying: what it costs itself, and all its strikes around the money. */

import { Navigate, useNavigate, useParams } from "react-router";
import { useAppDispatch, useAppSelector } from "@/app/store";
import { statusWords } from "@/market/statusWords";
import { Waiting } from "@/parts/Waiting";
import { isAway } from "@/socket/isAway";
import { useFollow } from "@/socket/LineProvider";
import styles from "./ChainPage.module.css";
import { expiryChosen, underlyingChosen } from "./chain";
import { Headline } from "./Headline";
import { Matrix } from "./Matrix";
import { UnderlyingPicker } from "./UnderlyingPicker";
import { useChain } from "./useChain";

export function ChainPage() {
  const { underlying: written } = useParams();
  const chosen = useAppSelector((state) => state.chain);
  if (written === undefined) {
    return <Navigate to={`/chain/${encodeURIComponent(chosen.underlying)}`} replace />;
  }
  return <Chain key={written} underlying={written.toUpperCase()} />;
}

function Chain({ underlying }: { underlying: string }) {
  const dispatch = useAppDispatch();
  const navigate = useNavigate();
  const wanted = useAppSelector(({ chain }) => (chain.underlying === underlying ? chain.expiry : ""));
  const view = useChain(underlying, wanted, new Date().toISOString().slice(0, 10));

  function onUnderlying(next: string) {
    dispatch(underlyingChosen(next));
    navigate(`/chain/${encodeURIComponent(next)}`);
  }

  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <h1>Option chain</h1>
        <UnderlyingPicker underlying={underlying} onChoose={onUnderlying} />
        <label>
          Expiry{" "}
          <select
            value={view.expiry}
            disabled={view.expiries.length === 0}
            onChange={(event) => {
              dispatch(underlyingChosen(underlying));
              dispatch(expiryChosen(event.target.value));
            }}
          >
            {view.expiries.map((day) => (
              <option key={day}>{day}</option>
            ))}
          </select>
        </label>
      </div>
      <Say instrument={(view.spot ?? view.future)?.instrument} />
      <Headline spot={view.spot} future={view.future} volatility={view.volatility} />
      {view.words ? (
        <Waiting words={view.words} />
      ) : (
        <Matrix key={view.expiry} rows={view.rows} atTheMoney={view.atTheMoney} />
      )}
      <p className="quiet">Implied volatility and Greeks are not computed by this version; their columns are empty.</p>
    </div>
  );
}

/** Why prices do not move, as the market or the connection has it; a line of its own, so that nothing moves for it. */
function Say({ instrument = "" }: { instrument: string | undefined }) {
  useFollow(instrument === "" ? [] : [`status.${instrument}`]);
  const status = useAppSelector(({ statuses }) => statusWords(statuses.instruments[instrument]));
  const isCutOff = useAppSelector((state) => isAway(state.interface.line));
  return (
    <p className={styles.say} role="status" aria-label="Chain">
      {isCutOff ? "The live connection is away: the prices are old until it is back." : status}
    </p>
  );
}
