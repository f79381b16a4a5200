/**
 * Commits to a database at a pace, a row and an update each time, and measures how long each commit takes:
 *
 *     node impact-writer.ts <JSON of PacedWriterRequest>
 *
 *     in    window    out   a line of JSON with the commits of the time since the last one, in milliseconds
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { pacedWriterRequest } from '../lib/protocol.ts';
import { loadEngine } from './database.ts';

const { path, engine, pace, threshold } = pacedWriterRequest.parse(JSON.parse(process.argv[2] ?? ''));
const instance = await loadEngine(engine).create(path);
const connection = await instance.connect();
if (threshold !== undefined) await connection.run(`SET checkpoint_threshold = '${threshold}'`);
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

let dueMs = performance.now();
for (let n = 1; ; n += 1) {
  if (typeof pace === 'number') {
    // What was missed while it could not run is not made up for.
    dueMs = Math.max(dueMs + 1000 / pace, performance.now() - 1000 / pace);
    await sleep(Math.max(0, dueMs - performance.now()));
  }
  const at = performance.now();
  await connection.run('BEGIN');
  await connection.run(`INSERT INTO impact VALUES (${n}, now()::TIMESTAMP, repeat('x', 200))`);
  await connection.run('UPDATE counter SET n = n + 1');
  await connection.run('COMMIT');
  const took = performance.now() - at;
  latencies.push(took);
  if (pace === 'half') await sleep(took);
}
