/** The way from an instrument to a rule about its price. */

import { Link } from "react-router";
import { useAppSelector } from "@/app/store";
import { Bell } from "./Bell";

interface Props {
  instrument: string;
  className?: string | undefined;
  tabIndex?: number;
  /** Whether only its sign is seen. */
  isShort?: boolean;
}

export function AlertMe({ instrument, className, tabIndex, isShort = false }: Props) {
  const isUser = useAppSelector(({ session }) => session.is === "signed in" && session.person.kind === "user");
  if (!isUser) {
    return null;
  }
  return (
    <Link className={className} to={`/alerts?instrument=${encodeURIComponent(instrument)}`} tabIndex={tabIndex}>
      <Bell /> {!isShort && "Alert me"}
      <span className="unseen">{isShort ? `Alert me of ${instrument}` : ` of ${instrument}`}</span>
    </Link>
  );
}
