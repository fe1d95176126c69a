/** What every page has around it: where one can go, how the connection is, who one is. */

import { useEffect } from "react";
import { NavLink, Outlet, useLocation, useNavigation } from "react-router";
import { Toasts } from "@/alerts/Toasts";
import { Waiting } from "@/parts/Waiting";
import { usePreferences } from "@/settings/usePreferences";
import { Connection } from "./Connection";
import mark from "./mark.svg";
import styles from "./Shell.module.css";
import { useAppSelector } from "./store";

/** What a page is called where one goes there, and by the window. */
const PAGES = [
  { path: "/watchlist", title: "Watchlist", isForAdmins: false },
  { path: "/chart", title: "Chart", isForAdmins: false },
  { path: "/chain", title: "Option chain", isForAdmins: false },
  { path: "/screeners", title: "Screeners", isForAdmins: false },
  { path: "/report", title: "Report", isForAdmins: false },
  { path: "/alerts", title: "Alerts", isForAdmins: false },
  { path: "/operations", title: "Operations", isForAdmins: true },
  { path: "/settings", title: "Settings", isForAdmins: false },
];

export function Shell() {
  usePreferences();
  useTitle();
  const isGetting = useNavigation().state === "loading";
  const unseen = useAppSelector((state) => state.toasts.unseen);
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
          {PAGES.filter(({ isForAdmins }) => isAdmin || !isForAdmins).map(({ path, title }) => (
            <NavLink key={path} to={path}>
              {title}
              {path === "/alerts" && unseen > 0 && <Unseen count={unseen} />}
            </NavLink>
          ))}
        </nav>
        <Connection />
      </header>
      <main className={styles.main} id="main">
        {isGetting ? <Waiting words="Getting the page…" /> : <Outlet />}
      </main>
      <Toasts />
    </div>
  );
}

function Unseen({ count }: { count: number }) {
  return (
    <span className={styles.unseen}>
      {count}
      <span className="unseen"> not seen</span>
    </span>
  );
}

/** So that windows, bookmarks and what is read aloud tell one page from another: `NSE:TCS · Chart · ticktree`. */
function useTitle(): void {
  const { pathname } = useLocation();
  useEffect(() => {
    document.title = titleOf(pathname);
    return () => {
      document.title = "ticktree";
    };
  }, [pathname]);
}

export function titleOf(pathname: string): string {
  const page = PAGES.find(({ path }) => pathname === path || pathname.startsWith(`${path}/`));
  const part = page && decoded(pathname.slice(page.path.length + 1));
  return [part, page?.title, "ticktree"].filter(Boolean).join(" · ");
}

/** As it is where somebody wrote what can not be decoded. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
