/** The same commands as with a folder, on servers that stand for clouds. */
import { describe } from 'vitest';

import { CLOUDS } from '../support/cloud-places.ts';
import { rekeyTest } from '../support/cloud-rekey-test.ts';
import { crowdTest, cutTests, lifeTest } from '../support/cloud-tests.ts';

describe.each(Object.entries(CLOUDS))('on %s', (_, makeCloud) => {
  lifeTest(makeCloud);
  cutTests(makeCloud);
  crowdTest(makeCloud);
  rekeyTest(makeCloud);
});
