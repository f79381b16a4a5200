import type { StoredObject } from './server-state.ts';

/** What is sent back. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: object;
  /** Bytes `start` to `end` of an object. */
  readonly content?: { readonly object: StoredObject; readonly start: number; readonly end: number };
}
