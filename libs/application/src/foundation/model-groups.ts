import type { Document, ReadModel } from '@seatbook/kernel';
import { queryModels, workModels } from '@seatbook/licensing';
import { dueModel, timesModel } from '@seatbook/runtime';

/** Read models that are built in one pass over the log, as far as a process builds them. */
export interface ModelGroup {
  readonly name: 'work' | 'queries';
  readonly models: readonly ReadModel<Document>[];
}

/** What the product works from is never behind a long pass of what people look at. */
export const modelGroups: readonly ModelGroup[] = [
  { name: 'work', models: [dueModel, ...Object.values(workModels)] },
  { name: 'queries', models: [...Object.values(queryModels), timesModel] },
];

export const allModels: readonly ReadModel<Document>[] = modelGroups.flatMap(({ models }) => models);
