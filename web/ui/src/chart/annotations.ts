/** Draws behind the candles what is to be said of stretches: sessions, gaps, heals, and that prices are old. */

import type {
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  ITimeScaleApi,
  Logical,
  SeriesAttachedParameter,
  Time,
} from "lightweight-charts";
import type { Colours } from "./colours";
import type { GapMark, Stretch } from "./marks";

export interface Notes {
  sessions: readonly number[];
  gaps: readonly GapMark[];
  heals: readonly Stretch[];
  /** After which place nothing new has come for too long; null while prices flow. */
  staleFrom: number | null;
}

type Target = Parameters<IPrimitivePaneRenderer["draw"]>[0];

const NOTHING: Notes = { sessions: [], gaps: [], heals: [], staleFrom: null };
const NARROWEST = 5;
const HATCH = 7;
const HEAL_HEIGHT = 4;
/** Lines of sessions that are closer than that would be a grey veil. */
const CLOSEST = 28;

export class Annotations implements ISeriesPrimitive<Time>, IPrimitivePaneView, IPrimitivePaneRenderer {
  private notes = NOTHING;
  private chart: SeriesAttachedParameter<Time> | null = null;

  constructor(private colours: Colours) {}

  attached(chart: SeriesAttachedParameter<Time>): void {
    this.chart = chart;
  }

  detached(): void {
    this.chart = null;
  }

  show(notes: Notes): void {
    this.notes = notes;
    this.chart?.requestUpdate();
  }

  paint(colours: Colours): void {
    this.colours = colours;
    this.chart?.requestUpdate();
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return [this];
  }

  zOrder(): "bottom" {
    return "bottom";
  }

  renderer(): IPrimitivePaneRenderer {
    return this;
  }

  draw(target: Target): void {
    const axis = this.chart && axisOf(this.chart.chart.timeScale());
    if (axis === null) {
      return;
    }
    // biome-ignore lint/correctness/useHookAtTopLevel: the library calls it so, and it is no hook.
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      const { width, height } = mediaSize;
      const seen = ({ from, to }: Stretch) => axis.x(to) >= -NARROWEST && axis.x(from) <= width + NARROWEST;
      this.drawStale(context, axis, width, height);
      this.drawSessions(context, axis, height);
      for (const gap of this.notes.gaps.filter(seen)) {
        this.drawGap(context, axis, gap, height);
      }
      for (const heal of this.notes.heals.filter(seen)) {
        this.drawHeal(context, axis, heal, height);
      }
    });
  }

  private drawSessions(context: CanvasRenderingContext2D, { x, step }: Axis, height: number): void {
    const { sessions } = this.notes;
    const bars = ((sessions.at(-1) ?? 0) - (sessions[0] ?? 0)) / Math.max(1, sessions.length - 1);
    if (sessions.length > 1 && bars * step < CLOSEST) {
      return;
    }
    context.strokeStyle = this.colours.quiet;
    context.globalAlpha = 0.55;
    context.setLineDash([2, 4]);
    for (const place of sessions) {
      line(context, x(place - 0.5), 0, x(place - 0.5), height);
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /** Hatched, so that it is seen without its colour; the wide hatching is of what is being got. */
  private drawGap(context: CanvasRenderingContext2D, { x }: Axis, gap: GapMark, height: number): void {
    const width = Math.max(NARROWEST, x(gap.to) - x(gap.from));
    const left = (x(gap.from) + x(gap.to) - width) / 2;
    context.save();
    context.beginPath();
    context.rect(left, 0, width, height);
    context.clip();
    context.fillStyle = gap.state === "healing" ? this.colours.warnFaint : this.colours.downFaint;
    context.fillRect(left, 0, width, height);
    context.strokeStyle = gap.state === "healing" ? this.colours.warn : this.colours.down;
    context.globalAlpha = 0.6;
    const apart = gap.state === "healing" ? 2 * HATCH : HATCH;
    for (let offset = -height; offset < width; offset += apart) {
      line(context, left + offset, height, left + offset + height, 0);
    }
    context.restore();
  }

  private drawHeal(context: CanvasRenderingContext2D, { x }: Axis, heal: Stretch, height: number): void {
    context.fillStyle = this.colours.accent;
    context.fillRect(x(heal.from), height - HEAL_HEIGHT, Math.max(1, x(heal.to) - x(heal.from)), HEAL_HEIGHT);
  }

  private drawStale(context: CanvasRenderingContext2D, { x }: Axis, width: number, height: number): void {
    if (this.notes.staleFrom === null) {
      return;
    }
    const left = x(this.notes.staleFrom + 0.5);
    context.fillStyle = this.colours.warnFaint;
    context.fillRect(left, 0, Math.max(0, width - left), height);
    context.strokeStyle = this.colours.warn;
    line(context, left, 0, left, height);
  }
}

interface Axis {
  /** Where a place, or what lies between two, is on the pane. */
  x(place: number): number;
  step: number;
}

function axisOf(scale: ITimeScaleApi<Time>): Axis | null {
  const first = scale.logicalToCoordinate(0 as Logical);
  const second = scale.logicalToCoordinate(1 as Logical);
  if (first === null || second === null) {
    return null;
  }
  const step = second - first;
  return { x: (place) => first + place * step, step };
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}
