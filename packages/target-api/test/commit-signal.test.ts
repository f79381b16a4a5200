import { expect, it, vi } from 'vitest';

import { commitSignal } from '../src/index.ts';

it('is aborted with the same reason, but only when there was time for an answer', () => {
  vi.useFakeTimers();
  try {
    const controller = new AbortController();
    const signal = commitSignal(controller.signal, 1000);
    const reason = new Error('enough');
    controller.abort(reason);
    vi.advanceTimersByTime(999);
    expect(signal?.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal?.reason).toBe(reason);
  } finally {
    vi.useRealTimers();
  }
});

it('lets nothing be sent after an abort, and is none where there is none', () => {
  const reason = new Error('enough');
  expect(() => commitSignal(AbortSignal.abort(reason))).toThrow(reason);
  expect(commitSignal(undefined)).toBeUndefined();
});
