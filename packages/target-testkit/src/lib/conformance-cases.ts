import { abortCases } from './cases/abort-cases.ts';
import { closeCases } from './cases/close-cases.ts';
import { consistencyCases } from './cases/consistency-cases.ts';
import { definitionCases } from './cases/definition-cases.ts';
import { deleteCases } from './cases/delete-cases.ts';
import { getCases } from './cases/get-cases.ts';
import { identityCases } from './cases/identity-cases.ts';
import { ifAbsentCases } from './cases/if-absent-cases.ts';
import { ifMatchCases } from './cases/if-match-cases.ts';
import { largeCases } from './cases/large-cases.ts';
import { listCases } from './cases/list-cases.ts';
import { listReadingCases } from './cases/list-reading-cases.ts';
import { memoryCases } from './cases/memory-cases.ts';
import { modelCases } from './cases/model-cases.ts';
import { putCases } from './cases/put-cases.ts';
import { putFailureCases } from './cases/put-failure-cases.ts';
import { putVisibilityCases } from './cases/put-visibility-cases.ts';
import { rangeCases } from './cases/range-cases.ts';
import { sequenceCases } from './cases/sequence-cases.ts';
import { statCases } from './cases/stat-cases.ts';
import { unfinishedCases } from './cases/unfinished-cases.ts';
import type { ConformanceCase } from './conformance-case.ts';

/** Every sentence of the contract that says what a target does, one case or more for each. Ids are unique and permanent. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...identityCases,
  ...definitionCases,
  ...putCases,
  ...putVisibilityCases,
  ...putFailureCases,
  ...memoryCases,
  ...largeCases,
  ...ifAbsentCases,
  ...ifMatchCases,
  ...getCases,
  ...rangeCases,
  ...statCases,
  ...listCases,
  ...listReadingCases,
  ...deleteCases,
  ...unfinishedCases,
  ...abortCases,
  ...closeCases,
  ...consistencyCases,
  ...modelCases,
  ...sequenceCases,
];
