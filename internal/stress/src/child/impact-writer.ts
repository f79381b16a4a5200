/**
 * Commits to a database as fast as it can, or at a rate, and measures how long each commit takes:
 *
 *     node impact-writer.ts <database> <engine module> <commits per second, 0: as fast as it can>
 *
 *     in    window    out   a line of JSON with the commits of the time since the last one, in milliseconds
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { loadEngine } from './database.ts';

const [path = '', engine = '', rateText = '0'] = process.argv.slice(2);
const instance = await loadEngine(engine).create(path);
const connection = await instance.connect();
await connection.run('CREATE TABLE IF NOT EXISTS impact (n BIGINT, committed TIMESTAMP, note VARCHAR)');
await connection.run('CREATE TABLE IF NOT EXISTS counter AS SELECT 0::BIGINT AS n');

let latencies: number[] = [];
let startMs = performance.now();
createInterface({ input: process.stdin })
  .on('line', () => {
    const now = performance.now();
    process.stdout.write(`${JSON.stringify({ latencies, ms: now - startMs })}\n`);
    latencies = [];
    startMs = now;
  })
  .on('close', () => process.exit());

const rate = Number(rateText);
const begin = performance.now();
for (let n = 1; ; n += 1) {
  if (rate > 0) {
    const wait = begin + (n * 1000) / rate - performance.now();
    if (wait > 0) await sleep(wait);
  }
  const at = performance.now();
  await connection.run('BEGIN');
  await connection.run(`INSERT INTO impact VALUES (${n}, now()::TIMESTAMP, repeat('x', 200))`);
  await connection.run('UPDATE counter SET n = n + 1');
  await connection.run('COMMIT');
  latencies.push(performance.now() - at);
}
