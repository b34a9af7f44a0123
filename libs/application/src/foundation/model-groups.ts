import type { Document, ReadModel } from '@seatbook/kernel';
import { queryModels, workModels } from '@seatbook/licensing';
import { dueModel, timesModel } from '@seatbook/runtime';

/** Read models that are built in one pass over the log, as far as a process builds them. */
export interface ModelGroup {
  readonly name: 'work' | 'queries' | 'history';
  readonly models: readonly ReadModel<Document>[];
}

const { timeline, ...current } = queryModels;

const work: ModelGroup = { name: 'work', models: [dueModel, ...Object.values(workModels)] };
const queries: ModelGroup = { name: 'queries', models: Object.values(current) };
/** What every event adds to. */
const history: ModelGroup = { name: 'history', models: [timeline, timesModel] };

/** What the product works from is never behind a long pass of what people look at. */
export const modelGroups: readonly ModelGroup[] = [work, queries, history];

export const allModels: readonly ReadModel<Document>[] = modelGroups.flatMap(({ models }) => models);

/** Groups that the embedded stores keep in one file, which is built by one thread. */
export interface EmbeddedViews {
  readonly file: string;
  readonly groups: readonly ModelGroup[];
}

/**
 * Nearly half of the work of a rebuild is history, so that a second processor halves it. The other groups share what one
 * thread reads of the log.
 */
export const embeddedViews: readonly EmbeddedViews[] = [
  { file: 'views.db', groups: [work, queries] },
  { file: 'history.db', groups: [history] },
];

/** Those of the embedded read models that are not in the first of the files. */
export const modelsApart = embeddedViews.slice(1).map(({ file, groups }) => ({
  file,
  models: groups.flatMap(({ models }) => models.map(({ name }) => name)),
}));
