/** The sign of an alert; what it does is always told in words too. */
export function Bell() {
  return (
    <svg
      width="1em"
      height="1em"
      viewBox="0 0 16 16"
      aria-hidden="true"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
    >
      <path d="M3.5 11.5c1-1 1-2.5 1-4a3.5 3.5 0 0 1 7 0c0 1.5 0 3 1 4z" strokeLinejoin="round" />
      <path d="M6.7 13.6a1.4 1.4 0 0 0 2.6 0" strokeLinecap="round" />
    </svg>
  );
}
