// Changes a share of the flights of a database and closes it. Path, kind of change and a number that differs each time in.
import { runSql } from '@quackup/fixtures';

import { isChange, statementsFor } from '../lib/incremental/changes.ts';

const [path = '', change = '', salt = '0'] = process.argv.slice(2);
if (!isChange(change)) throw new Error(`no change ${change}`);
await runSql(path, [...statementsFor(change, Number(salt)), 'CHECKPOINT']);
