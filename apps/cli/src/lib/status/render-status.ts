import type { StatusReport, TargetStatus } from './judge-status.ts';

/**
 * As monitoring plugins print it: one line of text with performance data behind a `|`, then a line for each target.
 * https://nagios-plugins.org/doc/guidelines.html#AEN33
 */
export function renderStatus(report: StatusReport): string[] {
  const { status, targets, lastRun } = report;
  const parts = [...targets, ...(lastRun === null ? [] : [lastRun])];
  const telling = parts.filter(({ state }) => state === status).map(({ message }) => message);
  const performance = performanceData(report);
  return [
    `QUACKUP ${status.toUpperCase()} - ${plain(telling.join('; '))}${performance === '' ? '' : ` | ${performance}`}`,
    ...parts.map(({ state, message }) => `${state}: ${plain(message)}`),
  ];
}

/** `'label'=value[UOM];[warn];[crit];[min];[max]` */
function performanceData({ targets, lastRun, maxAgeSeconds }: StatusReport): string {
  return [
    ...targets.flatMap((target) => targetData(target, maxAgeSeconds)),
    ...(lastRun === null ? [] : [`run_duration=${lastRun.durationSeconds}s;;;0`]),
  ].join(' ');
}

function targetData(
  { target, ageSeconds, backups, storedBytes }: TargetStatus,
  maxAgeSeconds: number,
): string[] {
  return [
    ...(typeof ageSeconds === 'number'
      ? [`${target}_age=${Math.max(0, ageSeconds)}s;;${maxAgeSeconds};0`]
      : []),
    ...(backups === undefined ? [] : [`${target}_backups=${backups};;;0`]),
    ...(storedBytes === undefined ? [] : [`${target}_stored=${storedBytes}B;;;0`]),
  ];
}

/** A `|` would begin performance data, and a line break another line. */
export function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what must go
  return text.replaceAll('|', '/').replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
