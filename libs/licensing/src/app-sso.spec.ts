import { MAX_BASE_URLS, baseUrlsOf } from './app-sso.js';

it('adds the slash that devices add, leaves ports as they are, and has each once', () => {
  const texts = ['https://b.example/path', 'http://a.example', 'http://a.example/', 'http://a.example:80'];
  expect(baseUrlsOf(texts)).toEqual(['http://a.example/', 'http://a.example:80/', 'https://b.example/path/']);
});

it.each([
  [[]],
  [['ftp://a.example/']],
  [['a.example']],
  [['https://']],
  [['https:///path']],
  [['https://a.example/?q=1']],
  [['https://a.example/#part']],
  [['https://a.example/a b']],
  [Array.from({ length: MAX_BASE_URLS + 1 }, (_url, index) => `https://a${index}.example`)],
])('refuses %j', (texts) => {
  expect(() => baseUrlsOf(texts)).toThrow(expect.objectContaining({ code: 'INVALID_BASE_URL' }) as Error);
});
