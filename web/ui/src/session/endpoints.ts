import { api } from "@/api/api";
import type { Person } from "./session";

const endpoints = api.injectEndpoints({
  endpoints: (build) => ({
    me: build.query<Person, void>({ query: () => "auth/me" }),
  }),
});

export const { me } = endpoints.endpoints;
