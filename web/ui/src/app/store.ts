/** The store: what the pages show. */

import { configureStore } from "@reduxjs/toolkit";
import { useDispatch, useSelector } from "react-redux";
import { toastsReducer } from "@/alerts/toasts";
import { api } from "@/api/api";
import { chainReducer } from "@/chain/chain";
import type { ChainSnapshot } from "@/chain/snapshot";
import type { Book } from "@/depth/book";
import { candlesReducer } from "@/market/candles";
import { quotesReducer } from "@/market/quotes";
import { statusesReducer } from "@/market/statuses";
import { jobsReducer } from "@/operations/jobs";
import { runsReducer } from "@/screeners/runs";
import { sessionReducer } from "@/session/session";
import { preferencesReducer } from "@/settings/preferences";
import { newestOf } from "@/socket/newest";
import { interfaceReducer } from "./interface";

export function makeStore() {
  return configureStore({
    reducer: {
      session: sessionReducer,
      quotes: quotesReducer,
      candles: candlesReducer,
      statuses: statusesReducer,
      chain: chainReducer,
      liveChain: newestOf<ChainSnapshot>("chain"),
      liveDepth: newestOf<Book>("depth"),
      preferences: preferencesReducer,
      jobs: jobsReducer,
      toasts: toastsReducer,
      runs: runsReducer,
      interface: interfaceReducer,
      [api.reducerPath]: api.reducer,
    },
    // The checks of a development build walk the whole state at every frame.
    middleware: (usual) => usual({ serializableCheck: false, immutableCheck: false }).concat(api.middleware),
  });
}

export type Store = ReturnType<typeof makeStore>;
export type State = ReturnType<Store["getState"]>;
export type Dispatch = Store["dispatch"];

export const useAppDispatch = useDispatch.withTypes<Dispatch>();
export const useAppSelector = useSelector.withTypes<State>();
