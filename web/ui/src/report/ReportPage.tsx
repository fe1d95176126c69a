/** The report of a day: what an exchange's instruments did together, once it had closed. */

import { useNavigate, useParams, useSearchParams } from "react-router";
import { hopeWords } from "@/api/problems";
import { useTryAgain } from "@/api/useTryAgain";
import { Waiting } from "@/parts/Waiting";
import { BreadthBar } from "./BreadthBar";
import { chosen, datesOf, kindWords, marketOf, marketsOf } from "./choice";
import { type DayTold, useReportQuery, useReportsQuery } from "./endpoints";
import { Figures } from "./Figures";
import { Movers } from "./Movers";
import styles from "./Report.module.css";

export function ReportPage() {
  const { date = "" } = useParams();
  const [search] = useSearchParams();
  const listed = useReportsQuery(undefined, { refetchOnMountOrArgChange: true });
  useTryAgain(listed);
  if (listed.data === undefined) {
    return <Waiting words={listed.error === undefined ? "Asking for the reports…" : hopeWords(listed.error)} />;
  }
  const day = chosen(listed.data, {
    date,
    exchange: search.get("exchange") ?? "",
    kind: search.get("kind") ?? "",
  });
  return (
    <div className={styles.page}>
      {day === null ? (
        <>
          <h1>Report</h1>
          <p className="quiet">
            There is none yet. Each trading day gets one, some time after its exchange has closed; operators see under
            Jobs how far it is.
          </p>
        </>
      ) : (
        <Report day={day} wanted={date} told={listed.data} />
      )}
    </div>
  );
}

function Report({ day, wanted, told }: { day: DayTold; wanted: string; told: readonly DayTold[] }) {
  const found = useReportQuery({ date: day.date, exchange: day.exchange, kind: day.kind });
  useTryAgain(found);
  return (
    <>
      <Head day={day} told={told} />
      {wanted !== "" && wanted !== day.date && (
        <p className={styles.other} role="status">
          There is no report of {wanted} for {day.exchange} {kindWords(day.kind)}; this is that of {day.date}.
        </p>
      )}
      {found.currentData === undefined ? (
        <Waiting words={found.error === undefined ? "Asking for the report…" : hopeWords(found.error)} />
      ) : (
        <>
          <BreadthBar breadth={found.currentData.breadth} />
          <Figures report={found.currentData} />
          <div className={styles.lists}>
            <Movers
              title="Perhaps a split"
              words="They moved so far that a split or bonus may be lacking: none of that day is known."
              figure="Change"
              kind="percent change"
              movers={found.currentData.perhaps_split}
            />
            <Movers title="Rose most" figure="Change" kind="percent change" movers={found.currentData.gainers} />
            <Movers title="Fell most" figure="Change" kind="percent change" movers={found.currentData.losers} />
            <Movers title="Busiest" figure="× usual" kind="times" movers={found.currentData.busiest} />
            <Movers title="Most delivered" figure="Delivered" kind="percent" movers={found.currentData.delivered} />
            <Movers title="Open interest built" figure="Contracts" kind="whole" movers={found.currentData.built} />
            <Movers title="Open interest unwound" figure="Contracts" kind="whole" movers={found.currentData.unwound} />
          </div>
        </>
      )}
    </>
  );
}

function Head({ day, told }: { day: DayTold; told: readonly DayTold[] }) {
  const navigate = useNavigate();
  const go = (date: string, market: string) => {
    const [exchange = "", kind = ""] = market.split(" ");
    navigate(`/report/${date}?${new URLSearchParams({ exchange, kind })}`);
  };
  return (
    <div className={styles.head}>
      <h1>Report</h1>
      <label>
        Day
        <select value={day.date} onChange={(event) => go(event.target.value, marketOf(day))}>
          {datesOf(told, day).map((date) => (
            <option key={date}>{date}</option>
          ))}
        </select>
      </label>
      <label>
        Market
        <select value={marketOf(day)} onChange={(event) => go(day.date, event.target.value)}>
          {marketsOf(told).map((market) => (
            <option key={market} value={market}>
              {market.replace(/ .*/, (kind) => ` ${kindWords(kind.trim())}`)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
