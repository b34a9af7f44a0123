import { Time } from '../document/fields.js';

// Whatever is told of history has two times: when it happened, and when we learned it.

export const Learned = (): PropertyDecorator => Time('When we learned it: it is recorded since then.');

export const Effective = (): PropertyDecorator =>
  Time(
    "When it happened: at Apple's end, as Apple was heard or read, where it is later recorded here; else the same as `at`. Where only a span is known, its end.",
  );
