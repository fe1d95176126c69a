import { Link } from "react-router";
import { price, shortChange } from "@/formats/numbers";
import type { Mover } from "./endpoints";
import styles from "./Report.module.css";

const FORMATS = {
  "percent change": (value: number) => `${value > 0 ? "+" : "−"}${Math.abs(value).toFixed(2)}%`,
  percent: (value: number) => `${value.toFixed(1)}%`,
  times: (value: number) => `${value.toFixed(1)}×`,
  whole: shortChange,
};

interface Props {
  title: string;
  /** What the title leaves unsaid. */
  words?: string;
  /** What the last column is called. */
  figure: string;
  kind: keyof typeof FORMATS;
  movers: readonly Mover[];
}

/** One list of the report; none where nobody is in it. */
export function Movers({ title, words, figure, kind, movers }: Props) {
  if (movers.length === 0) {
    return null;
  }
  const isChange = kind === "percent change" || kind === "whole";
  return (
    <section className={styles.list} aria-label={title}>
      <h2>{title}</h2>
      {words !== undefined && <p className="quiet">{words}</p>}
      <table>
        <thead>
          <tr>
            <th scope="col">Instrument</th>
            <th scope="col">Close</th>
            <th scope="col">{figure}</th>
          </tr>
        </thead>
        <tbody>
          {movers.map(({ instrument, close, value }) => (
            <tr key={instrument}>
              <th scope="row">
                <Link to={`/chart/${encodeURIComponent(instrument)}`}>{instrument}</Link>
              </th>
              <td>{price(close)}</td>
              <td className={isChange ? (value > 0 ? "up" : "down") : ""}>{FORMATS[kind](value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
