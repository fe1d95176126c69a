/** The depth that is looked at: pushed, and asked for while nothing fresh is. */

import { hopeWords, type QueryError } from "@/api/problems";
import { useAppSelector } from "@/app/store";
import { sentence } from "@/formats/sentences";
import { useNow } from "@/market/useNow";
import { isAway } from "@/socket/isAway";
import { useFollow } from "@/socket/LineProvider";
import { type Book, channelOf } from "./book";
import { type DepthTold, useDepthQuery } from "./endpoints";

export interface DepthView {
  /** The newest that is known; null: none. */
  book: Book | null;
  /** Why there is none, or why it is not renewed; empty when all is well. */
  words: string;
}

const ASK_MS = 5_000;
/** The engine says so again and again, and what it brings after all is pushed. */
const REFUSED_MS = 30_000;
/** An older one may be of a feed that is away: REST says why. */
const FRESH_MS = 15_000;

export function useDepth(instrument: string): DepthView {
  const channel = channelOf(instrument);
  useFollow([channel]);
  const pushed = useAppSelector(({ liveDepth }) => (liveDepth.channel === channel ? liveDepth.data : null));
  const refused = useAppSelector(({ statuses }) => statuses.refused[channel]);
  const isCutOff = useAppSelector((state) => isAway(state.interface.line));
  const isFresh = useNow() - (pushed?.ts_recv ?? 0) < FRESH_MS;
  const { currentData: asked, error } = useDepthQuery(instrument, {
    skip: isFresh && !isCutOff,
    pollingInterval: refused === undefined || isCutOff ? ASK_MS : REFUSED_MS,
    skipPollingIfUnfocused: true,
    refetchOnMountOrArgChange: true,
  });
  const book = newer(pushed, bookOf(asked));
  const why = isFresh ? "" : whyWords(asked, error, refused);
  return { book, words: why || bookWords(instrument, book) };
}

function bookOf(told: DepthTold | undefined): Book | null {
  return told === undefined || told.ts_recv === null ? null : { ...told, ts_recv: told.ts_recv };
}

function newer(one: Book | null, other: Book | null): Book | null {
  return one !== null && (other === null || one.ts_recv >= other.ts_recv) ? one : other;
}

function whyWords(asked: DepthTold | undefined, error: QueryError | undefined, refused: string | undefined): string {
  if (error !== undefined) {
    return hopeWords(error);
  }
  if (asked === undefined) {
    return refused === undefined ? "" : sentence(refused);
  }
  return asked.failed && sentence(asked.failed);
}

function bookWords(instrument: string, book: Book | null): string {
  if (book === null) {
    return `Asking for the depth of ${instrument}…`;
  }
  return book.bids.length + book.asks.length === 0 ? "Nobody bids and nobody asks." : "";
}
