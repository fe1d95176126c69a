/** The chain that is looked at: pushed while the line is open, asked for while it is not, or as it was. */

import { hopeWords } from "@/api/problems";
import { useTryAgain } from "@/api/useTryAgain";
import { useAppSelector } from "@/app/store";
import { isAway } from "@/socket/isAway";
import { useFollow } from "@/socket/LineProvider";
import { type Expiry, useExpiriesQuery, useOptionChainQuery } from "./endpoints";
import { type ChainSnapshot, channelOf } from "./snapshot";

export interface ChainView {
  /** What is going on while there is nothing to show; empty when there is. */
  words: string;
  /** Canonical, as soon as somebody has told. */
  underlying: string;
  timezone: string;
  expiries: readonly Expiry[];
  expiry: string;
  chain: ChainSnapshot | null;
}

const ASK_MS = 5_000;
const NONE: Expiry[] = [];

/** `at`: an ISO time; empty: now. */
export function useChain(written: string, wantedExpiry: string, at: string): ChainView {
  const listed = useExpiriesQuery(written);
  useTryAgain(listed);
  const {
    underlying,
    timezone,
    items: expiries,
  } = listed.data ?? { underlying: written, timezone: "UTC", items: NONE };
  const expiry = (expiries.find((one) => one.expiry === wantedExpiry) ?? nextOf(expiries, at))?.expiry ?? "";
  const { chain, error } = useSnapshot(underlying, expiry, at);
  const problem = listed.error ?? error;
  const words =
    problem === undefined ? waitingWords(underlying, listed.data === undefined, expiry) : hopeWords(problem);
  return { words: chain === null ? words : "", underlying, timezone, expiries, expiry, chain };
}

/** The first that was not over then; after the close of a day of expiry that is the one after it. */
function nextOf(expiries: readonly Expiry[], at: string): Expiry | undefined {
  const instant = at === "" ? Date.now() : Date.parse(at);
  return expiries.find((one) => (one.expires_at ?? Number.POSITIVE_INFINITY) > instant) ?? expiries.at(-1);
}

function useSnapshot(underlying: string, expiry: string, at: string) {
  const isNow = at === "" && expiry !== "";
  const channel = channelOf(underlying, expiry);
  useFollow(isNow ? [channel] : []);
  const pushed = useAppSelector(({ liveChain }) => (liveChain.channel === channel ? liveChain.data : null));
  const isCutOff = useAppSelector((state) => isAway(state.interface.line));
  const { currentData: asked = null, error } = useOptionChainQuery(
    { underlying, expiry, at },
    {
      skip: expiry === "" || (isNow && pushed !== null && !isCutOff),
      pollingInterval: isNow ? ASK_MS : 0,
      refetchOnMountOrArgChange: true,
    },
  );
  return { chain: isNow ? newer(pushed, asked) : asked, error };
}

function newer(one: ChainSnapshot | null, other: ChainSnapshot | null): ChainSnapshot | null {
  return one !== null && (other === null || one.as_of >= other.as_of) ? one : other;
}

function waitingWords(underlying: string, isListing: boolean, expiry: string): string {
  if (isListing) {
    return `Looking for the options of ${underlying}…`;
  }
  return expiry === ""
    ? `No options of ${underlying} are listed here, or all of them have ended.`
    : `Reading the chain of ${underlying} that expires on ${expiry}…`;
}
