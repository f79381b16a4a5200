import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const PROGRAMS = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'ceph', 'monmaptool'];

/** Why Ceph cannot be started here, or undefined. In CI it has to be there (`QUACKUP_TOOLS=required`): `.ci/run` installs it. */
export const noRgw: string | undefined = whyNot();

function whyNot(): string | undefined {
  if (process.env['QUACKUP_TOOLS'] === 'required') return undefined;
  const missing = PROGRAMS.filter((program) => !isInstalled(program));
  if (missing.length === 0) return undefined;
  return `${missing.join(', ')} not here: apt-get install --no-install-recommends radosgw ceph-mon ceph-osd ceph-common`;
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
