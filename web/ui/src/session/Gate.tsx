/** Lets those in who are signed in; the others to the sign-in page, and back afterwards. */

import { Navigate, Outlet, useLocation } from "react-router";
import { useAppSelector } from "@/app/store";
import { Waiting } from "@/parts/Waiting";

export function Gate() {
  const session = useAppSelector((state) => state.session);
  const { pathname, search } = useLocation();
  if (session.is === "unknown") {
    return <Waiting words={session.why || "Looking whether you are signed in…"} />;
  }
  if (session.is === "signed out") {
    return <Navigate to={`/sign-in?to=${encodeURIComponent(pathname + search)}`} replace />;
  }
  return <Outlet />;
}

/** For administrators only. */
export function AdminGate() {
  const isAdmin = useAppSelector(({ session }) => session.is === "signed in" && session.person.role === "admin");
  return isAdmin ? <Outlet /> : <Waiting words="These pages are for administrators. Ask yours for the role." />;
}
