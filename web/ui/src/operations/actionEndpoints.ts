import { api } from "@/api/api";
import type { CorporateAction, Entry } from "./actions";
import type { Job, Page } from "./models";

/** What became of a file. */
export interface TakenUp {
  actions: number;
  saved: number;
  /** Instruments that are in no table. */
  unknown: string[];
}

const endpoints = api.injectEndpoints({
  endpoints: (build) => ({
    corporateActions: build.query<Page<CorporateAction>, { symbol: string; page_token: string }>({
      query: (params) => ({ url: "api/v1/corporate_actions/", params }),
      providesTags: ["CorporateActions"],
    }),
    enterAction: build.mutation<CorporateAction, Entry>({
      query: (body) => ({ url: "api/v1/corporate_actions/", method: "POST", body }),
      invalidatesTags: ["CorporateActions", "Audit"],
    }),
    takeBackAction: build.mutation<CorporateAction, number>({
      query: (id) => ({ url: `api/v1/corporate_actions/${id}`, method: "DELETE" }),
      invalidatesTags: ["CorporateActions", "Audit"],
    }),
    takeUpActions: build.mutation<TakenUp, string>({
      query: (text) => ({ url: "api/v1/corporate_actions/file", method: "POST", body: { text } }),
      invalidatesTags: ["CorporateActions", "Audit"],
    }),
    readActions: build.mutation<{ job: Job }, void>({
      query: () => ({ url: "api/v1/corporate_actions/read", method: "POST", body: {} }),
      invalidatesTags: ["Jobs", "Audit"],
    }),
  }),
});

export const {
  useCorporateActionsQuery,
  useEnterActionMutation,
  useTakeBackActionMutation,
  useTakeUpActionsMutation,
  useReadActionsMutation,
} = endpoints;
