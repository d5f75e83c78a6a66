import { describe, expect, it } from 'vitest'
import { acknowledge } from '../../src/stages/acknowledge.ts'
import { bare } from '../../src/stages/bare.ts'

const headersOf = (response: Response) => Object.fromEntries(response.headers)

describe('an acknowledgement', () => {
  it('has the headers of its scheme beside its own', async () => {
    const answer = acknowledge(
      { status: 200, contentType: 'text/plain', body: 'é', headers: { 'X-Hook-Secret': 'b537' } },
      { ratelimit: '"route";r=1;t=1' },
    )
    expect(headersOf(answer)).toEqual({
      'cache-control': 'no-store',
      'content-length': '2',
      'content-type': 'text/plain',
      ratelimit: '"route";r=1;t=1',
      'x-content-type-options': 'nosniff',
      'x-hook-secret': 'b537',
    })
    expect(await answer.text()).toBe('é')
  })

  it('keeps a scheme from what is the gateway’s, in whatever case', () => {
    const headers = {
      'Sallyport-Id': 'forged',
      'sallyport-duplicate-of': 'forged',
      'Content-Length': '99',
      'CONTENT-TYPE': 'text/html',
      'Cache-Control': 'public',
      'Set-Cookie': 'a=1',
      'Transfer-Encoding': 'chunked',
      'x-kept': 'yes',
    }
    expect(headersOf(acknowledge({ status: 200, headers }, {}))).toEqual({
      'cache-control': 'no-store',
      'content-length': '0',
      'x-kept': 'yes',
    })
    expect(
      headersOf(acknowledge({ status: 200, contentType: 'text/plain', headers }, {}))['content-type'],
    ).toBe('text/plain')
  })

  it('keeps a scheme from the headers that the gateway adds', () => {
    const answer = acknowledge({ status: 200, headers: { RateLimit: 'forged' } }, { ratelimit: 'real' })
    expect(answer.headers.get('ratelimit')).toBe('real')
  })

  it('of 204 names no length', () => {
    expect(headersOf(acknowledge({ status: 204 }, {}))).toEqual({ 'cache-control': 'no-store' })
  })
})

describe('a bare answer', () => {
  const later: Promise<unknown>[] = []
  const background = (promise: Promise<unknown>) => void later.push(promise)

  it('keeps status, id and what is no body, and loses body, its description and cookies', async () => {
    const headers = new Headers({
      'content-type': 'text/html',
      'content-encoding': 'gzip',
      'content-language': 'de',
      'content-digest': 'sha-256=:AA==:',
      'content-length': '5',
      'content-security-policy': "default-src 'none'",
      'sallyport-id': 'id',
      'retry-after': '5',
    })
    headers.append('set-cookie', 'a=1')
    headers.append('set-cookie', 'b=2')
    const answer = bare(new Response('hello', { status: 201, headers }), background)
    expect(answer.status).toBe(201)
    expect(answer.body).toBeNull()
    expect(headersOf(answer)).toEqual({
      'content-length': '0',
      'content-security-policy': "default-src 'none'",
      'retry-after': '5',
      'sallyport-id': 'id',
    })
  })

  it.each([204, 304])('of %i names no length', (status) => {
    const headers = { 'content-length': '7' }
    expect(headersOf(bare(new Response(null, { status, headers }), background))).toEqual({})
  })

  it('reads to the end what the origin still sends', async () => {
    let pulls = 0
    let cancelled = false
    const body = new ReadableStream({
      pull(controller) {
        pulls++
        if (pulls === 100) controller.close()
        else controller.enqueue(new Uint8Array(1000))
      },
      cancel() {
        cancelled = true
      },
    })
    bare(new Response(body), background)
    await Promise.all(later)
    expect([pulls, cancelled]).toEqual([100, false])
  })

  it('does not mind a body that breaks', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new Error('the origin is gone'))
      },
    })
    expect(bare(new Response(body), background).status).toBe(200)
    expect((await Promise.allSettled(later)).map(({ status }) => status)).not.toContain('rejected')
  })
})
