import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, describe, expect, it } from "vitest";
import { Plot } from "./Plot";
import { bands } from "./scale";
import type { Series } from "./series";

afterEach(cleanup);

const SERIES: Series[] = [
  { name: "Calls", tone: "call", values: [5, null, 7] },
  { name: "Puts", tone: "put", values: [1, 2, -3] },
];

function Example({ kind, series = SERIES }: { kind: "bars" | "lines"; series?: Series[] }) {
  const [cursor, setCursor] = useState(2);
  const count = series[0]?.values.length ?? 0;
  return (
    <Plot
      title="Interest"
      kind={kind}
      places={bands(count)}
      series={series}
      marks={[
        { name: "Spot", place: 0.25 },
        { name: "Elsewhere", place: null },
      ]}
      cursor={cursor}
      onCursor={setCursor}
      nameOf={(index) => `strike ${index}`}
      format={(value) => (value === null ? "–" : String(value))}
    />
  );
}

describe("a plot", () => {
  it("tells the values at its cursor, which keys move", () => {
    render(<Example kind="bars" />);
    const cursor = screen.getByRole("slider", { name: "Interest" });
    expect(cursor.getAttribute("aria-valuetext")).toBe("strike 2: Calls 7, Puts -3");

    fireEvent.change(cursor, { target: { value: "1" } });
    expect(cursor.getAttribute("aria-valuetext")).toBe("strike 1: Calls –, Puts 2");
  });

  it("tells why a value is not known where that is known", () => {
    const ratio: Series = { name: "Ratio", tone: "plain", values: [1, 2, null], notes: ["", "", "no calls"] };
    render(<Example kind="lines" series={[ratio]} />);
    expect(screen.getByRole("slider").getAttribute("aria-valuetext")).toBe("strike 2: Ratio – no calls");
    expect(screen.getByTitle("no calls").textContent).toBe("Ratio –");
  });

  it("follows the pointer to the nearest place", () => {
    const { container } = render(<Example kind="lines" />);
    const picture = screen.getByRole("slider").parentElement as HTMLElement;
    picture.getBoundingClientRect = () => new DOMRect(100, 0, 300, 100);

    fireEvent.pointerMove(picture, { clientX: 120 });
    expect(container.textContent).toContain("strike 0");
    expect(screen.getByRole("slider").getAttribute("aria-valuetext")).toContain("strike 0");
  });

  it("draws a bar for each value that is known, from zero up or down", () => {
    const { container } = render(<Example kind="bars" />);
    const [calls, puts] = paths(container);
    expect(calls?.match(/M/g)).toHaveLength(2);
    expect(puts?.match(/M/g)).toHaveLength(3);
  });

  it("breaks a line where a value is not known, and still shows one that stands alone", () => {
    const { container } = render(<Example kind="lines" />);
    const [calls, puts] = paths(container);
    expect(calls?.match(/M[^M]*h0/g)).toHaveLength(2);
    expect(puts?.match(/M/g)).toHaveLength(1);
    expect(puts?.match(/L/g)).toHaveLength(2);
  });

  it("marks what stands among its places only", () => {
    render(<Example kind="lines" />);
    expect(screen.queryByText("Spot")).not.toBeNull();
    expect(screen.queryByText("Elsewhere")).toBeNull();
  });

  it("says so where there is nothing to show", () => {
    render(<Example kind="bars" series={[]} />);
    expect(screen.queryByText("Nothing is known of it yet.")).not.toBeNull();
    expect(screen.queryByRole("slider")).toBeNull();
  });
});

function paths(container: HTMLElement): (string | null)[] {
  return [...container.querySelectorAll("path[data-tone]")].map((path) => path.getAttribute("d"));
}
