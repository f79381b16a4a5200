import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Answer } from './answer.ts';
import type { S3Fault } from './faults.ts';
import { parseRequestTarget, type RequestTarget } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { S3Error } from './s3-error.ts';
import { sendAnswer } from './send-answer.ts';
import type { ServerState } from './server-state.ts';
import { checkSignature } from './signature.ts';

/** Answers one request: signature, permission, operation; disturbed by the first fault that fits. */
export async function handleRequest(
  state: ServerState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  state.counter += 1;
  const requestId = `request-${state.counter}`;
  const head = request.method === 'HEAD';
  let fault: S3Fault | undefined;
  let answer: Answer;
  try {
    const target = parseRequestTarget(request.method ?? '', request.url ?? '');
    state.requests.push({ operation: target.operation, key: target.key, headers: request.headers });
    fault = state.faults.take(target.operation);
    if (fault?.kind === 'stall') return;
    if (fault?.kind === 'reset') {
      await firstBytes(request);
      request.socket.resetAndDestroy();
      return;
    }
    answer = await perform(state, request, target, fault);
    if (fault?.kind === 'reset-after') {
      request.socket.resetAndDestroy();
      return;
    }
    if (fault?.kind === 'error-after') throw injected(fault);
  } catch (error) {
    // The client is gone: nobody to answer.
    if (request.destroyed && !request.complete) return;
    const failure = error instanceof S3Error ? error : new S3Error(500, 'InternalError', String(error));
    answer = { status: failure.status, text: failure.toXml(requestId) };
    request.resume();
  }
  if (head && answer.content === undefined) answer = { status: answer.status };
  await sendAnswer(response, answer, { requestId, head, fault });
}

async function perform(
  state: ServerState,
  request: IncomingMessage,
  target: RequestTarget,
  fault: S3Fault | undefined,
): Promise<Answer> {
  if (fault?.kind === 'error') throw injected(fault);
  if (fault?.kind === 'error-page') {
    request.resume();
    return { status: fault.status ?? 502, text: '<html><body><h1>Bad Gateway</h1></body></html>' };
  }
  if (fault?.kind === 'error-in-body') {
    request.resume();
    return { status: 200, text: injected(fault).toXml('') };
  }
  const { credentials, expiredTokens, now } = state.options;
  checkSignature(request, { credentials, expiredTokens, now: now() });
  if (state.denied.has(target.operation)) throw new S3Error(403, 'AccessDenied', 'Access Denied');
  if (fault?.kind === 'ignore-range') delete request.headers.range;
  return OPERATIONS[target.operation]({ state, request, target });
}

function injected(fault: S3Fault): S3Error {
  return new S3Error(
    fault.status ?? 500,
    fault.code ?? 'InternalError',
    'We encountered an internal error. Please try again.',
  );
}

/** Resolves when some of the body has come, or when there is none. */
async function firstBytes(request: IncomingMessage): Promise<void> {
  await new Promise<void>((resolve) => {
    request.once('data', () => resolve());
    request.once('end', () => resolve());
    request.once('close', () => resolve());
  });
}
