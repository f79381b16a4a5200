// Runs the conformance kit on every target and prints the table; --write puts it into docs/targets.md.
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { COLUMNS } from './lib/columns.ts';
import { withTable } from './lib/document.ts';
import type { ColumnResult } from './lib/place.ts';
import { renderTable } from './lib/render-table.ts';
import { runColumn } from './lib/run-column.ts';

const DOCUMENT = join(import.meta.dirname, '..', '..', '..', 'docs', 'targets.md');

const { values } = parseArgs({ options: { write: { type: 'boolean' }, only: { type: 'string' } } });
const chosen = COLUMNS.filter(({ title }) => values.only === undefined || title.includes(values.only));
if (values.only !== undefined && (values.write === true || chosen.length === 0))
  throw new Error('--only names a target of the table, and goes without --write');
const columns: ColumnResult[] = [];
let wrong = 0;
for (const column of chosen) {
  process.stderr.write(`${column.title}: `);
  const start = performance.now();
  try {
    const result = await runColumn(column, ({ id, ...rest }) => {
      if (rest.status !== 'failed') return;
      wrong += 1;
      process.stderr.write(
        `\n  ${id}: ${rest.error instanceof Error ? rest.error.message : String(rest.error)}\n`,
      );
    });
    columns.push(result);
    const passed = result.results.filter(({ status }) => status === 'passed').length;
    process.stderr.write(`${passed} passed in ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  } catch (error) {
    wrong += 1;
    process.stderr.write(`cannot be run: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}
const table = renderTable(columns);
process.stdout.write(`${table}\n`);
if (values.write === true && wrong === 0) {
  await writeFile(DOCUMENT, withTable(await readFile(DOCUMENT, 'utf8'), table));
  execFileSync('oxfmt', [DOCUMENT]);
}
if (wrong > 0)
  process.stderr.write(
    `${wrong} cases or targets failed${values.write === true ? ': nothing was written' : ''}\n`,
  );
process.exitCode = wrong === 0 ? 0 : 1;
