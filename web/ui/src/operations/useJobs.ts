import { useAppSelector } from "@/app/store";
import { useFollow } from "@/socket/LineProvider";
import { useJobsQuery } from "./endpoints";
import { newest } from "./jobs";

const LOOK_MS = 10_000;
const CHANNELS = ["jobs"];

/** The jobs as they stand: asked for now and then, and told over the socket in between. */
export function useJobs() {
  useFollow(CHANNELS);
  const query = useJobsQuery(undefined, { pollingInterval: LOOK_MS });
  const told = useAppSelector((state) => state.jobs);
  return { query, jobs: newest(query.data?.items ?? [], told) };
}
