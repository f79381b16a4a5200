/**
 * Writes to a database until its stdin ends, then closes it, or until it is killed:
 *
 *     node writer.ts <JSON of WriterRequest>
 *
 * Says on stdout, a line each: `begin k n` before connection k commits n, `commit k n` after it has returned, and `ready`.
 */
import { type WriterRequest, writerRequest } from '../lib/protocol.ts';
import { type Instance, loadEngine } from './database.ts';
import { LedgerWriter } from './ledger-writer.ts';

const say = (...words: readonly (string | number)[]): boolean => process.stdout.write(`${words.join(' ')}\n`);

/** The newest storage version is asked for by ATTACH; the file is the same to whoever opens it. */
async function openInstance(request: WriterRequest): Promise<Instance> {
  const engine = loadEngine(request.engine);
  if (request.storage === undefined) return engine.create(request.path);
  const instance = await engine.create();
  const connection = await instance.connect();
  await connection.run(`ATTACH '${request.path}' AS stress (STORAGE_VERSION '${request.storage}')`);
  return instance;
}

const request = writerRequest.parse(JSON.parse(process.argv[2] ?? ''));
const stopped = new AbortController();
process.stdin.on('end', () => stopped.abort());
process.stdin.resume();

const instance = await openInstance(request);
const writers: LedgerWriter[] = [];
for (let k = 0; k < request.connections; k += 1) {
  const connection = await instance.connect();
  if (request.storage !== undefined) await connection.run('USE stress');
  if (request.threshold !== undefined)
    await connection.run(`SET checkpoint_threshold = '${request.threshold}'`);
  const writer = new LedgerWriter(k, request, connection, (word, n) => say(word, k, n));
  await writer.prepare();
  writers.push(writer);
}
say('ready');
await Promise.all(
  writers.map(async (writer) => {
    while (!stopped.signal.aborted) await writer.commitOne();
  }),
);
instance.closeSync?.();
