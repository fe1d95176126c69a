/** What every page has around it: where one can go, how the connection is, who one is. */

import { Suspense } from "react";
import { NavLink, Outlet } from "react-router";
import { Waiting } from "@/parts/Waiting";
import { usePreferences } from "@/settings/usePreferences";
import { Connection } from "./Connection";
import mark from "./mark.svg";
import styles from "./Shell.module.css";
import { useAppSelector } from "./store";

export function Shell() {
  usePreferences();
  const isAdmin = useAppSelector(({ session }) => session.is === "signed in" && session.person.role === "admin");
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        Skip to the page
      </a>
      <header className={styles.bar}>
        <NavLink className={styles.mark ?? ""} to="/watchlist">
          <img src={mark} alt="" width={22} height={22} />
          ticktree
        </NavLink>
        <nav className={styles.pages} aria-label="Pages">
          <NavLink to="/watchlist">Watchlist</NavLink>
          <NavLink to="/chart">Chart</NavLink>
          <NavLink to="/chain">Option chain</NavLink>
          {isAdmin && <NavLink to="/operations">Operations</NavLink>}
          <NavLink to="/settings">Settings</NavLink>
        </nav>
        <Connection />
      </header>
      <main className={styles.main} id="main">
        <Suspense fallback={<Waiting words="Getting the page…" />}>
          <Outlet />
        </Suspense>
      </main>
    </div>
  );
}
