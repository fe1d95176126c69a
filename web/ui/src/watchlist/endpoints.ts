import { api } from "@/api/api";
import { marketClock } from "@/market/clock";
import { type KnownPrice, pricesKnown } from "@/market/quotes";

export interface ScreenerLine {
  id: string;
  name: string;
  description: string;
  /** Of the instruments it found last; before its first run, of its list. */
  count: number;
  is_own: boolean;
  /** Whether it looks for something; a list alone does not. */
  can_run: boolean;
}

export interface Watchlist {
  id: number;
  name: string;
  instruments: string[];
}

/** Prices by the keys they were asked for; times are milliseconds UTC. */
export interface PricesTold {
  prices: Record<string, number>;
  as_of: Record<string, number>;
  timestamp: number;
}

export const watchlistApi = api.injectEndpoints({
  endpoints: (build) => ({
    screeners: build.query<ScreenerLine[], void>({
      query: () => "api/v1/screeners/",
      transformResponse: (told: { items: ScreenerLine[] }) => told.items,
      providesTags: ["Screeners"],
    }),
    screenerInstruments: build.query<string[], string>({
      query: (id) => `api/v1/screeners/${encodeURIComponent(id)}`,
      transformResponse: (told: { instruments: { instrument: string }[] }) =>
        told.instruments.map(({ instrument }) => instrument),
      providesTags: ["Screeners"],
    }),
    watchlists: build.query<Watchlist[], void>({
      query: () => "watchlists/",
      transformResponse: (told: { items: Watchlist[] }) => told.items,
      providesTags: ["Watchlists"],
    }),
    watchlist: build.query<Watchlist, number>({ query: (id) => `watchlists/${id}` }),
    addWatchlist: build.mutation<Watchlist, string>({
      query: (name) => ({ url: "watchlists/", method: "POST", body: { name, instruments: [] } }),
      invalidatesTags: ["Watchlists"],
    }),
    changeWatchlist: build.mutation<Watchlist, Watchlist>({
      query: ({ id, name, instruments }) => ({ url: `watchlists/${id}`, method: "PUT", body: { name, instruments } }),
      invalidatesTags: ["Watchlists"],
    }),
    deleteWatchlist: build.mutation<unknown, number>({
      query: (id) => ({ url: `watchlists/${id}`, method: "DELETE" }),
      invalidatesTags: ["Watchlists"],
    }),
    currentPrices: build.query<PricesTold, readonly string[]>({
      query: (keys) => ({ url: "api/v1/current_prices", method: "POST", body: { keys } }),
      keepUnusedDataFor: 0,
      async onQueryStarted(_, { dispatch, queryFulfilled }) {
        const told = await queryFulfilled.catch(() => null);
        if (told !== null) {
          marketClock.tell(told.data.timestamp);
          dispatch(pricesKnown(knownPrices(told.data)));
        }
      },
    }),
  }),
});

/** Of a price whose time nobody tells the server still keeps that it is of the last half minute. */
export function knownPrices({ prices, as_of, timestamp }: PricesTold): KnownPrice[] {
  return Object.entries(prices).map(([instrument, price]) => ({
    instrument,
    price,
    observedMs: as_of[instrument] ?? timestamp,
  }));
}
