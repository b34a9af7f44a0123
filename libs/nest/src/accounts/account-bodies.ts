import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsIn, ValidateBy, type ValidationOptions } from 'class-validator';
import type { Licences, Platform } from '@seatbook/licensing';
import { MayBeLeftOut, TextField } from '../http/text-field.js';

export const PLATFORMS: readonly Platform[] = ['iOS', 'macOS', 'tvOS', 'watchOS', 'visionOS'];

/** Text that was pasted, or a file that was uploaded. */
const IsTokenFile = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isTokenFile',
      validator: {
        validate: (value) => typeof value === 'string' || value instanceof Uint8Array,
        defaultMessage: () =>
          'token must be the text of a .vpptoken file, or the file itself uploaded in a form',
      },
    },
    options,
  );

/** Forms know only text. */
const FromForm = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value));

const TOKEN = {
  type: String,
  description:
    'The .vpptoken file: its text, or in a form the file. Byte order marks, blanks and line breaks do not matter.',
  format: 'password',
  minLength: 1,
  maxLength: 100_000,
  example: 'eyJ0b2tlbiI6IuKApiIsImV4cERhdGUiOiLigKYiLCJvcmdOYW1lIjoi4oCmIn0=',
} as const;

export class ImportTokenBody {
  @ApiProperty(TOKEN)
  @IsTokenFile()
  token!: string | Uint8Array;

  @ApiProperty({ description: 'Display name of the account.', example: 'Berlin' })
  @TextField(1, 200)
  name!: string;

  @ApiPropertyOptional({ enum: PLATFORMS, default: 'iOS', description: 'Platform of most of its devices.' })
  @MayBeLeftOut()
  @IsIn(PLATFORMS)
  platform: Platform = 'iOS';

  @ApiPropertyOptional({ enum: ['device', 'user'], default: 'device' })
  @MayBeLeftOut()
  @IsIn(['device', 'user'])
  assignmentType: 'device' | 'user' = 'device';

  @ApiPropertyOptional({
    default: false,
    description: 'Take the location over from the MDM that manages it now.',
  })
  @MayBeLeftOut()
  @FromForm()
  @IsBoolean()
  takeOver: boolean = false;
}

export class RenewTokenBody {
  @ApiProperty(TOKEN)
  @IsTokenFile()
  token!: string | Uint8Array;
}

export class GiveUpLocationBody {
  @ApiProperty({
    enum: ['return', 'keep'],
    description: 'Whether its licences go back to the location first, or stay with their holders.',
    example: 'keep',
  })
  @IsIn(['return', 'keep'])
  licences!: Licences;
}
