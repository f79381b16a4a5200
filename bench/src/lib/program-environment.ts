import type { Place } from './tools.ts';

/**
 * The environment of a measured program: as of a user who has set nothing. What this workspace sets for its own tasks
 * (`UV_THREADPOOL_SIZE`) and what a user has configured for a tool does not get in.
 *
 * @param temporary Folder for temporary files, and for Node's cache of compiled code, which a second run finds.
 */
export function programEnvironment(
  { home }: Pick<Place, 'home'>,
  temporary: string,
  own: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', HOME: home, TMPDIR: temporary, ...own };
}
