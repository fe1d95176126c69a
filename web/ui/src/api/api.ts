/** REST: one cache for all pages; each page adds its own endpoints. */

import { type BaseQueryFn, createApi, type FetchArgs, fetchBaseQuery } from "@reduxjs/toolkit/query/react";
import { dataKindTold } from "@/app/interface";
import { tokens } from "@/session/tokens";
import { type ApiProblem, AWAY } from "./problems";

const PATIENCE_MS = 20_000;

const plain = fetchBaseQuery({ baseUrl: "/", timeout: PATIENCE_MS });

const asMe: BaseQueryFn<string | FetchArgs, unknown, ApiProblem> = async (wish, api, extra) => {
  let token: string | null;
  try {
    token = await tokens.good();
  } catch {
    return { error: AWAY };
  }
  let result = await plain(withToken(wish, token), api, extra);
  if (result.error?.status === 401 && token !== null) {
    token = await tokens.instead(token).catch(() => null);
    result = token === null ? result : await plain(withToken(wish, token), api, extra);
  }
  const kind = result.meta?.response?.headers.get("X-Ticktree-Data");
  if (kind) {
    api.dispatch(dataKindTold(kind));
  }
  return result.error === undefined ? { data: result.data } : { error: problem(result.error) };
};

export const api = createApi({
  reducerPath: "api",
  baseQuery: asMe,
  tagTypes: [
    "Watchlists",
    "Preferences",
    "Jobs",
    "Quarantine",
    "Users",
    "Audit",
    "Tree",
    "Credentials",
    "Screeners",
    "AlertRules",
    "Alerts",
    "Webhooks",
    "CorporateActions",
    "Instruments",
    "Conflicts",
  ],
  endpoints: () => ({}),
});

function withToken(wish: string | FetchArgs, token: string | null): FetchArgs {
  const args = typeof wish === "string" ? { url: wish } : wish;
  return token === null ? args : { ...args, headers: { ...args.headers, Authorization: `Bearer ${token}` } };
}

function problem(error: { status: unknown; data?: unknown }): ApiProblem {
  if (typeof error.status !== "number") {
    return AWAY;
  }
  const body = (error.data ?? {}) as { detail?: string; code?: string; errors?: string[] };
  return {
    status: error.status,
    detail: body.detail ?? `The server answered ${error.status}.`,
    code: body.code ?? "",
    errors: body.errors ?? [],
  };
}
