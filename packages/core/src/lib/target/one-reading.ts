import type { ObjectBody } from '@quackup/target-api';

/** A body that knows whether its reading has begun, and that can be closed also if its reader is stuck. */
export class OneReading implements ObjectBody {
  readonly #body: ObjectBody;
  #iterator: AsyncIterator<Uint8Array> | undefined;

  constructor(body: ObjectBody) {
    this.#body = body;
  }

  get begun(): boolean {
    return this.#iterator !== undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return (this.#iterator ??= this.#body[Symbol.asyncIterator]());
  }

  async close(): Promise<void> {
    await this[Symbol.asyncIterator]().return?.();
  }
}
