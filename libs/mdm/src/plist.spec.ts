import { jest } from '@jest/globals';
import { parsedPlist, plistOf, PlistError, type PlistValue } from './plist.js';

const list = (content: string): string =>
  `<?xml version="1.0"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n<plist version="1.0">${content}</plist>`;

describe('property lists', () => {
  it.each<[string, PlistValue]>([
    ['text', 'Grüße & <Küsse> "1" \u{1F600}'],
    ['no text', ''],
    ['whole numbers', [0, -7, 9_007_199_254_740_991]],
    ['a fraction', 1.25],
    ['truth', [true, false]],
    ['a moment', new Date('2026-11-27T08:00:00.000Z')],
    ['bytes', new Uint8Array([0, 1, 254, 255])],
    ['lists in dictionaries', { a: [], b: { c: [{ d: 'e' }] }, __proto__x: {} }],
  ])('%s is written and read', (_name, value) => {
    expect(parsedPlist(plistOf(value))).toEqual(value);
  });

  it('leaves out what XML cannot hold', () => {
    expect(parsedPlist(plistOf('a\u0000b\u0008c\nd'))).toBe('abc\nd');
  });

  it('reads what devices write', () => {
    const text = list(
      '\n<!-- a device -->\n<dict>\n\t<key>A&amp;B</key>\n\t<string>x&#x41;&#66;&lt;<![CDATA[&c<]]></string>\n\t<key>e</key><array/><key>f</key><integer> -31 </integer></dict>\n',
    );
    expect(parsedPlist(text)).toEqual({ 'A&B': 'xAB<&c<', e: [], f: -31 });
  });

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['a binary list', 'bplist00\u0000'],
    ['another document', '<html></html>'],
    ['a cut list', list('<dict><key>a</key><string>b').slice(0, -20)],
    ['an element without an end', list('<array><string>a</array>')],
    ['a value without a key', list('<dict><string>a</string></dict>')],
    ['an unknown element', list('<script>a</script>')],
    ['a number that is none', list('<integer>seven</integer>')],
    ['an entity of its own', list('<string>&passwd;</string>')],
    ['half a character', list('<string>&#xD800;</string>')],
    [
      'declarations',
      '<!DOCTYPE plist [<!ENTITY a "aaaaaaaa">]><plist version="1.0"><string>&a;</string></plist>',
    ],
    ['more after the end', `${list('<true/>')}<plist/>`],
    ['text after the end', `${list('<true/>')}hello`],
    ['text before its element', `hello${list('<true/>')}`],
    ['an attribute', list('<string hello="&passwd;">a</string>')],
    ['an element in a text', list('<string><true/></string>')],
    ['an end before its beginning', list('</array><array/>')],
    ['a prototype', list('<dict><key>__proto__</key><dict><key>hello</key><true/></dict></dict>')],
    ['bytes that are none', list('<data>hello!</data>')],
    ['a day that is none', list('<date>seven</date>')],
    ['a processing instruction', list('<?hello seven?><true/>')],
    ['another format', '{ hello = seven; }'],
    ['endless nesting', list('<array>'.repeat(30_000))],
    ['nesting that a comment seems to end', list('<array><!--</array>-->'.repeat(70))],
    ['more than any device sends', list(`<string>${'hello'.repeat(60_000)}</string>`)],
    ['nothing but beginnings', '<'.repeat(250_000)],
    ['nothing but beginnings of comments', list('<!--'.repeat(60_000))],
    ['nothing but beginnings of sections', list('<![CDATA['.repeat(25_000))],
  ])('refuses %s at once, quoting nothing, not even on the console', (_name, text) => {
    const printed = (['log', 'warn', 'error'] as const).map((level) => jest.spyOn(console, level));
    const before = performance.now();
    try {
      expect(() => parsedPlist(text)).toThrow(PlistError);
      expect(() => parsedPlist(text)).not.toThrow(/passwd|seven|hello/);
      for (const print of printed) expect(print).not.toHaveBeenCalled();
    } finally {
      jest.restoreAllMocks();
    }
    // The library alone takes several seconds for the worst of them.
    expect(performance.now() - before).toBeLessThan(1_500);
  });
});
