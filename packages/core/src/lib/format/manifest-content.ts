/** The parts of a manifest that only who may read the backup gets to know: in clear in a plain one, sealed in an encrypted one. */
import { z } from 'zod';

import { compressionSchema, databaseEntry, failedDatabase, fields, isNotEmpty, listOf } from './schema.ts';

export const contentFields = {
  /** Version of the Quackup that wrote it. */
  tool: z.string().max(64),
  compression: compressionSchema,
  /** Where the index lies in the archive, in bytes of its content, and the SHA-256 of those bytes. */
  index: z.strictObject({
    offset: fields.safeInteger,
    length: fields.safeInteger,
    /** Stored bytes of the first frame, the index's head, and what it decodes to. */
    headLength: fields.safeInteger,
    headBytes: fields.safeInteger,
    sha256: fields.sha256,
  }),
  databases: listOf(databaseEntry).refine(isNotEmpty),
  failed: listOf(failedDatabase),
};
