/**
 * What every committed state satisfies, for each connection `k`:
 *
 *     accounts_k   1,000 rows; sum(balance) is 0; sum(a + b + c) is what it was at first
 *     loads_k      the loads that are there, each whole
 *     commits_k    a row for each commit, 1 to n: how many rows loads_k has, their sum, and the table that DDL made last
 *
 * Every commit changes commits_k and something else, so blocks, or a WAL, of two moments do not go together.
 */
export const ACCOUNTS = 1_000;

/** Sum of a + b + c over all accounts. */
export const COLUMN_SUM = (3 * ACCOUNTS * (ACCOUNTS - 1)) / 2 + 3 * ACCOUNTS;

export const accounts = (k: number): string => `accounts_${k}`;
export const loads = (k: number): string => `loads_${k}`;
export const commits = (k: number): string => `commits_${k}`;
export const made = (k: number, n: number): string => `made_${k}_${n}`;
