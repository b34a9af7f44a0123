/** Messages of the product to the process that forked it. */
export type ToParent =
  { readonly listening: number } | { readonly ownerKey: string } | { readonly ready: true };
