/** Jobs, how far each is, and the operator's hand on them. */

import { Badge } from "./Badge";
import { useChangeJobMutation } from "./endpoints";
import { Headings } from "./Headings";
import styles from "./JobTable.module.css";
import { subjectOf, wishesFor } from "./jobs";
import type { Job, JobAction } from "./models";
import common from "./page.module.css";
import type { Command } from "./useCommand";
import { Wide } from "./Wide";

const WORDS: Record<JobAction, { verb: string; effect: string; done: string }> = {
  pause: { verb: "Pause", effect: "The step under way is finished first.", done: "is paused" },
  resume: { verb: "Resume", effect: "It goes on with its next step.", done: "goes on" },
  cancel: {
    verb: "Cancel",
    effect: "The step under way is finished first; it can be tried again.",
    done: "is cancelled",
  },
  retry: { verb: "Retry", effect: "It goes on with the step that it came to.", done: "is tried again" },
};

interface Props {
  label: string;
  jobs: readonly Job[];
  command: Command;
}

export function JobTable({ label, jobs, command }: Props) {
  return (
    <Wide label={`${label}, in columns`}>
      <table aria-label={label}>
        <Headings titles={["Job", "Status", "Progress", "Said last", "Wishes"]} />
        <tbody>
          {jobs.map((job) => (
            <JobRow key={job.id} job={job} command={command} />
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

function JobRow({ job, command }: { job: Job; command: Command }) {
  const [change] = useChangeJobMutation();
  function ask(action: JobAction): void {
    const { verb, effect, done } = WORDS[action];
    command.ask({
      question: `${verb} job ${job.id}?`,
      effect,
      verb: `${verb} it`,
      isDanger: action === "cancel",
      done: `Job ${job.id} ${done}.`,
      send: () => change({ id: job.id, action }),
    });
  }
  const percent = `${Math.floor(job.progress * 100)}%`;
  return (
    <tr>
      <th scope="row" className={common.long}>
        {job.id}
        <div className={styles.subject}>{subjectOf(job)}</div>
      </th>
      <td>
        <Badge state={job.status} />
      </td>
      <td>
        <div className={styles.progress}>
          <progress value={job.progress} max={1} aria-label={`Progress of ${job.id}`} />
          <span className={styles.percent}>{percent}</span>
          <span className="quiet">
            {job.done} of {job.total} steps
          </span>
        </div>
      </td>
      <td className={common.long}>{job.message || "–"}</td>
      <td>
        <div className={common.buttons}>
          {wishesFor(job.status).map((action) => (
            <button
              type="button"
              key={action}
              aria-label={`${WORDS[action].verb} ${job.id}`}
              disabled={command.isBusy}
              onClick={() => ask(action)}
            >
              {WORDS[action].verb}
            </button>
          ))}
        </div>
      </td>
    </tr>
  );
}
