import { type CaseResult, runConformance } from '@quackup/target-testkit';

import type { Column, ColumnResult } from './place.ts';

/** Runs all cases on one target. @param onResult Hears of each case. */
export async function runColumn(
  { title, start }: Column,
  onResult: (result: CaseResult) => void,
): Promise<ColumnResult> {
  await using place = await start();
  const results: CaseResult[] = [];
  for await (const result of runConformance({ timeoutMs: 30_000, large: true, ...place.setup })) {
    results.push(result);
    onResult(result);
  }
  await using target = await place.setup.open();
  const deleteMany = target.deleteMany !== undefined;
  return { title, capabilities: { ...target.capabilities, deleteMany }, results };
}
