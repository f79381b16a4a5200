// Reads a database with DuckDB in a process that can be given a time limit. Path in, rows and checksums as JSON out.
import { querySummary } from '@quackup/fixtures';

process.stdout.write(JSON.stringify(await querySummary(process.argv[2] ?? '')));
