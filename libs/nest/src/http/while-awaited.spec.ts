import { EventEmitter, getEventListeners } from 'node:events';
import { jest } from '@jest/globals';
import type { HttpRequest } from './exchange.js';
import { whileAwaited } from './while-awaited.js';

describe('work that somebody waits for', () => {
  const socket = new EventEmitter();
  const request = { raw: { socket } } as unknown as HttpRequest;
  const closing = new AbortController();
  const listeners = (): number =>
    getEventListeners(closing.signal, 'abort').length + socket.listenerCount('close');

  it('ends when the client leaves', async () => {
    const ended = await whileAwaited(request, closing.signal, async (signal) => {
      socket.emit('close');
      return signal.aborted;
    });
    expect(ended).toBe(true);
  });

  it('leaves nothing behind, however it ends', async () => {
    const any = jest.spyOn(AbortSignal, 'any');
    for (let wait = 0; wait < 100; wait += 1) {
      const works = whileAwaited(request, closing.signal, async () => 'done');
      const fails = whileAwaited(request, closing.signal, () => Promise.reject(new Error('no')));
      expect(await works).toBe('done');
      await expect(fails).rejects.toThrow('no');
    }
    expect(listeners()).toBe(0);
    // What it leaves behind cannot be counted, only be seen in the heap.
    expect(any).not.toHaveBeenCalled();
  });

  it('ends when the server closes, or has closed already', async () => {
    const ended = await whileAwaited(request, closing.signal, async (signal) => {
      closing.abort();
      return signal.aborted;
    });
    expect(ended).toBe(true);
    expect(await whileAwaited(request, closing.signal, async (signal) => signal.aborted)).toBe(true);
    expect(listeners()).toBe(0);
  });
});
