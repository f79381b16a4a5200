import type { CaseResult } from '@quackup/target-testkit';

import type { ColumnResult } from './place.ts';

export const groupOf = (id: string): string => id.slice(0, id.indexOf('.'));

/** A case that a capability is denied and therefore refused. */
const isDenial = ({ id }: { readonly id: string }): boolean => id.endsWith('.denied');

/** Markdown: cases that passed for each part of the contract, then what became of all, then capabilities. */
export function renderTable(columns: readonly ColumnResult[]): string {
  const [first] = columns;
  if (first === undefined) return '';
  const groups = [...new Set(first.results.map(({ id }) => groupOf(id)))];
  const rows = groups.map((group) => groupRow(group, columns));
  const count = (which: (result: CaseResult) => boolean): string[] =>
    columns.map(({ results }) => `${results.filter(which).length}`);
  const totals = [
    ['**passed**', ...count((each) => each.status === 'passed' && !isDenial(each))],
    ['**denied, and refused**', ...count((each) => each.status === 'passed' && isDenial(each))],
    ['**not applicable**', ...count(({ status }) => status === 'not-applicable')],
    ['**known to fail**', ...count(({ status }) => status === 'known-failure')],
    ['**failed**', ...count(({ status }) => status === 'failed')],
  ];
  const titles = columns.map(({ title }) => title);
  return [
    ...table(['cases', ...titles], [...rows, ...totals]),
    '',
    ...table(['capability', ...titles], capabilityRows(columns)),
  ].join('\n');
}

function groupRow(group: string, columns: readonly ColumnResult[]): readonly string[] {
  const own = columns.map(({ results }) => results.filter(({ id }) => groupOf(id) === group));
  return [`\`${group}\` (${own[0]?.length ?? 0})`, ...own.map(groupCell)];
}

function groupCell(results: readonly CaseResult[]): string {
  const count = (status: CaseResult['status']): number =>
    results.filter((each) => each.status === status).length;
  if (count('failed') > 0) return `${count('failed')} failed`;
  const passed = results.filter(({ status }) => status === 'passed');
  if (passed.some(isDenial)) return 'refused';
  return passed.length === 0 ? '–' : `${passed.length}`;
}

function capabilityRows(columns: readonly ColumnResult[]): readonly (readonly string[])[] {
  return [
    ['put if absent', ...columns.map(({ capabilities }) => yesNo(capabilities.putIfAbsent))],
    ['put if match', ...columns.map(({ capabilities }) => yesNo(capabilities.putIfMatch))],
    ['largest object', ...columns.map(({ capabilities }) => sizeOf(capabilities.maxObjectSize))],
    ['many deletes in one request', ...columns.map(({ capabilities }) => yesNo(capabilities.deleteMany))],
  ];
}

const yesNo = (can: boolean): string => (can ? 'yes' : 'no');

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function sizeOf(bytes: number | undefined): string {
  return bytes === undefined ? 'no limit' : `${Math.floor(bytes / 1024 ** 4)} TiB`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return [line(titles), line(titles.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows.map(line)];
}
