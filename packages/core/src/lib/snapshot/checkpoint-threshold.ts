/**
 * DuckDB tells its checkpoint threshold only as a text that is cut to one decimal, so what was set is not known for certain:
 * `1.8 GiB` is 2 GB, or any other of a hundred million numbers. Set again as it is shown it would be less each time,
 * since 1.8 GiB, in whole bytes, is shown as `1.7 GiB`.
 */
const SHOWN = /^(\d+)(?: bytes?|\.(\d) ([KMGT])iB)$/;
/** Above all that is read here. */
const LARGEST_STEP = 1e15;

/**
 * The threshold that is shown so, bytes. Of all that are, it is the roundest, in powers of 1000 or of 1024: what somebody
 * has set, as a rule, and always one that is shown the same again.
 *
 * @returns undefined if it is a PiB or more, which no WAL ever reaches, or not in a form that is known.
 */
export function thresholdShownAs(shown: string): number | undefined {
  const [, wholePart, tenthsPart, unit] = SHOWN.exec(shown) ?? [];
  if (wholePart === undefined) return undefined;
  const whole = Number(wholePart);
  if (unit === undefined) return whole;
  const tenths = Number(tenthsPart);
  // The decimal is made of the next smaller unit, whole ones only.
  const smallerUnit = 1024 ** 'KMGT'.indexOf(unit);
  const bytesAt = (tenth: number): number => (whole * 1024 + Math.ceil((tenth * 1024) / 10)) * smallerUnit;
  const least = bytesAt(tenths);
  const tooMuch = bytesAt(tenths + 1);
  let step = LARGEST_STEP;
  while (Math.ceil(least / step) * step >= tooMuch) step /= 10;
  const decimal = Math.ceil(least / step);
  // Only whole and half units are round in both.
  const isRound = tenths % 5 === 0 && digitsOf(whole * 10 + tenths) <= digitsOf(decimal);
  return isRound ? least : decimal * step;
}

/** How many digits a number has without the zeros at its end. */
const digitsOf = (count: number): number => String(count).replace(/0+$/, '').length;
