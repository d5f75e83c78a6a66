/** A signed delivery, ready for `new Request(delivery.url, delivery)`; header names are lower case. */
export interface SignedDelivery {
  method: string
  url: string
  headers: Record<string, string>
  body: string
}

/** What a delivery is made of. */
export interface SignOptions {
  /** The secret as the gateway has it, where the provider has one. For public keys the `privateKey` signs, and this is not read. */
  secret?: string
  /** PKCS #8 in base64, where the provider signs with a private key. */
  privateKey?: string
  body: string
  /** The public URL. @default 'https://gateway.test/webhooks/' and the provider's name */
  url?: string
  /** @default 'POST' */
  method?: string
  /** The delivery's id, where a header has one. @default a fresh one */
  id?: string
  /** The signed time, milliseconds since the epoch. @default now */
  now?: number
  /** The event; has to be there where a header names it, unless `headers` say it. */
  event?: string
  /** @default what the provider sends */
  contentType?: string
  /** A second secret whose signature stands in the same header, as while a sender rotates. */
  alsoSecret?: string
  /** Further headers; they win. */
  headers?: Readonly<Record<string, string>>
}
