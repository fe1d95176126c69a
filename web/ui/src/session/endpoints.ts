import { api } from "@/api/api";
import type { Person } from "./session";

/** How one may come in here. */
export interface Ways {
  google: boolean;
  registration: boolean;
}

const endpoints = api.injectEndpoints({
  endpoints: (build) => ({
    me: build.query<Person, void>({ query: () => "auth/me" }),
    ways: build.query<Ways, void>({ query: () => "auth/ways" }),
  }),
});

export const { me } = endpoints.endpoints;
export const { useWaysQuery } = endpoints;
