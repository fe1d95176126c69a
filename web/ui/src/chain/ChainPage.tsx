/** The option chain of an underlying: what it costs itself, and all its strikes around the money. */

import { Navigate, useNavigate, useParams } from "react-router";
import { useAppDispatch, useAppSelector } from "@/app/store";
import { Waiting } from "@/parts/Waiting";
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
    return <Navigate to={`/chain/${chosen.underlying}`} replace />;
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
    navigate(`/chain/${next}`);
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
      <Headline spot={view.spot} future={view.future} volatility={view.volatility} />
      {view.words ? <Waiting words={view.words} /> : <Matrix rows={view.rows} atTheMoney={view.atTheMoney} />}
      <p className="quiet">Implied volatility and Greeks are not computed by this version; their columns are empty.</p>
    </div>
  );
}
