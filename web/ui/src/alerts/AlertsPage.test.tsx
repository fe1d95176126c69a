import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { Provider } from "react-redux";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeStore } from "@/app/store";
import { signedIn } from "@/session/session";
import { answering } from "@/testing/answering";
import { AlertsPage } from "./AlertsPage";

const SECRET = "whsec_shown-once";

let dataKind: string;
let sent: { path: string; body: unknown }[];

beforeEach(() => {
  vi.useFakeTimers();
  HTMLDialogElement.prototype.showModal ??= () => undefined;
  sent = [];
  dataKind = "live";
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function opened(role: "user" | "admin" = "user", kind: "user" | "operator" = "user") {
  answering(async (asked) => {
    const path = new URL(asked.url).pathname;
    if (asked.method === "POST") {
      sent.push({ path, body: await asked.json() });
      return path.endsWith("/webhooks")
        ? Response.json({ id: 1, name: "w", url: "https://example.org/", fingerprint: "abc", secret: SECRET })
        : Response.json({ detail: "condition.instrument: nobody lists it", code: "bad_request" }, { status: 400 });
    }
    return Response.json({ items: [], next_page_token: null }, { headers: { "X-Ticktree-Data": dataKind } });
  });
  const store = makeStore();
  store.dispatch(signedIn({ kind, id: "u1", role, scopes: [] }));
  render(
    <Provider store={store}>
      <MemoryRouter initialEntries={["/alerts?instrument=NSE:TCS"]}>
        <AlertsPage />
      </MemoryRouter>
    </Provider>,
  );
  await passed();
  return store;
}

async function passed(): Promise<void> {
  for (let step = 0; step < 5; step += 1) {
    await act(() => vi.advanceTimersByTimeAsync(50));
  }
}

it("comes from an instrument with its name written already, and tells what the server has against a rule", async () => {
  await opened();
  fireEvent.change(screen.getByLabelText("Value"), { target: { value: "100" } });
  fireEvent.submit(screen.getByRole("form", { name: "New rule" }));
  await passed();
  expect(sent[0]?.path).toBe("/api/v1/alerts/");
  expect(sent[0]?.body).toMatchObject({
    condition: { kind: "price", instrument: "NSE:TCS", comparison: "above", value: 100 },
    once: true,
  });
  expect(screen.getByRole("alert").textContent).toContain("nobody lists it");
});

it("a webhook's secret is shown once and remembered nowhere else", async () => {
  const store = await opened();
  fireEvent.change(screen.getByLabelText("Address"), { target: { value: "https://example.org/" } });
  fireEvent.submit(screen.getByRole("form", { name: "New webhook" }));
  await passed();
  expect(screen.getByText(SECRET)).toBeTruthy();
  expect(JSON.stringify(store.getState())).not.toContain(SECRET);
  fireEvent.click(screen.getByText("I have kept it"));
  expect(document.body.innerHTML).not.toContain(SECRET);
});

it("rules about tokens are offered to administrators alone, and none to who has no account", async () => {
  await opened();
  expect(screen.queryByText("A provider's token")).toBeNull();
  cleanup();
  await opened("admin");
  expect(screen.getByText("A provider's token")).toBeTruthy();
  cleanup();
  await opened("admin", "operator");
  expect(screen.getByText(/sign in to one/)).toBeTruthy();
});

it("with simulated data one alert can be seen at once, with real data nothing is made up", async () => {
  await opened();
  expect(screen.queryByText("Show me one")).toBeNull();
  cleanup();
  dataKind = "simulated";
  await opened();
  fireEvent.click(screen.getByText("Show me one"));
  await passed();
  expect(sent[0]?.body).toMatchObject({ name: "Example", condition: { instrument: "NSE:RELIANCE" }, once: true });
});
