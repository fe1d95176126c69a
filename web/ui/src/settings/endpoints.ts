import { api } from "@/api/api";
import type { Preferences } from "./preferences";

const endpoints = api.injectEndpoints({
  endpoints: (build) => ({
    preferences: build.query<Partial<Preferences>, void>({
      query: () => "preferences",
      transformResponse: (told: { preferences: Partial<Preferences> }) => told.preferences,
    }),
    keepPreferences: build.mutation<unknown, Preferences>({
      query: (preferences) => ({ url: "preferences", method: "PUT", body: { preferences } }),
    }),
    linkGoogle: build.mutation<{ url: string }, void>({
      query: () => ({ url: "auth/google/link", method: "POST", body: { return_to: "/settings" } }),
    }),
  }),
});

export const { usePreferencesQuery, useKeepPreferencesMutation, useLinkGoogleMutation } = endpoints;
