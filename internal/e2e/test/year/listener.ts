import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What somebody was told: subjects of what is wrong now, and of what is over. */
export interface Told {
  readonly kind: string;
  readonly wrong: readonly string[];
  readonly over: readonly string[];
}

/** Somebody with a webhook, who is deaf at times, and a monitor that never is. */
export interface Listener extends AsyncDisposable {
  readonly url: string;
  isDeaf: boolean;
  readonly told: Told[];
  /** Paths of pings. */
  readonly pings: string[];
}

export async function listen(): Promise<Listener> {
  const told: Told[] = [];
  const pings: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = (request.url ?? '').replace(/\?.*/, '');
      if (path.startsWith('/ping')) pings.push(path);
      // Not one that may pass: that would be tried again, with pauses.
      else if (listener.isDeaf) response.statusCode = 403;
      else told.push(parse(Buffer.concat(chunks).toString()));
      response.end();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const listener: Listener = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    isDeaf: false,
    told,
    pings,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
  return listener;
}

function parse(text: string): Told {
  const { kind, problems, over } = JSON.parse(text) as {
    kind: string;
    problems: { subject: string }[];
    over: { subject: string }[];
  };
  return { kind, wrong: problems.map(({ subject }) => subject), over: over.map(({ subject }) => subject) };
}
