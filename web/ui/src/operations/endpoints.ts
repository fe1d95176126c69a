import { api } from "@/api/api";
import type { Action, Feeds, Place, ProcessTree, Subtree } from "./models";

const endpoints = api.injectEndpoints({
  endpoints: (build) => ({
    tree: build.query<Record<string, ProcessTree>, void>({
      query: () => "admin/tree",
      transformResponse: (told: { processes: Record<string, ProcessTree> }) => told.processes,
      providesTags: ["Tree"],
    }),
    subtree: build.query<Subtree, Place>({
      query: ({ process, path }) => `admin/tree/${encodeURIComponent(process)}${address(path)}`,
      providesTags: ["Tree"],
    }),
    act: build.mutation<unknown, Place & { action: Action }>({
      query: ({ process, path, action }) => ({
        url: `admin/actors/${encodeURIComponent(process)}${address(path)}/${action}`,
        method: "POST",
      }),
      invalidatesTags: ["Tree"],
    }),
    feeds: build.query<Feeds, void>({ query: () => "admin/feeds" }),
  }),
});

export const { useTreeQuery, useSubtreeQuery, useActMutation, useFeedsQuery } = endpoints;

/** An actor's path as a part of an address: names of instruments may hold any character but a slash. */
export function address(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
