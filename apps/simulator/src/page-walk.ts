import { cutPage, pageIndexOf, type PageNumbers, type Rows } from './page.js';
import type { Version } from './version.js';
import type { Visit } from './world.js';

/**
 * One page of a walk over a paged endpoint, with the members that describe it. `rows` is asked after the version
 * may have moved (the `moveVersionDuringWalk` switch).
 */
export function walkPage<T>(
  { query, world }: Visit,
  version: Version,
  rows: () => Rows<T>,
): { items: readonly T[]; members: PageNumbers & { versionId: string } } {
  const index = pageIndexOf(query);
  const { moveVersionDuringWalk, pageSize } = world.faults;
  if (index > 0 && moveVersionDuringWalk.times > 0) {
    moveVersionDuringWalk.times -= 1;
    version.bump();
  }
  const { items, numbers } = cutPage(rows(), index, pageSize);
  return { items, members: { ...numbers, versionId: version.id } };
}
