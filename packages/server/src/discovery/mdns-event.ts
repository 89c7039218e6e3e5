/** What discovery has to say; none of it stops the server. */
export type MdnsEvent =
  | { readonly kind: "announced"; readonly address: string; readonly name: string }
  | { readonly kind: "announcement withdrawn"; readonly address: string }
  /** Another machine has the name already; ours got a number. */
  | { readonly kind: "name taken"; readonly address: string; readonly name: string }
  | { readonly kind: "announcing failed"; readonly address: string; readonly reason: string };
