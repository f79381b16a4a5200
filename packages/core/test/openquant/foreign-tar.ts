import { gzipSync } from 'node:zlib';

import { Header, Pax, type types } from 'tar';

/** One entry of a tar file as nobody checks it. */
export interface ForeignEntry {
  readonly path: string;
  readonly body?: Uint8Array | string;
  readonly type?: types.EntryTypeName;
  readonly linkpath?: string;
  /** What the header says, if it is not the truth. */
  readonly declaredBytes?: number;
  /** Path in a pax header in front, which may hold what ustar cannot. */
  readonly paxPath?: string;
}

/** A tar file with these entries, in order, whatever they are. */
export function foreignTar(entries: readonly ForeignEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const { path, body = '', type = 'File', linkpath, declaredBytes, paxPath } of entries) {
    const bytes = Buffer.from(body);
    const size = declaredBytes ?? bytes.length;
    if (paxPath !== undefined) parts.push(new Pax({ path: paxPath, size }).encode());
    const head = Buffer.alloc(512);
    const header = new Header({
      path,
      type,
      size,
      mode: 0o644,
      mtime: new Date(0),
      ...(linkpath === undefined ? {} : { linkpath }),
    });
    header.encode(head, 0);
    parts.push(head, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** As {@link foreignTar}, compressed. */
export const foreignTarGz = (entries: readonly ForeignEntry[]): Buffer => gzipSync(foreignTar(entries));
