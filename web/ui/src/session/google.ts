/** Signing in with Google: where to send the browser, and what it may come back with. */

/** Comes back to the sign-in page, which then finds the session and goes on to `to`. */
export function googleAddress(to: string): string {
  return `/auth/google/login?${new URLSearchParams({ return_to: `/sign-in?to=${encodeURIComponent(to)}` })}`;
}

const OUTCOMES: Readonly<Record<string, string>> = {
  denied: "Google says that you did not agree.",
  email_taken: "There is an account with this email and a password: sign in with it, then link Google in the settings.",
  email_not_verified: "Google has not verified your email address yet.",
  registration_closed: "Accounts are made by the administrator here. Ask them for one.",
  account_disabled: "This account is disabled. Ask your administrator.",
  linked_elsewhere: "This Google account belongs to another account here.",
};

/** What the `sign_in` of the address tells; empty where all went well. */
export function googleOutcome(code: string | null): string {
  if (code === null || code === "linked") {
    return "";
  }
  return OUTCOMES[code] ?? "Google did not sign you in. Try again, or use your password.";
}
