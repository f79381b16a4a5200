import { QuackupError } from '../../src/lib/errors.ts';

/** The error of something that must be refused; any other outcome fails the test. */
export async function refusalOf(action: () => unknown): Promise<QuackupError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof QuackupError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
