import { expectCheckedIn } from '@seatbook/test-support/checked-in';
import { readModelsPage } from '@seatbook/test-support/read-models-page';

it('docs/read-models.md describes the collections of all read models', () => {
  const page = readModelsPage();
  expect(page).toContain('| `firstReadAt` ');
  expect(page).toMatch(/`expiresAt`\s+\| moment, ms since 1970/);
  expectCheckedIn('docs/read-models.md', page, 'read-models');
}, 60_000);
