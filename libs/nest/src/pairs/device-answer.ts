import type { DeviceRow } from '@seatbook/application';
import { Count, Links, Text, Texts } from '../document/fields.js';
import { API } from '../http/api-root.js';

/** A device with what it holds, counted. */
export class DeviceAnswer {
  @Text('C02XK0AAHV29')
  serialNumber!: string;

  @Texts(['7700000000000001'])
  accountIds!: readonly string[];

  @Count(2)
  assigned!: number;

  @Count(0, 'Reserved, in a call to Apple, or being returned.')
  inProgress!: number;

  @Count(0)
  waiting!: number;

  @Count(0)
  failed!: number;

  @Links({
    self: '/api/v1/devices/C02XK0AAHV29',
    timeline: '/api/v1/timeline?serialNumber=C02XK0AAHV29',
  })
  links!: { self: string; timeline: string };
}

export function deviceAnswer({ serialNumber, ...counts }: DeviceRow): DeviceAnswer {
  const inAddress = encodeURIComponent(serialNumber);
  const links = {
    self: `${API}/devices/${inAddress}`,
    timeline: `${API}/timeline?serialNumber=${inAddress}`,
  };
  return { serialNumber, ...counts, links };
}
