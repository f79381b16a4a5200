import type { S3Operation } from './operation.ts';

/** Which conditions (`If-None-Match`, `If-Match`) the server knows; the others it ignores, as some services do. */
export type ConditionSupport = 'all' | 'single-requests' | 'none';

export interface S3ServerOptions {
  /** Buckets that are there. Default: `test`. */
  readonly buckets?: readonly string[];
  /** Secret key by access key. Default: `testkey` with `testsecret`. */
  readonly credentials?: Readonly<Record<string, string>>;
  /** Session tokens that ran out. */
  readonly expiredTokens?: readonly string[];
  /** Overwriting and deleting keep the old versions. Default: false. */
  readonly versioning?: boolean;
  /** Default: `all`. */
  readonly conditions?: ConditionSupport;
  /** Operations that the credentials do not allow. Can be changed later: {@link S3Server.denied}. */
  readonly denied?: readonly S3Operation[];
  /** Objects on a page of a list, at most. Default: 1,000. */
  readonly pageSize?: number;
  /** Lists in another order than that of the names, as directory buckets do. Default: false. */
  readonly unordered?: boolean;
  /** Bytes of the smallest part that is not the last. Default: 5 MiB, as S3 has it. */
  readonly minPartSize?: number;
  /** All parts but the last must be of one size, as on Cloudflare R2. Default: false. */
  readonly equalParts?: boolean;
  /** The server's clock. */
  readonly now?: () => Date;
  /** TCP port on 127.0.0.1. Default: any free one. */
  readonly port?: number;
}
