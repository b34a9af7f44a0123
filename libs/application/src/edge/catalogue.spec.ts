import * as application from '../index.js';

it('the catalogue has all that is registered beside the functions, and no name twice', () => {
  const { commands, queries } = application;
  const lists = Object.entries(application).filter(([name]) => /[a-z](Commands|Queries)$/.test(name));
  const registered = lists.flatMap(([, list]) => Object.keys(list));
  expect(registered.length).toBeGreaterThan(0);
  expect(registered.sort()).toEqual([...Object.keys(commands), ...Object.keys(queries)].sort());
});
