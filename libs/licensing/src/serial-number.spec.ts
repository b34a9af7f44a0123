import { canonicalHolder, orderedSerials } from './serial-number.js';

describe('serial numbers of an order', () => {
  it('are a set in which a device is once, whatever its spelling', () => {
    expect(orderedSerials(['C02XK0AAHV30', ' c02xk0aahv29', 'C02XK0AAHV29'], 'assign')).toEqual([
      'C02XK0AAHV29',
      'C02XK0AAHV30',
    ]);
  });

  // Upper-casing makes ASCII of these letters, and Apple would spend a licence on a device that nobody has.
  it.each([
    '\u0131C02XK0AAHV4',
    'C02XK\ufb01AAHV29',
    '\u017fC02XK0AAHV4',
    'short',
    'C02XK0AAHV29XYZ',
    'C02XK-AAHV29',
    '',
  ])('are refused for an assignment when one is "%s"', (serialNumber) => {
    expect(() => orderedSerials([serialNumber], 'assign')).toThrow(
      expect.objectContaining({ code: 'INVALID_SERIAL_NUMBER' }) as Error,
    );
  });

  it.each(['X1', 'C02-ABC-123', 'VMq7RtLm+4Zs', 'Parallels-9A 12'])(
    'may be anything in a return: "%s"',
    (serial) => {
      expect(orderedSerials([serial], 'return')).toHaveLength(1);
    },
  );

  it.each(['', '  ', 'X'.repeat(256)])('are no text of 1 to 255 characters: "%s"', (serial) => {
    expect(() => orderedSerials([serial], 'return')).toThrow(
      expect.objectContaining({ code: 'INVALID_SERIAL_NUMBER' }) as Error,
    );
  });
});

describe('a holder', () => {
  it('is the same device however its serial number is spelled, and a person as named', () => {
    expect(canonicalHolder('d:c02xk0aahv29 ')).toBe('d:C02XK0AAHV29');
    expect(canonicalHolder('d:Parallels-9A 12')).toBe('d:PARALLELS-9A 12');
    expect(canonicalHolder('u:0b9d1f53-64a5-8b7c')).toBe('u:0b9d1f53-64a5-8b7c');
  });

  it('does not become another device by a letter outside of ASCII', () => {
    expect(canonicalHolder('d:\u0131C02')).not.toBe(canonicalHolder('d:IC02'));
  });
});
