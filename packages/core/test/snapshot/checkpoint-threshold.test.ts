import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';

import { thresholdShownAs } from '../../src/lib/snapshot/checkpoint-threshold.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

test.each([
  ['0 bytes', 0],
  ['1 byte', 1],
  ['1000 bytes', 1000],
  ['976.5 KiB', 1e6],
  ['16.0 MiB', 16 * MIB],
  ['19.0 MiB', 20e6],
  ['95.3 MiB', 100e6],
  ['512.0 MiB', 512 * MIB],
  ['1.0 GiB', GIB],
  ['1.5 GiB', 1.5 * GIB],
  ['1.8 GiB', 2e9],
  ['3.4 GiB', 3.7e9],
  ['931.3 GiB', 1e12],
])('of the thresholds that are shown as %s the roundest is %d bytes', (shown, bytes) => {
  expect(thresholdShownAs(shown)).toBe(bytes);
});

test.each(['1.0 PiB', '16383.9 PiB', '2.1GB', 'none', ''])('%j is not read', (shown) => {
  expect(thresholdShownAs(shown)).toBeUndefined();
});

test('is shown by DuckDB as it was, whatever the decimal', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const setTo = async (bytes: number): Promise<string> => {
    await connection.run(`SET checkpoint_threshold = '${bytes} bytes'`);
    const answer = await connection.runAndReadAll("SELECT current_setting('checkpoint_threshold')");
    return answer.getRowsJson()[0]?.[0] as string;
  };
  try {
    for (const unit of [1024, MIB, GIB, 1024 * GIB]) {
      for (const whole of [1, 15, 999, 1023]) {
        for (let part = 0; part < 1024; part += 93) {
          const shown = await setTo((whole + part / 1024) * unit);
          expect(await setTo(thresholdShownAs(shown) ?? -1)).toBe(shown);
        }
      }
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
});
