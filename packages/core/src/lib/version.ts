/** Version of Quackup: recorded in what it writes. A test compares it with package.json. */
export const VERSION = '0.1.0';
