/** Long work of the engine, how far it is, and the operator's hand on it. */

import { Asked } from "./Asked";
import { Commanded } from "./Commanded";
import { JobTable } from "./JobTable";
import common from "./page.module.css";
import { useCommand } from "./useCommand";
import { useJobs } from "./useJobs";

export function JobsPage() {
  const { query, jobs } = useJobs();
  const command = useCommand();
  return (
    <section className={common.page} aria-labelledby="jobs-title">
      <h2 id="jobs-title">Jobs</h2>
      <p className={common.words}>Backfills, scans and readings of the past; one at a time, the newest first.</p>
      <Commanded command={command} />
      <Asked query={query} waiting="Asking for the jobs…">
        {() =>
          jobs.length === 0 ? (
            <p className={common.words}>There has been no job yet.</p>
          ) : (
            <JobTable label="Jobs" jobs={jobs} command={command} />
          )
        }
      </Asked>
    </section>
  );
}
