import type * as Files from 'node:fs/promises';
import { writeFileSync } from 'node:fs';

/** What happens at which step of the file system's work. */
export interface Fault {
  /** The step that fails, counted from 1. */
  readonly step: number;
  /**
   * `crash`: nothing is done from here on, as if the process had been killed. `once`: this step fails, the later ones work.
   * `onwards`: this and every later one fails.
   */
  readonly kind: 'crash' | 'once' | 'onwards';
  /** Of the error; ENOSPC, for one. */
  readonly code?: string;
}

/** Thrown at a crash and by everything after it. */
export class Crashed extends Error {}

/** Steps that change something, counted, and failing on demand. `hardLinks: false` plays a file system without them. */
export class FaultyFiles {
  fault: Fault | undefined;
  hardLinks = true;
  steps = 0;
  #crashed = false;

  arm(fault: Fault | undefined): void {
    this.fault = fault;
    this.steps = 0;
    this.#crashed = false;
  }

  /** `node:fs/promises`, with this in between. Syncing does nothing: no test pulls the plug. */
  wrap(files: typeof Files): typeof Files {
    const step = <Arguments extends unknown[], Result>(
      work: (...values: Arguments) => Promise<Result>,
    ): ((...values: Arguments) => Promise<Result>) => {
      return async (...values) => {
        this.#step();
        return work(...values);
      };
    };
    return {
      ...files,
      rename: step(files.rename),
      unlink: step(files.unlink),
      rm: step(files.rm),
      mkdir: step(files.mkdir as never) as typeof files.mkdir,
      link: async (from, to) => {
        this.#step();
        if (!this.hardLinks)
          throw Object.assign(new Error('EPERM: link'), { code: 'EPERM', syscall: 'link' });
        return files.link(from, to);
      },
      open: async (path, flags, mode) => {
        if (flags === 'r') this.#alive();
        else this.#step();
        return this.#handle(await files.open(path, flags, mode), String(path));
      },
      lstat: (async (path: string) => {
        this.#alive();
        return files.lstat(path);
      }) as typeof files.lstat,
      readFile: (async (path: string, options: never) => {
        this.#alive();
        return files.readFile(path, options);
      }) as typeof files.readFile,
      readdir: (async (path: string) => {
        this.#alive();
        return files.readdir(path);
      }) as unknown as typeof files.readdir,
    };
  }

  #handle(handle: Files.FileHandle, path: string): Files.FileHandle {
    const steps = {
      writeFile: async (text: string): Promise<void> => {
        this.#step();
        // Half of it first: the place where a crash leaves a text that is cut off.
        writeFileSync(path, text.slice(0, text.length / 2));
        this.#step();
        writeFileSync(path, text);
      },
      write: async (...values: Parameters<typeof handle.write>): Promise<unknown> => {
        this.#step();
        return handle.write(...values);
      },
      truncate: async (length: number): Promise<void> => {
        this.#step();
        return handle.truncate(length);
      },
      chmod: async (mode: number): Promise<void> => {
        this.#step();
        return handle.chmod(mode);
      },
      sync: async (): Promise<void> => this.#step(),
    };
    return new Proxy(handle, {
      get: (target, name) => {
        if (name in steps) return steps[name as keyof typeof steps];
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    });
  }

  #alive(): void {
    if (this.#crashed) throw new Crashed();
  }

  #step(): void {
    this.#alive();
    this.steps += 1;
    const { fault } = this;
    if (fault === undefined || this.steps < fault.step) return;
    if (this.steps > fault.step && fault.kind !== 'onwards') return;
    if (fault.kind === 'crash') {
      this.#crashed = true;
      throw new Crashed();
    }
    const { code = 'EIO' } = fault;
    throw Object.assign(new Error(`${code}: made up`), { code, syscall: 'made up' });
  }
}
