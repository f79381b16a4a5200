/** The codes that are needed before `@quackup/core` is loaded; a test compares them with core's own. */
export const EXIT_OK = 0;
export const EXIT_USAGE = 2;
export const EXIT_INTERRUPTED = 130;
