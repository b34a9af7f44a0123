import { configuredUrl, isTrusted, withQuery } from './apple-urls.js';
import { defaultAppleSettings } from './settings.js';

describe('addresses that service/config may name', () => {
  it.each([
    'https://vpp.itunes.apple.com/mdm/v2/assets',
    'https://uclient-api.itunes.apple.com/x',
    'HTTPS://VPP.Apple.COM/x',
  ])('trusts %s', (url) => {
    expect(isTrusted(url, defaultAppleSettings)).toBe(true);
  });

  it.each([
    '',
    'nonsense',
    '/mdm/v2/assets',
    '//evil.example/x',
    'http://vpp.itunes.apple.com/mdm/v2/assets',
    'https://vpp.itunes.apple.com:8443/x',
    'https://vpp.itunes.apple.com./x',
    'https://apple.com.evil.example/x',
    'https://evilapple.com/x',
    'https://evil.example/.apple.com',
    'https://evil.example#.apple.com',
    'https://evil.example?.apple.com',
    'https://evil.example\\.apple.com',
    'https://vpp.itunes.apple.com@evil.example/x',
    'https://user@vpp.itunes.apple.com/x',
    'https://user:pass@vpp.itunes.apple.com/x',
    'https://127.0.0.1/x',
    'https://2130706433/x',
    'https://0x7f.1/x',
    'https://017700000001/x',
    'https://[::1]/x',
    'https://[::ffff:169.254.169.254]/x',
    'http://169.254.169.254/latest/meta-data',
    'https://localhost/x',
    'https://apple.com%2eevil.example/x',
    'https://xn--pple-43d.com/x',
    'https://vpp.аpple.com/x',
    'file:///etc/passwd',
    'gopher://vpp.itunes.apple.com/x',
    'ftp://vpp.itunes.apple.com/x',
    'javascript:alert(1)',
    'data:text/plain,x',
    'blob:https://vpp.itunes.apple.com/x',
    'ws://vpp.itunes.apple.com/x',
  ])('does not trust %p', (url) => {
    expect(isTrusted(url, defaultAppleSettings)).toBe(false);
  });

  it('trusts the configured origins, each for its own service only', () => {
    const settings = { ...defaultAppleSettings, baseUrl: 'http://127.0.0.1:4010/mdm/v2/' };
    expect(isTrusted('http://127.0.0.1:4010/elsewhere', settings)).toBe(true);
    expect(isTrusted('http://127.0.0.1:4011/mdm/v2/assets', settings)).toBe(false);
    expect(isTrusted('https://127.0.0.1:4010/mdm/v2/assets', settings)).toBe(false);
    expect(isTrusted('http://x@127.0.0.1:4010/', settings)).toBe(false);
    expect(configuredUrl('getAssets', settings)).toBe('http://127.0.0.1:4010/mdm/v2/assets');
  });

  it('get their query encoded', () => {
    expect(withQuery('https://a.apple.com/x?old=1#f', { id: '1,2', q: 'a b&c' })).toBe(
      'https://a.apple.com/x?id=1,2&q=a+b%26c',
    );
  });
});
