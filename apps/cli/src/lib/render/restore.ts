import type { RestoreReport } from '@quackup/core';

import type { Colors } from '../colors.ts';
import { failure } from './backup.ts';
import { bytes, counted, duration, visible } from './format.ts';

/** Where everything is now, or would be. */
export function renderRestore(report: RestoreReport, colors: Colors): string[] {
  const { restored, movedAside, failed, recovered, warnings, dryRun } = report;
  const verb = dryRun ? 'would restore' : 'restored';
  return [
    ...recovered.map((text) => `${colors.yellow('recovered:')} ${visible(text)}`),
    ...restored.map(
      ({ name, path, sizeBytes }) => `${verb} ${visible(name)} to ${visible(path)} (${bytes(sizeBytes)})`,
    ),
    ...movedAside.map((path) => `${dryRun ? 'would keep' : 'kept'} what was there as ${visible(path)}`),
    ...warnings.map((text) => `${colors.yellow('warning:')} ${visible(text)}`),
    ...failed.flatMap(({ path, error }) => failure(visible(path), error, colors)),
    dryRun
      ? 'dry run: nothing was changed'
      : `${colors.bold(visible(report.backup))}: ${counted(restored.length, 'database')} restored, ${duration(report.durationMs)}`,
  ];
}
