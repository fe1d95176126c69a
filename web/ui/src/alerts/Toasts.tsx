/** Alerts on screen, on whatever page one is: they go by themselves, unless somebody is at them. */

import { useEffect, useState } from "react";
import { Link } from "react-router";
import { useAppDispatch, useAppSelector } from "@/app/store";
import { useFollow } from "@/socket/LineProvider";
import { ring } from "./bell";
import styles from "./Toasts.module.css";
import { dismissed, type Toast } from "./toasts";

const SHOWN_MS = 15_000;

export function Toasts() {
  useAlertChannels();
  useBell();
  const shown = useAppSelector((state) => state.toasts.shown);
  return (
    <section className={styles.toasts} aria-label="Alerts" aria-live="polite">
      {shown.map((toast) => (
        <OneToast key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

function OneToast({ toast: { id, title, message, symbol } }: { toast: Toast }) {
  const dispatch = useAppDispatch();
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    if (isHeld) {
      return undefined;
    }
    const timer = setTimeout(() => dispatch(dismissed(id)), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id, isHeld, dispatch]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only stays while somebody points at it or is within it
    <div
      className={styles.toast}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <p>
        <strong>{title}</strong>
        {message}
      </p>
      <p className={styles.ways}>
        {symbol && <Link to={`/chart/${encodeURIComponent(symbol)}`}>Chart</Link>}
        <Link to="/alerts">All alerts</Link>
        <button type="button" onClick={() => dispatch(dismissed(id))}>
          <span aria-hidden="true">×</span>
          <span className="unseen">Dismiss: {message}</span>
        </button>
      </p>
    </div>
  );
}

/** One's own; administrators hear of the installation's, too. */
function useAlertChannels(): void {
  const person = useAppSelector(({ session }) => (session.is === "signed in" ? session.person : null));
  const own = person?.kind === "user" ? [`alerts.${person.id}`] : [];
  useFollow(person?.role === "admin" ? [...own, "alerts"] : own);
}

function useBell(): void {
  const isWanted = useAppSelector((state) => state.preferences.values.alertSound);
  const newest = useAppSelector((state) => state.toasts.known.at(-1));
  useEffect(() => {
    if (isWanted && newest !== undefined) {
      ring();
    }
  }, [isWanted, newest]);
}
