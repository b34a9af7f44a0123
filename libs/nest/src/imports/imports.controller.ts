import { Controller, Get, Inject, Param } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Queries } from '../bus/messages.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { API } from '../http/api-root.js';
import { ImportAnswer, importAnswer } from './import-answer.js';

/** Imports that their requests did not wait for to the end. */
@ApiTags('accounts')
@Controller(`${API}/imports`)
export class ImportsController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get(':importId')
  @ApiOperation({ summary: 'An import or a renewal: whether it goes on, and how it ended.' })
  @ApiOkResponse({ type: ImportAnswer, description: 'The import.' })
  @ApiRefusals('NOT_FOUND_IMPORT')
  async getImport(@Param('importId') importId: string): Promise<ImportAnswer> {
    return importAnswer(await this.queries.execute(new Queries.GetImport({ importId })));
  }
}
