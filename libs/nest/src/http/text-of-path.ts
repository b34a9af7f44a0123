import type { PipeTransform } from '@nestjs/common';
import { fieldProblem, invalidRequest } from './request-validation.js';
import { MAX_IN_PATH, isShown, textRule } from './text-field.js';

/** A part of a path that may name what nobody has heard of yet. @throws Refusal INVALID_REQUEST for what is no name */
export class TextOfPath implements PipeTransform<string, string> {
  constructor(private readonly field: string) {}

  transform(text: string): string {
    if (isShown(text, 1, MAX_IN_PATH)) return text;
    throw invalidRequest([fieldProblem(this.field, 'textField', textRule(this.field, 1, MAX_IN_PATH))]);
  }
}
