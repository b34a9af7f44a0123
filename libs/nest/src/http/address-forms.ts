/** An assetId as it may be given, as a regular expression. */
export const ASSET_ID = '^[0-9]{1,20}(\\.[A-Z]{1,10})?$';

/** A position in an address or a header. */
export const POSITION = '^[0-9]{1,15}$';
