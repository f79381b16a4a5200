import { whyNoPrograms } from '@quackup/fixtures';

const PROGRAMS = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'ceph', 'monmaptool'];

/** Why Ceph cannot be started here; undefined if it can. Where tests must not be skipped (CI) it throws instead. */
export function whyNoRgw(): string | undefined {
  const missing = whyNoPrograms(...PROGRAMS);
  if (missing === undefined) return undefined;
  return `${missing}: apt-get install --no-install-recommends radosgw ceph-mon ceph-osd ceph-common`;
}
