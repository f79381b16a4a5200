import type { VerifyProblem, VerifyReport } from '@quackup/core';

import type { Colors } from '../colors.ts';
import { verifyState } from '../verify-state.ts';
import { counted, duration, visible } from './format.ts';

/** What verifications found, one backup after the other. */
export function renderVerify(reports: readonly VerifyReport[], colors: Colors): string[] {
  return reports.flatMap((report) => {
    const name = visible(report.backup);
    const head = {
      ok: `${colors.green('ok')}  ${name}: ${report.level}, ${duration(report.durationMs)}`,
      unreadable: `${colors.yellow('UNREADABLE')}  ${name}: ${report.level}`,
      damaged: `${colors.red('DAMAGED')}  ${name}: ${report.level}, ${counted(report.problems.length, 'problem')}`,
    }[verifyState(report)];
    return [
      head,
      ...report.problems.map(({ code, object, database, message }) => {
        const where = database === undefined ? object : `${object}, ${database}`;
        return `  ${colors.red(code)} in ${visible(where)}: ${visible(message)}`;
      }),
      ...[...hintsOf(report.problems)].map((hint) => `  try: ${visible(hint)}`),
      ...report.notes.map((note) => `  note: ${visible(note)}`),
      ...(report.databases ?? []).map(({ name: database, tables, engine }) => {
        const rows = tables.reduce((sum, table) => sum + table.rows, 0);
        return `  ${visible(database)}: ${counted(tables.length, 'table')}, ${counted(rows, 'row')} read by DuckDB ${visible(engine)}`;
      }),
    ];
  });
}

/** Each once, however many problems it helps with. */
function hintsOf(problems: readonly VerifyProblem[]): ReadonlySet<string> {
  return new Set(problems.flatMap(({ hint }) => (hint === undefined ? [] : [hint])));
}
