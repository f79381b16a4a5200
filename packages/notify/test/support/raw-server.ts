import { createServer, type AddressInfo, type Socket } from 'node:net';

export interface RawServer extends AsyncDisposable {
  readonly port: number;
  readonly connections: () => number;
  /** Resolves when every connection that was made is closed. */
  readonly allClosed: () => Promise<void>;
}

/** A TCP server on the loopback that does what it is told with each connection. */
export async function rawServer(onConnection: (socket: Socket) => void): Promise<RawServer> {
  const open = new Map<Socket, Promise<void>>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    const closed = Promise.withResolvers<void>();
    open.set(socket, closed.promise);
    socket.on('close', () => closed.resolve());
    socket.on('error', () => {});
    // Or it would not notice that the other side is gone.
    socket.resume();
    onConnection(socket);
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => listening.resolve());
  await listening.promise;
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    allClosed: async () => void (await Promise.all(open.values())),
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      for (const socket of open.keys()) socket.destroy();
      await closed.promise;
    },
  };
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  await using server = await rawServer(() => {});
  return server.port;
}
