// Builds the database in a process that can be given a time limit. Path and size in, facts as JSON out.
import { buildBenchDatabase } from '@quackup/fixtures';

const [path = '', bytes] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await buildBenchDatabase(path, { bytes: Number(bytes) })));
