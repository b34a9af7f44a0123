import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { asStoreFailure } from './store-failure.js';

it('what a socket says that its server has left is a failure of the store, in the words of Node or of the driver', async () => {
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.resume();
  await once(socket, 'end');
  const failed = once(socket, 'error');
  // The driver hands on what this ends with, since nothing was refused at the write itself.
  socket.write('a command');
  const [error] = (await failed) as [NodeJS.ErrnoException];
  server.close();
  expect(error.code).toBe('EPIPE');
  expect(asStoreFailure(error)).toMatchObject({ code: 'STORE_UNAVAILABLE', reason: 'EPIPE' });
});

it('a mistake of ours is none', () => {
  const mistake = new TypeError('not a function');
  expect(asStoreFailure(mistake)).toBe(mistake);
});
