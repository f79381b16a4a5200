const UNIT_MS = new Map(Object.entries({ ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }));

/** One number and one unit: `500ms`, `120s`, `1.5m`, `2h`, `1d`. A number alone is refused: nobody could tell its unit. */
export const DURATION_PATTERN: RegExp = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;

/** Timers of JavaScript take at most this; a longer one would fire at once. About 24.8 days. */
export const MAX_DURATION_MS: number = 2 ** 31 - 1;

/** The longest period that a calendar is asked about and not a timer: ten years. */
export const MAX_PERIOD_MS: number = 3650 * 86_400_000;

/** Milliseconds, rounded; `undefined` if `text` is no duration or one of more than `maxMs`. */
export function parseDuration(text: string, maxMs: number = MAX_DURATION_MS): number | undefined {
  const [, amount, unit = ''] = DURATION_PATTERN.exec(text) ?? [];
  const unitMs = UNIT_MS.get(unit);
  if (unitMs === undefined) return undefined;
  const ms = Math.round(Number(amount) * unitMs);
  return ms <= maxMs ? ms : undefined;
}
