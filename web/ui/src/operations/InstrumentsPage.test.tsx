import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { Provider } from "react-redux";
import { MemoryRouter } from "react-router";
import { afterEach, expect, it, vi } from "vitest";
import { makeStore } from "@/app/store";
import { answering } from "@/testing/answering";
import { InstrumentsPage } from "./InstrumentsPage";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("the ticks of an instrument are kept by a word, and nothing else of it is said again", async () => {
  const tcs = { id: 3, instrument: "NSE:TCS", name: "Tata Consultancy", kind: "equity", keep_ticks: false };
  const sent: unknown[] = [];
  answering(async (asked) => {
    if (asked.method === "PATCH") {
      const body = await asked.json();
      sent.push([new URL(asked.url).pathname, body]);
      Object.assign(tcs, body);
      return Response.json(tcs);
    }
    return Response.json({ items: [tcs], next_page_token: null });
  });
  render(
    <Provider store={makeStore()}>
      <MemoryRouter>
        <InstrumentsPage />
      </MemoryRouter>
    </Provider>,
  );
  const row = await screen.findByRole("row", { name: /NSE:TCS/ });
  fireEvent.click(within(row).getByRole("checkbox", { name: "not kept: ticks of NSE:TCS" }));
  await screen.findByText("The ticks of NSE:TCS are kept, within five seconds.");
  await within(row).findByRole("checkbox", { name: "kept: ticks of NSE:TCS", checked: true });
  expect(sent).toEqual([["/instruments/3", { keep_ticks: true }]]);
});
