import { expect, it } from 'vitest';

import { errorOf, KEY, openPlace, sharedAzurite } from './support.ts';

const azurite = sharedAzurite();

// Backups are made and removed by what is not there: whatever goes wrong must not look like it.
const STATUSES = [400, 401, 403, 405, 408, 409, 411, 418, 429, 500, 501, 502, 503, 504, 507];

for (const kind of ['error', 'error-page', 'reset'] as const) {
  for (const status of kind === 'reset' ? [0] : STATUSES) {
    it(`never takes ${kind} ${status || ''} for an object that is not there`, async () => {
      await using place = await openPlace(azurite());
      place.proxy.addFault({ kind, status, times: Infinity });
      expect((await errorOf(place.target.stat(KEY))).code).not.toMatch(/NOT_FOUND/);
      expect((await errorOf(place.target.get(KEY))).code).not.toMatch(/NOT_FOUND/);
      // Of a range that lies behind the end.
      const range = { start: 10, end: 10 };
      expect((await errorOf(place.target.get(KEY, { range }))).code).not.toMatch(/NOT_FOUND/);
    });
  }
}
