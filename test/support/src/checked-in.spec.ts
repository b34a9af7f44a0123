import { expectCheckedIn } from './checked-in.js';

it('names the command that brings a file up to date', () => {
  expect(() => expectCheckedIn('package.json', '{}', 'configuration')).toThrow(
    'package.json is not what the code makes: npm run configuration',
  );
});
