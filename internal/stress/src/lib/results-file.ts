/** Results of several runs in one file: a line of JSON for each attempt, appended as they come. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

import { type Attempt, attemptSchema } from './attempt.ts';

export function appendResult(path: string, attempt: Attempt): void {
  appendFileSync(path, `${JSON.stringify(attempt)}\n`);
}

/** @throws ZodError if a line is no attempt. */
export function readResults(path: string): Attempt[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => attemptSchema.parse(JSON.parse(line)));
}
