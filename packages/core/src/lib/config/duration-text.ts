import * as z from 'zod';

import { DURATION_PATTERN } from './parse-duration.ts';

/** A duration as it is written. @param example `"5m"`, for messages. */
export function durationText(example: string): z.ZodString {
  // A number alone is the usual mistake: what is missing is the unit, and not the quotes.
  const error = `expected a duration such as ${example}`;
  return z.string({ error }).regex(DURATION_PATTERN, { error, abort: true });
}
