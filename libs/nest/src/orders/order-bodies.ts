import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { MAX_PAIRS } from '@seatbook/licensing';
import { TextField, TextList } from '../http/text-field.js';

const PLATFORMS = ['iOS', 'macOS', 'tvOS', 'watchOS', 'visionOS'];

/** What all orders have. Lists are flat: nested objects would take seconds to check. */
class OrderBody {
  @ApiProperty({ description: 'uId of the account.', example: '7700000000000001' })
  @TextField(1, 100)
  account!: string;

  @ApiPropertyOptional({ description: 'Why. It is kept in the history permanently.', maxLength: 500 })
  @IsOptional()
  @TextField(1, 500)
  reason?: string;
}

class PairsBody extends OrderBody {
  @ApiProperty({
    type: [String],
    description: '`{adamId}` or `{adamId}.{pricingParam}` (STDQ if left out).',
    example: ['900000001', '900000004.STDQ'],
  })
  @TextList(MAX_PAIRS)
  assets!: string[];

  @ApiProperty({
    type: [String],
    description: `Devices. At most ${MAX_PAIRS} pairs (assets × devices).`,
    example: ['C02XK0AAHV29'],
  })
  @TextList(MAX_PAIRS)
  serialNumbers!: string[];
}

export class AssignLicenseBody extends PairsBody {
  @ApiPropertyOptional({
    enum: ['wait', 'refuse'],
    default: 'wait',
    description: 'What to do with pairs for which no licence is available.',
  })
  @IsOptional()
  @IsIn(['wait', 'refuse'])
  ifShort: 'wait' | 'refuse' = 'wait';

  @ApiPropertyOptional({
    enum: PLATFORMS,
    description: "Refuses assets that do not support the devices' platform.",
  })
  @IsOptional()
  @IsIn(PLATFORMS)
  platform?: string;
}

export class ReturnLicenseBody extends PairsBody {}

export class ReturnAllBody extends OrderBody {
  @ApiProperty({ example: 'C02XK0AAHV29' })
  @TextField(1, 40)
  serialNumber!: string;
}
