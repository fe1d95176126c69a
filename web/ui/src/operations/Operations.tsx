/** The operator's pages, each under its own address. */

import { Navigate, NavLink, Route, Routes } from "react-router";
import { NotFound } from "@/app/NotFound";
import { AuditPage } from "./AuditPage";
import { CompletenessPage } from "./CompletenessPage";
import { ConflictsPage } from "./ConflictsPage";
import { CorporateActionsPage } from "./CorporateActionsPage";
import { CredentialsPage } from "./CredentialsPage";
import { DeadLettersPage } from "./DeadLettersPage";
import { FeedsPage } from "./FeedsPage";
import { InstrumentsPage } from "./InstrumentsPage";
import { JobsPage } from "./JobsPage";
import styles from "./Operations.module.css";
import { QuarantinePage } from "./QuarantinePage";
import { TreePage } from "./TreePage";
import { UsersPage } from "./UsersPage";

const PAGES = [
  { path: "tree", title: "Actors", page: <TreePage /> },
  { path: "feeds", title: "Feeds", page: <FeedsPage /> },
  { path: "completeness", title: "Completeness", page: <CompletenessPage /> },
  { path: "jobs", title: "Jobs", page: <JobsPage /> },
  { path: "instruments", title: "Instruments", page: <InstrumentsPage /> },
  { path: "conflicts", title: "Conflicts", page: <ConflictsPage /> },
  { path: "corporate-actions", title: "Corporate actions", page: <CorporateActionsPage /> },
  { path: "quarantine", title: "Quarantine", page: <QuarantinePage /> },
  { path: "credentials", title: "Credentials", page: <CredentialsPage /> },
  { path: "dead-letters", title: "Dead letters", page: <DeadLettersPage /> },
  { path: "users", title: "Users", page: <UsersPage /> },
  { path: "audit", title: "Audit log", page: <AuditPage /> },
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
