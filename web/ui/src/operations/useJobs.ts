import { useEffect } from "react";
import { useAppSelector } from "@/app/store";
import { useFollow } from "@/socket/LineProvider";
import { useJobsQuery } from "./endpoints";
import { hasUnlisted, newest } from "./jobs";
import type { Job } from "./models";

const LOOK_MS = 10_000;
const CHANNELS = ["jobs"];
const NONE: readonly Job[] = [];

/** The jobs as they stand: asked for now and then, and told over the socket in between. */
export function useJobs() {
  useFollow(CHANNELS);
  const query = useJobsQuery(undefined, { pollingInterval: LOOK_MS });
  const told = useAppSelector((state) => state.jobs);
  const listed = query.data?.items ?? NONE;
  const { refetch } = query;
  const isBehind = query.data !== undefined && hasUnlisted(listed, told);
  useEffect(() => {
    if (isBehind) {
      void refetch();
    }
  }, [isBehind, refetch]);
  return { query, jobs: newest(listed, told) };
}
