import type { Document, ReadModel } from '@seatbook/kernel';
import { queryModels, workModels } from '@seatbook/licensing';
import { dueModel, timesModel } from '@seatbook/runtime';

/** Groups of read models that are built in one pass each; what the product works from comes first. */
export const modelGroups: readonly (readonly ReadModel<Document>[])[] = [
  [dueModel, ...Object.values(workModels)],
  [...Object.values(queryModels), timesModel],
];
