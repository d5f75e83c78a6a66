import { DurableObject } from 'cloudflare:workers'
import type { ApiKeyName, ApiKeyRecord } from '../operations.ts'
import type { DeliveryClaim, LimitClaim, Settlement } from '../state.ts'
import { ApiKeys, type Put, type Turn } from './api-keys.ts'
import { Control, type Snapshot } from './control.ts'
import { type Counted, Counts } from './counts.ts'
import { type Claimed, Deliveries } from './deliveries.ts'
import { Recent } from './recent.ts'
import { Texts } from './texts.ts'

// Rows that ran out are absent already: deleting them may wait, and an alarm costs a request.
const SWEEP_MS = 60_000

/**
 * One owner of shared state: a shard of deliveries, of API keys or of texts, a limit's owner, or the control list, told apart by the
 * object's name (see `names.ts`). Every method decides in one turn, on the object's own clock.
 */
export class SallyportState extends DurableObject<unknown> {
  readonly #counts: Counts
  readonly #deliveries: Deliveries
  readonly #control: Control
  readonly #texts: Texts
  readonly #apiKeys: ApiKeys
  readonly #recent = new Recent()
  #alarmAt: number | null = null
  /** Which tables there are: those of decisions, those of the store, or none. */
  #created: 'decisions' | 'store' | undefined

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env)
    const { sql } = ctx.storage
    this.#counts = new Counts(sql)
    this.#deliveries = new Deliveries(sql)
    this.#control = new Control(sql)
    this.#texts = new Texts(sql)
    this.#apiKeys = new ApiKeys(sql)
    const [table] = sql.exec<{ name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('counts', 'texts')",
    )
    if (table === undefined) return
    this.#created = table.name === 'counts' ? 'decisions' : 'store'
    // Without it, the first write after a restart would put the alarm off, and rows could outlive it for ever.
    void ctx.blockConcurrencyWhile(async () => {
      this.#alarmAt = await ctx.storage.getAlarm()
    })
  }

  /** Counts on the owner's limits, all or none; once for each token. */
  take(token: string, round: number, limits: readonly LimitClaim[]): Counted {
    const now = this.#create()
    const before = this.#recent.find(token, round, now)
    if (before !== undefined) {
      const readings = this.#counts.read(limits, now)
      return { readings, violated: [], reported: before.reported }
    }
    const { taken, expiresAt, ...counted } = this.#counts.take(limits, now)
    if (counted.violated.length === 0) {
      this.#recent.counted(token, round, taken, counted.reported, now)
      this.#sweepBy(expiresAt, now)
    }
    return counted
  }

  /** Takes a delivery claim or says who has it. */
  claim(token: string, round: number, claim: DeliveryClaim): Claimed {
    const now = this.#create()
    this.#recent.find(token, round, now)
    const claimed = this.#deliveries.claim(claim, token, round, now)
    if (claimed.outcome === 'admitted') {
      this.#sweepBy(now + (claim.kind === 'once' ? claim.ttlMs : claim.leaseMs), now)
    }
    return claimed
  }

  /** Ends the claim; false when another token holds it. */
  settle(settlement: Settlement): boolean {
    const now = this.#create()
    const held = this.#deliveries.settle(settlement, now)
    if (settlement.as === 'commit' && settlement.claim.kind === 'delivery')
      this.#sweepBy(now + settlement.claim.ttlMs, now)
    // A first attempt of admit that comes only now must not take again what its retry took and released.
    if (settlement.as === 'release') this.#recent.withdraw(settlement.token, Number.MAX_SAFE_INTEGER, now)
    return held
  }

  /** Takes back what the token took here up to this round; later calls of these rounds take nothing. */
  giveBack(token: string, round: number, claim?: DeliveryClaim): void {
    const now = Date.now()
    const taken = this.#recent.withdraw(token, round, now)
    if (this.#created !== 'decisions') return
    this.#counts.takeBack(taken, now)
    if (claim !== undefined) this.#deliveries.giveBack(claim, token, round, now)
  }

  /** On a shard of deliveries: lets a delivery that is done pass again; false when it is not. */
  forget(key: string): boolean {
    return this.#created === 'decisions' && this.#deliveries.forget(key, Date.now())
  }

  /** On a shard of deliveries: forgets all that were done since a moment in milliseconds; how many. */
  forgetSince(since: number): number {
    return this.#created === 'decisions' ? this.#deliveries.forgetSince(since) : 0
  }

  /** On the control object: refuses a client until a moment in milliseconds since the epoch. */
  block(client: string, until: number, reason = ''): void {
    const now = this.#create()
    this.#control.put('client', client, until, reason, now)
    this.#sweepBy(until, now)
  }

  unblock(client: string): boolean {
    return this.#created === 'decisions' && this.#control.end('client', client)
  }

  /** On the control object: refuses what has a name, or what of it was issued before a moment, until a moment in milliseconds. */
  revoke(name: string, until: number, reason = '', issuedBefore?: number): void {
    const now = this.#create()
    if (issuedBefore === undefined) this.#control.put('principal', name, until, reason, now)
    else this.#control.cut(name, until, issuedBefore, reason, now)
    this.#sweepBy(until, now)
  }

  restore(principal: string): boolean {
    return this.#created === 'decisions' && this.#control.end('principal', principal)
  }

  /** On the control object: the live list, or only its version when `known` is that already. */
  snapshot(known?: string): Snapshot {
    return this.#control.snapshot(known, this.#created === 'decisions' ? Date.now() : undefined)
  }

  /** On an object of texts: what is kept under a name. */
  recall(name: string): string | undefined {
    return this.#created === 'store' ? this.#texts.find(name, Date.now()) : undefined
  }

  /** On an object of texts. */
  keep(name: string, text: string, ttlMs: number): void {
    const now = this.#create('store')
    this.#texts.put(name, text, now + ttlMs)
    this.#sweepBy(now + ttlMs, now)
  }

  /** On a shard of API keys: the record of a key, by its digest. */
  findApiKey(digest: string): string | undefined {
    return this.#created === 'store' ? this.#apiKeys.find(digest) : undefined
  }

  /** On a shard of API keys: those with the id or the digest. */
  namedApiKeys(by: ApiKeyName): ApiKeyRecord[] {
    return this.#created === 'store' ? this.#apiKeys.named(by) : []
  }

  /** On a shard of API keys: the turn of the one with the id, 0 for none. */
  apiKeyTurn(id: string): number {
    return this.#created === 'store' ? this.#apiKeys.turnOf(id) : 0
  }

  /** On a shard of API keys. */
  putApiKey(record: ApiKeyRecord, turn: number): Put {
    this.#create('store')
    return this.#apiKeys.put(record, turn)
  }

  /** On a shard of API keys: removes what has the id and is older; answers what has it and is newer. */
  yieldApiKeys(id: string, to: Turn): Turn | undefined {
    if (this.#created !== 'store') return undefined
    const newer = this.#apiKeys.yieldTo(id, to)
    this.#sweepIfEmpty()
    return newer
  }

  /** On a shard of API keys: those after a digest. */
  listApiKeys(after: string): ApiKeyRecord[] {
    return this.#created === 'store' ? this.#apiKeys.page(after) : []
  }

  /** On a shard of API keys: false when there was none with the id. */
  removeApiKey(id: string): boolean {
    if (this.#created !== 'store') return false
    const isRemoved = this.#apiKeys.remove(id)
    if (isRemoved) this.#sweepIfEmpty()
    return isRemoved
  }

  override async alarm(): Promise<void> {
    this.#alarmAt = null
    const now = Date.now()
    const left =
      this.#created === 'decisions'
        ? [this.#counts.sweep(now), this.#deliveries.sweep(now), this.#control.sweep(now)]
        : this.#created === 'store'
          ? [this.#texts.sweep(now)]
          : []
    const next = Math.min(...left.map((at) => at ?? Number.POSITIVE_INFINITY))
    if (next !== Number.POSITIVE_INFINITY) return this.#sweepBy(next, now)
    // API keys stay until they are removed, and need no alarm.
    if (this.#created === 'store' && !this.#apiKeys.isEmpty()) return
    // An object without data and alarm is not kept at all. The next write makes the tables anew.
    this.#created = undefined
    this.#control.forget()
    await this.ctx.storage.deleteAll()
  }

  /** Makes the tables where they are not, and reads the clock of this call. Only writing calls need them. */
  #create(what: 'decisions' | 'store' = 'decisions'): number {
    const now = Date.now()
    if (this.#created === undefined) {
      const tables =
        what === 'store' ? [this.#texts, this.#apiKeys] : [this.#counts, this.#deliveries, this.#control]
      for (const table of tables) table.create()
      this.#created = what
      // Also when the call that made them stores nothing: tables without an alarm would stay for ever.
      this.#sweepBy(now, now)
    }
    return now
  }

  /** The last API key takes the tables with it. */
  #sweepIfEmpty(): void {
    if (this.#apiKeys.isEmpty()) this.#sweepBy(0, Date.now())
  }

  #sweepBy(expiresAt: number, now: number): void {
    const at = Math.max(expiresAt, now + SWEEP_MS)
    if (this.#alarmAt !== null && this.#alarmAt <= at) return
    this.#alarmAt = at
    void this.ctx.storage.setAlarm(at)
  }
}
