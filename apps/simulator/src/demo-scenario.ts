import type { NewAsset, SimulatorAdmin } from './admin.js';

const berlinApps: readonly NewAsset[] = [
  {
    adamId: '900000001',
    name: 'Field Notes',
    bundleId: 'com.example.fieldnotes',
    genre: 'Productivity',
    version: '4.2.0',
    supportedPlatforms: ['iOS', 'macOS'],
    total: 500,
  },
  {
    adamId: '900000002',
    name: 'Ledgerline',
    bundleId: 'com.example.ledgerline',
    genre: 'Finance',
    version: '12.1',
    price: 9.99,
    total: 5,
  },
  {
    adamId: '900000003',
    name: 'Shiftboard Roster',
    bundleId: 'com.example.shiftboard',
    version: '3.0.7',
    total: 250,
  },
  {
    adamId: '900000004',
    name: 'Kartograf',
    bundleId: 'com.example.kartograf',
    genre: 'Navigation',
    version: '2026.3',
    price: 4.99,
    supportedPlatforms: ['iOS', 'watchOS'],
    total: 120,
  },
  {
    adamId: '900000005',
    name: 'Quickscan',
    bundleId: 'com.example.quickscan',
    genre: 'Utilities',
    version: '8.4.1',
    unlimited: true,
  },
  {
    adamId: '900000006',
    name: 'Tinker Studio',
    bundleId: 'com.example.tinkerstudio',
    genre: 'Developer Tools',
    version: '1.9',
    price: 49.99,
    size: 734003200,
    supportedPlatforms: ['macOS'],
    minimumOSVersion: '14.0',
    total: 40,
  },
  {
    adamId: '900000007',
    name: 'Safety at Heights',
    bundleId: 'com.example.book.safety',
    artistName: 'Example Press',
    genre: 'Professional & Technical',
    version: '1.0',
    price: 19.99,
    productType: 'Book',
    supportedPlatforms: ['iOS', 'macOS'],
    total: 60,
  },
  {
    adamId: '900000008',
    name: 'Widget Works Portal',
    bundleId: 'com.example.portal',
    version: '5.5.0',
    availability: 'custom',
    total: 300,
  },
];

const lyonApps: readonly NewAsset[] = [
  { adamId: '900000001', total: 80 },
  {
    adamId: '900000009',
    name: 'Atelier Couleur',
    bundleId: 'com.example.atelier',
    genre: 'Graphics & Design',
    version: '7.1',
    price: 14.99,
    supportedPlatforms: ['iOS', 'visionOS'],
    total: 25,
  },
  { adamId: '900000003', total: 30 },
];

/** Two locations with apps, a book, users and assignments to play with. */
export function seedDemo(admin: SimulatorAdmin): void {
  const { uId: berlin } = admin.createLocation({
    uId: '7700000000000001',
    name: 'Berlin Office',
    country: 'DE',
    fileName: 'berlin',
  });
  admin.addAssets(berlin, berlinApps);
  admin.seedUsers(berlin, [
    { clientUserId: 'u-2c9e4b7a', email: 'kim@example.test', managedAppleId: 'kim@appleid.example.test' },
    { clientUserId: 'u-71d0f3aa', email: 'robin@example.test' },
  ]);
  admin.seedAssignments(berlin, { adamId: '900000001', prefix: 'SIMF', count: 37 });
  admin.seedAssignments(berlin, { adamId: '900000002', prefix: 'SIMF', count: 3 });
  admin.seedAssignments(berlin, { adamId: '900000005', prefix: 'SIMF', count: 12 });
  admin.seedAssignments(berlin, { adamId: '900000007', clientUserIds: ['u-2c9e4b7a'] });

  const { uId: lyon } = admin.createLocation({
    uId: '7700000000000002',
    name: 'Lyon Studio',
    country: 'FR',
    fileName: 'lyon',
  });
  admin.addAssets(lyon, lyonApps);
  admin.seedAssignments(lyon, { adamId: '900000009', prefix: 'SIML', count: 8 });
}
