import { type Config, type NamedTarget, openTarget, QuackupError } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { BUILTIN_TARGETS } from './builtin-targets.ts';

/** Targets that are open until this is disposed of. */
export class OpenTargets implements AsyncDisposable {
  readonly #targets: NamedTarget[] = [];
  readonly #failed: { name: string; error: QuackupError }[] = [];

  /**
   * Opens the targets of these names.
   *
   * @throws what {@link openTarget} throws. But if `several` is set, a target that fails (TARGET_FAILED) is only put
   *   among {@link failed} as long as another one opens; what is wrong with the configuration is thrown in any case.
   */
  static async open(
    names: readonly string[],
    config: Config,
    { io }: CommandContext,
    { several = false }: { several?: boolean } = {},
  ): Promise<OpenTargets> {
    const opened = new OpenTargets();
    try {
      for (const name of names) {
        try {
          const { env, signal } = io;
          opened.#targets.push(await openTarget(name, config, BUILTIN_TARGETS, { env, signal }));
        } catch (error) {
          if (!several || !(error instanceof QuackupError) || error.code !== 'TARGET_FAILED') throw error;
          opened.#failed.push({ name, error });
        }
      }
      const [first] = opened.#failed;
      if (opened.#targets.length === 0 && first !== undefined) throw first.error;
      return opened;
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
  }

  get targets(): readonly NamedTarget[] {
    return this.#targets;
  }

  get failed(): readonly { readonly name: string; readonly error: QuackupError }[] {
    return this.#failed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#targets.map(({ target }) => target.close()));
  }
}
