import { createServer, type AddressInfo } from 'node:net';

/** Another program uses the port of a setting. */
export class PortInUse extends Error {
  constructor(port: number, host: string, variable: string) {
    super(
      `Port ${port} on ${host} is in use by another program. Stop that program, or choose another port: ${variable}=<port> npm start`,
    );
    this.name = 'PortInUse';
  }
}

/**
 * The port that a setting asks for, checked to be free; a free one for `0`. Anything but a port number is passed on
 * unchanged: the program that reads the setting says what is wrong with it.
 * @throws PortInUse
 */
export async function freePort(wanted: string, host: string, variable: string): Promise<string> {
  const port = /^\d{1,5}$/.test(wanted) ? Number(wanted) : NaN;
  if (!(port <= 65_535)) return wanted;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new PortInUse(port, host, variable) : error),
    );
    server.listen(port, host);
  });
  const { port: free } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return String(free);
}
