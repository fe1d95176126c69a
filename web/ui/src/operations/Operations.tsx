/** The operator's pages, each under its own address. */

import { Navigate, NavLink, Route, Routes } from "react-router";
import { NotFound } from "@/app/NotFound";
import { FeedsPage } from "./FeedsPage";
import styles from "./Operations.module.css";
import { TreePage } from "./TreePage";

const PAGES = [
  { path: "tree", title: "Actors", page: <TreePage /> },
  { path: "feeds", title: "Feeds", page: <FeedsPage /> },
];

export function Operations() {
  return (
    <div className={styles.operations}>
      <h1 className="unseen">Operations</h1>
      <nav className={styles.pages} aria-label="Operations">
        {PAGES.map(({ path, title }) => (
          <NavLink key={path} to={`/operations/${path}`}>
            {title}
          </NavLink>
        ))}
      </nav>
      <Routes>
        <Route index element={<Navigate to="tree" replace />} />
        {PAGES.map(({ path, page }) => (
          <Route key={path} path={path} element={page} />
        ))}
        <Route path="*" element={<NotFound />} />
      </Routes>
    </div>
  );
}
