import prettyBytes from 'pretty-bytes';
import prettyMs from 'pretty-ms';

/** `1.2 GiB` */
export function bytes(count: number): string {
  return prettyBytes(count, { binary: true });
}

/** `350ms`, `12.5s`, `2m 3s` */
export function duration(ms: number): string {
  return prettyMs(ms);
}

/** `3h ago`, `2d ago`; for a time that is still to come, the time itself. */
export function age(iso: string, now: Date): string {
  const ms = now.getTime() - Date.parse(iso);
  if (Number.isNaN(ms) || ms < 0) return moment(iso);
  return ms < 60_000 ? 'just now' : `${prettyMs(ms, { compact: true })} ago`;
}

/** `2026-11-22 02:00:00Z` */
export function moment(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return visible(iso);
  return date
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
}

/** `1 backup`, `3 backups` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** Text from a backup or a file name, without anything that a terminal would obey. */
export function visible(text: string): string {
  return text.replaceAll(CONTROL, '\uFFFD');
}
