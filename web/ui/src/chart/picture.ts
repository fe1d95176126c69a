/** The picture of a series: the one place that knows the charting library. It is told what to show, and draws what changed. */

import {
  CandlestickSeries,
  ColorType,
  createChartEx,
  HistogramSeries,
  type IChartApiBase,
  type ISeriesApi,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import { type Candle, difference, type Series } from "@/market/series";
import { Annotations, type Notes } from "./annotations";
import type { Clock } from "./clock";
import { type Colours, coloursNow } from "./colours";
import { type Display, drawn } from "./display";
import { ExchangeScale, markText } from "./scale";
import { DAY_MS } from "./timeframes";

export interface Scene {
  series: Series;
  display: Display;
  notes: Notes;
}

const VOLUME_SHARE = 0.22;
/**
 * From so many candles on, those that fall on one pixel are drawn as one, from the lowest low to the highest high: fifty
 * thousand would take a third of a second. The library then takes no candle of the past: it wants all of them again.
 */
const LONG = 5_000;

export class Picture {
  private readonly chart: IChartApiBase<Time>;
  private readonly candles: ISeriesApi<"Candlestick", Time>;
  private readonly volumes: ISeriesApi<"Histogram", Time>;
  private readonly annotations: Annotations;
  private shown: Series = [];
  private drawnCount = 0;
  private isLong = false;
  private display: Display = { continuous: false, wick: "" };

  constructor(
    container: HTMLElement,
    private readonly lengthMs: number,
    decimals: number,
    private readonly clock: Clock,
    private colours: Colours = coloursNow(),
  ) {
    this.chart = createChartEx<Time, ExchangeScale>(container, new ExchangeScale(clock), this.options());
    this.candles = this.chart.addSeries(CandlestickSeries, {
      priceFormat: { type: "price", precision: decimals, minMove: 10 ** -decimals },
    });
    this.volumes = this.chart.addSeries(
      HistogramSeries,
      { priceFormat: { type: "volume" }, priceLineVisible: false, lastValueVisible: false },
      1,
    );
    this.chart.panes()[0]?.setStretchFactor(1 - VOLUME_SHARE);
    this.chart.panes()[1]?.setStretchFactor(VOLUME_SHARE);
    this.annotations = new Annotations(colours);
    this.candles.attachPrimitive(this.annotations);
    this.paint(colours);
  }

  show({ series, display, notes }: Scene): void {
    const isOther = display.continuous !== this.display.continuous || display.wick !== this.display.wick;
    const change = isOther ? ({ is: "all" } as const) : difference(this.shown, series);
    this.shown = series;
    this.display = display;
    if (change.is === "all" || (change.is === "some" && this.isLong && this.isPast(change.places))) {
      this.drawAll();
    } else if (change.is === "some") {
      this.drawSome(change.places);
    }
    this.annotations.show(notes);
  }

  paint(colours: Colours): void {
    this.colours = colours;
    const { up, down } = colours;
    this.chart.applyOptions(this.options());
    this.candles.applyOptions({
      upColor: up,
      downColor: down,
      wickUpColor: up,
      wickDownColor: down,
      borderVisible: false,
    });
    this.volumes.setData(this.shown.map((candle) => this.volume(candle)));
    this.annotations.paint(colours);
  }

  /** Told the time of the candle under the crosshair, null when there is none. */
  onPoint(told: (time: number | null) => void): void {
    this.chart.subscribeCrosshairMove(({ time }) => told(time === undefined ? null : (time as UTCTimestamp) * 1000));
  }

  /** By so many bars; to the right when positive. */
  scroll(bars: number): void {
    const scale = this.chart.timeScale();
    scale.scrollToPosition(scale.scrollPosition() + bars, false);
  }

  zoom(factor: number): void {
    const { barSpacing } = this.chart.timeScale().options();
    this.chart.timeScale().applyOptions({ barSpacing: Math.min(60, Math.max(0.5, barSpacing * factor)) });
  }

  showNewest(): void {
    this.chart.timeScale().scrollToRealTime();
  }

  showAll(): void {
    this.chart.timeScale().fitContent();
  }

  remove(): void {
    this.chart.remove();
  }

  /** Whether one of them is before the last that is drawn. */
  private isPast(places: readonly number[]): boolean {
    return places.some((place) => place < this.drawnCount - 1);
  }

  private drawAll(): void {
    this.isLong = this.shown.length > LONG;
    this.chart.timeScale().applyOptions({ enableConflation: this.isLong });
    this.candles.setData(this.shown.map((_, place) => this.candle(place)));
    this.volumes.setData(this.shown.map((candle) => this.volume(candle)));
    this.drawnCount = this.shown.length;
  }

  /** All of them have a place already, or are newer than all that have. */
  private drawSome(places: readonly number[]): void {
    const last = this.shown.length - 1;
    // With continuous opens the next candle begins where this one has closed.
    const touched = this.display.continuous ? places.flatMap((place) => [place, Math.min(place + 1, last)]) : places;
    for (const place of [...new Set(touched)].sort((one, other) => one - other)) {
      const isHistorical = place < this.drawnCount - 1;
      this.candles.update(this.candle(place), isHistorical);
      this.volumes.update(this.volume(this.shown[place] as Candle), isHistorical);
      this.drawnCount = Math.max(this.drawnCount, place + 1);
    }
  }

  private candle(place: number) {
    const candle = this.shown[place] as Candle;
    return { time: seconds(candle), ...drawn(this.shown, place, this.display, this.lengthMs) };
  }

  private volume(candle: Candle) {
    const color = candle.close < candle.open ? this.colours.down : this.colours.up;
    return { time: seconds(candle), value: candle.volume, color: `${color}80` };
  }

  private options() {
    const { ground, text, quiet, line } = this.colours;
    const isDaily = this.lengthMs >= DAY_MS;
    return {
      autoSize: true,
      layout: {
        // Its logo brings a style of its own, which the policy of our pages refuses; the page names it in words.
        attributionLogo: false,
        background: { type: ColorType.Solid, color: ground },
        textColor: text,
        panes: { separatorColor: line },
      },
      grid: { vertLines: { visible: false }, horzLines: { color: line } },
      rightPriceScale: { borderColor: line },
      crosshair: { mode: 0, vertLine: { color: quiet }, horzLine: { color: quiet } },
      localization: {
        timeFormatter: (time: Time) => {
          const ms = (time as UTCTimestamp) * 1000;
          return isDaily ? this.clock.date(ms) : this.clock.moment(ms);
        },
      },
      timeScale: {
        borderColor: line,
        timeVisible: !isDaily,
        secondsVisible: false,
        rightOffset: 6,
        // A year of minutes fits on a phone.
        minBarSpacing: 0.001,
        tickMarkFormatter: (time: Time, type: number) => markText(time, type, this.clock),
      },
    };
  }
}

function seconds({ time }: Candle): UTCTimestamp {
  return (time / 1000) as UTCTimestamp;
}
