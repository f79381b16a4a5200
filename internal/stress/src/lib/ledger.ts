/**
 * What every committed state satisfies, for each connection `k`:
 *
 *     accounts_k   1,000 rows; sum(balance) is 0; sum(a + b + c) is what it was at first; each pad is that of its number
 *     loads_k      the loads that are there, each whole; v and s follow from n and i
 *     made_k_m     the table that DDL made last, and no other; seen_k_m, its view
 *     commits_k    a row for each commit, 1 to n: rows, sum(i) and sum(u) of loads_k, m, a digest of accounts_k in which
 *                  each value has a weight of its own, and a chain over all of that since commit 1
 *
 * Every commit changes commits_k and something else, so blocks, or a WAL, of two moments do not go together. The digests
 * are sums of products, not DuckDB's hash(): that one differs between versions, and a newer engine may check a copy.
 */
export const ACCOUNTS = 1_000;
export const MADE_ROWS = 3_000;

/** Sum of a + b + c over all accounts. */
export const COLUMN_SUM = (3 * ACCOUNTS * (ACCOUNTS - 1)) / 2 + 3 * ACCOUNTS;

export const accounts = (k: number): string => `accounts_${k}`;
export const loads = (k: number): string => `loads_${k}`;
export const commits = (k: number): string => `commits_${k}`;
export const made = (k: number, n: number): string => `made_${k}_${n}`;
export const seen = (k: number, n: number): string => `seen_${k}_${n}`;

/** SQL of a pad: a number, and 256 characters that follow from it. */
export const padOf = (number: string): string => `(${number})::VARCHAR || '-' || repeat(md5((${number})::VARCHAR), 8)`;
/** SQL of the number in a pad. */
export const PAD_NUMBER = `split_part(pad, '-', 1)::BIGINT`;
/** SQL of what is to be in `v` and `s` of a load's row. */
export const LOAD_V = '(i * (n % 97 + 0.5))::DOUBLE';
export const LOAD_S = `'load ' || ((i::BIGINT * n) % 1000)`;

/** SQL of the digest: 3 a + 5 b + 7 c + 11 balance + the pad's number, each times the row's place. Stays below 2^53. */
export const digest = (k: number): string =>
  `SELECT sum((id + 1) * (a * 3 + b * 5 + c * 7 + balance * 11 + ${PAD_NUMBER})) FROM ${accounts(k)}`;

/** What a row of commits_k says of the state, in the order of its columns, after `n`. */
export interface CommitRow {
  readonly rows: number;
  readonly total: number;
  readonly revised: number;
  readonly made: number;
  readonly digest: number;
}

const MODULUS = 1_000_000_007;

/** The chain's next link: any change to any row before shows in every later one. Exact in doubles. */
export function link(chain: number, { rows, total, revised, made, digest }: CommitRow): number {
  const row = (rows % MODULUS) + (total % MODULUS) + (revised % MODULUS) + made + (digest % MODULUS);
  return (chain * 31 + row) % MODULUS;
}
