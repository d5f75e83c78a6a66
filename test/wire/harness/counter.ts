import { DurableObject } from 'cloudflare:workers'

/** Counts in SQL, so that a test sees whether storage outlived the process. */
export class Counter extends DurableObject {
  async increment(): Promise<number> {
    const { sql } = this.ctx.storage
    sql.exec('CREATE TABLE IF NOT EXISTS hits (at INTEGER)')
    sql.exec('INSERT INTO hits VALUES (1)')
    return Number(sql.exec('SELECT count(*) AS n FROM hits').one().n)
  }
}

export default {
  async fetch(_request: Request, env: { COUNTER: DurableObjectNamespace<Counter> }): Promise<Response> {
    return new Response(String(await env.COUNTER.get(env.COUNTER.idFromName('one')).increment()))
  },
}
