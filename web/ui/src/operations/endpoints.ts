import { api } from "@/api/api";
import type {
  Account,
  Action,
  AuditEntry,
  Credentials,
  DeadLetters,
  Fate,
  Feeds,
  InstrumentCounts,
  Job,
  JobAction,
  Kept,
  Page,
  Place,
  ProcessTree,
  Provider,
  Quarantined,
  Stretch,
  Subtree,
} from "./models";

/** Rows of the map on a page: counting them is work for the server, and more than these nobody looks at at once. */
const MAP_ROWS = 20;

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
      query: ({ process, path, action }) =>
        post(`admin/actors/${encodeURIComponent(process)}${address(path)}/${action}`),
      invalidatesTags: ["Tree"],
    }),
    feeds: build.query<Feeds, void>({ query: () => "admin/feeds" }),
    deadLetters: build.query<Record<string, DeadLetters>, void>({
      query: () => "admin/dead_letters",
      transformResponse: (told: { processes: Record<string, DeadLetters> }) => told.processes,
    }),
    auditLog: build.query<Page<AuditEntry>, string>({
      query: (page_token) => ({ url: "admin/audit", params: { page_token } }),
      providesTags: ["Audit"],
    }),
    jobs: build.query<Page<Job>, void>({ query: () => "jobs/", providesTags: ["Jobs"] }),
    changeJob: build.mutation<unknown, { id: string; action: JobAction }>({
      query: ({ id, action }) => post(`jobs/${encodeURIComponent(id)}/${action}`),
      invalidatesTags: ["Jobs"],
    }),
    scan: build.mutation<{ job: Job }, Stretch>({
      query: (stretch) => ({ ...post("admin/scan"), body: stretch }),
      invalidatesTags: ["Jobs"],
    }),
    completeness: build.query<Page<InstrumentCounts>, { symbols: string; start: string; page_token: string }>({
      query: (params) => ({ url: "api/v1/completeness", params: { ...params, limit: MAP_ROWS } }),
    }),
    quarantine: build.query<Page<Quarantined>, { status: Fate | ""; symbol: string; page_token: string }>({
      query: ({ page_token, ...params }) => ({
        url: "api/v1/quarantine/",
        params: page_token === "" ? params : { ...params, page_token },
      }),
      providesTags: ["Quarantine"],
    }),
    decide: build.mutation<Quarantined, { id: number; word: "release" | "discard" }>({
      query: ({ id, word }) => post(`api/v1/quarantine/${id}/${word}`),
      invalidatesTags: ["Quarantine"],
    }),
    users: build.query<Page<Account>, { page_token: string }>({
      query: ({ page_token }) => ({ url: "users/", params: page_token === "" ? {} : { page_token } }),
      providesTags: ["Users"],
    }),
    changeUser: build.mutation<unknown, { id: string; role?: Account["role"]; is_active?: boolean }>({
      query: ({ id, ...body }) => ({ url: `users/${encodeURIComponent(id)}`, method: "PATCH", body }),
      invalidatesTags: ["Users"],
    }),
    providers: build.query<Page<Provider>, void>({ query: () => "provider/" }),
    credentials: build.query<Credentials, number>({
      query: (provider) => `provider/${provider}/credentials`,
      providesTags: ["Credentials"],
    }),
    enter: build.mutation<Kept, { provider: number; entry: Record<string, string> }>({
      query: ({ provider, entry }) => ({ ...post(`provider/${provider}/credentials`), body: entry }),
      invalidatesTags: ["Credentials", "Audit"],
    }),
    forget: build.mutation<Kept, { provider: number; id: number }>({
      query: ({ provider, id }) => ({ url: `provider/${provider}/credentials/${id}`, method: "DELETE" }),
      invalidatesTags: ["Credentials", "Audit"],
    }),
  }),
});

export const {
  useTreeQuery,
  useSubtreeQuery,
  useActMutation,
  useFeedsQuery,
  useDeadLettersQuery,
  useAuditLogQuery,
  useJobsQuery,
  useChangeJobMutation,
  useScanMutation,
  useCompletenessQuery,
  useQuarantineQuery,
  useDecideMutation,
  useUsersQuery,
  useChangeUserMutation,
  useProvidersQuery,
  useCredentialsQuery,
  useEnterMutation,
  useForgetMutation,
} = endpoints;

export const { jobs: jobsEndpoint } = endpoints.endpoints;

/** An actor's path as a part of an address: names of instruments may hold any character but a slash. */
export function address(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function post(url: string) {
  return { url, method: "POST" };
}
