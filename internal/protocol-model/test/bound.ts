/** How much is explored: `PROTOCOL_MODEL_BOUND=large vitest run …` takes minutes and gigabytes instead of seconds. */
export const isLarge: boolean = process.env['PROTOCOL_MODEL_BOUND'] === 'large';
