import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { Provider } from "react-redux";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeStore } from "@/app/store";
import { answering } from "@/testing/answering";
import { CredentialsPage } from "./CredentialsPage";

const CANARY = "canary-that-is-entered";
const NOW = 1_795_252_564_000;

let entered: unknown[];
let told: Record<string, unknown>;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  // The document of these tests has no dialogs.
  HTMLDialogElement.prototype.showModal ??= () => undefined;
  entered = [];
  told = {
    items: [],
    in_force: { identity: "1100012345", source: "environment", expires_at: NOW + 3_600_000 },
    can_keep: true,
    needs_identity: true,
    kinds: ["token", "totp"],
  };
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function opened() {
  answering(async (asked) => {
    if (asked.method === "POST" && asked.url.endsWith("/provider/7/credentials")) {
      entered.push(await asked.json());
      return Response.json({ id: 1 }, { status: 201 });
    }
    const isList = asked.url.endsWith("/provider/");
    return Response.json(isList ? { items: [{ id: 7, name: "dhan" }], next_page_token: null } : told);
  });
  const store = makeStore();
  render(
    <Provider store={store}>
      <CredentialsPage />
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

it("says how long what the engine uses still serves", async () => {
  await opened();
  expect(screen.getByText("ends soon")).toBeTruthy();
  expect(screen.getByText(/of 1100012345 from the settings; it ends in 60 min/)).toBeTruthy();
});

it("a token that is entered is sent once and remembered nowhere", async () => {
  const store = await opened();
  fireEvent.change(screen.getByLabelText("Token"), { target: { value: `${CANARY}\n` } });
  fireEvent.submit(screen.getByText("Enter it").closest("form") as HTMLFormElement);
  await passed();
  expect(entered).toEqual([{ kind: "token", identity: "1100012345", token: CANARY }]);
  expect(JSON.stringify(store.getState())).not.toContain(CANARY);
  expect(document.body.innerHTML).not.toContain(CANARY);
  expect((screen.getByLabelText("Token") as HTMLInputElement).value).toBe("");
});

it("where tokens are made of codes, their seed and PIN may be entered instead", async () => {
  await opened();
  fireEvent.change(screen.getByLabelText("What"), { target: { value: "totp" } });
  fireEvent.change(screen.getByLabelText("Seed"), { target: { value: "JBSWY3DPEHPK3PXP" } });
  fireEvent.change(screen.getByLabelText("PIN"), { target: { value: "1234" } });
  fireEvent.submit(screen.getByText("Enter it").closest("form") as HTMLFormElement);
  await passed();
  expect(entered).toEqual([{ kind: "totp", identity: "1100012345", seed: "JBSWY3DPEHPK3PXP", pin: "1234" }]);
});

it("without a key to seal them with nothing can be entered, and a sentence says what to do", async () => {
  told = { ...told, can_keep: false };
  await opened();
  expect(screen.getByText(/ticktree credentials key/)).toBeTruthy();
  expect(screen.queryByLabelText("Token")).toBeNull();
});
