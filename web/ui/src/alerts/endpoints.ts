import { api } from "@/api/api";
import type { Delivery, NewWebhook, Rule, RuleDraft, ToldAlert, Webhook } from "./models";

const BASE = "api/v1/alerts";

interface Items<T> {
  items: T[];
}

const endpoints = api.injectEndpoints({
  endpoints: (build) => ({
    rules: build.query<Rule[], void>({
      query: () => `${BASE}/`,
      transformResponse: ({ items }: Items<Rule>) => items,
      providesTags: ["AlertRules"],
    }),
    addRule: build.mutation<Rule, RuleDraft>({
      query: (body) => ({ url: `${BASE}/`, method: "POST", body }),
      invalidatesTags: ["AlertRules"],
    }),
    changeRule: build.mutation<Rule, { id: number; draft: RuleDraft }>({
      query: ({ id, draft }) => ({ url: `${BASE}/${id}`, method: "PUT", body: draft }),
      invalidatesTags: ["AlertRules"],
    }),
    removeRule: build.mutation<Rule, number>({
      query: (id) => ({ url: `${BASE}/${id}`, method: "DELETE" }),
      invalidatesTags: ["AlertRules"],
    }),
    testRule: build.mutation<ToldAlert, number>({
      query: (id) => ({ url: `${BASE}/${id}/test`, method: "POST" }),
      invalidatesTags: ["Alerts"],
    }),
    toldAlerts: build.query<ToldAlert[], void>({
      query: () => `${BASE}/told`,
      transformResponse: ({ items }: Items<ToldAlert>) => items,
      providesTags: ["Alerts"],
    }),
    deliveries: build.query<Delivery[], void>({
      query: () => `${BASE}/deliveries`,
      transformResponse: ({ items }: Items<Delivery>) => items,
      providesTags: ["Alerts"],
    }),
    webhooks: build.query<Webhook[], void>({
      query: () => `${BASE}/webhooks`,
      transformResponse: ({ items }: Items<Webhook>) => items,
      providesTags: ["Webhooks"],
    }),
    addWebhook: build.mutation<NewWebhook, { name: string; url: string }>({
      query: (body) => ({ url: `${BASE}/webhooks`, method: "POST", body }),
      invalidatesTags: ["Webhooks"],
    }),
    removeWebhook: build.mutation<Webhook, number>({
      query: (id) => ({ url: `${BASE}/webhooks/${id}`, method: "DELETE" }),
      invalidatesTags: ["Webhooks", "AlertRules", "Alerts"],
    }),
  }),
});

export const {
  useRulesQuery,
  useAddRuleMutation,
  useChangeRuleMutation,
  useRemoveRuleMutation,
  useTestRuleMutation,
  useToldAlertsQuery,
  useDeliveriesQuery,
  useWebhooksQuery,
  useRemoveWebhookMutation,
} = endpoints;

/** What it answers is kept nowhere: it has a secret in it. */
export const addWebhook = (wish: { name: string; url: string }) =>
  endpoints.endpoints.addWebhook.initiate(wish, { track: false });
