import { orderedMap } from '../archive/ordered-map.ts';
import { QuackupError } from '../errors.ts';
import { backupOfArchive } from '../format/backup-name.ts';
import type { StoredManifest } from '../format/manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import { readContent } from '../list/list-backups.ts';
import { loadManifest } from '../read/load-backup.ts';
import type { TargetClient } from '../target/target-client.ts';

const MANIFESTS_AT_ONCE = 16;

/** The backups of a target that refer to an archive that is not their own. */
export interface Dependents {
  readonly manifests: readonly StoredManifest[];
  /** Whether a manifest could not be read, which may refer to anything. */
  readonly hasUnreadable: boolean;
}

/** What the manifests of a target say of its archives. All of them are read at most once, and only if somebody must know. */
export class ArchiveRecords {
  readonly #client: TargetClient;
  #all: Promise<Dependents> | undefined;

  constructor(client: TargetClient) {
    this.#client = client;
  }

  /** The manifest beside an archive, if it can be read and is of this archive. */
  async ownerOf(name: string): Promise<StoredManifest | undefined> {
    const manifest = await this.#readable(backupOfArchive(name));
    return manifest?.archive.name === name ? manifest : undefined;
  }

  async dependentsOf(name: string): Promise<Dependents> {
    const { manifests, hasUnreadable } = await (this.#all ??= this.#readAll());
    return {
      manifests: manifests.filter(({ references }) => references.some((each) => each.name === name)),
      hasUnreadable,
    };
  }

  /** Whether any manifest says of an archive that it is this one. */
  async knows({ name, sha256 }: ArchiveReference): Promise<boolean> {
    if ((await this.ownerOf(name))?.archive.sha256 === sha256) return true;
    const { manifests } = await this.dependentsOf(name);
    return manifests.some(({ references }) =>
      references.some((each) => each.name === name && each.sha256 === sha256),
    );
  }

  async #readAll(): Promise<Dependents> {
    const manifests: StoredManifest[] = [];
    let hasUnreadable = false;
    const { manifests: names } = await readContent(this.#client);
    const all = orderedMap(names, this.#client.concurrency(MANIFESTS_AT_ONCE), (name) =>
      this.#readable(name),
    );
    for await (const manifest of all) {
      if (manifest === undefined) hasUnreadable = true;
      else manifests.push(manifest);
    }
    return { manifests, hasUnreadable };
  }

  async #readable(name: string): Promise<StoredManifest | undefined> {
    try {
      return await loadManifest(this.#client, name);
    } catch (error) {
      if (error instanceof QuackupError) return undefined;
      throw error;
    }
  }
}
