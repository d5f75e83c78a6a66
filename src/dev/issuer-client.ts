/** Claims and lifetime of a token to ask for; the rest is what the order route accepts. */
export interface Wanted {
  claims?: Readonly<Record<string, unknown>>
  ttlSeconds?: number
}

/** Speaks to the demo issuer as the tour needs it. */
export class IssuerClient {
  /** The issuer, as its tokens name it. */
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  async token(wanted: Wanted = {}): Promise<string> {
    const response = await fetch(`${this.url}/token`, { method: 'POST', body: JSON.stringify(wanted) })
    if (!response.ok) throw new Error(`the issuer refused to issue: ${await response.text()}`)
    return ((await response.json()) as { access_token: string }).access_token
  }

  async shape(mode: 'ok' | 'down' | 'rotate'): Promise<void> {
    const response = await fetch(`${this.url}/_playground/behaviour`, {
      method: 'PUT',
      body: JSON.stringify({ mode }),
    })
    if (!response.ok) throw new Error(`the issuer refused its behaviour: ${await response.text()}`)
  }

  /** How often its key set was asked for so far. */
  async keySetFetches(): Promise<number> {
    const response = await fetch(`${this.url}/_playground/stats`)
    if (!response.ok) throw new Error(`the issuer refused its counts: ${await response.text()}`)
    return ((await response.json()) as { jwksFetches: number }).jwksFetches
  }
}
