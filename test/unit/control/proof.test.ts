import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { controlKeys } from '../../../src/control/keys.ts'
import { checkBody, readSigned, signCommand, verifySigned } from '../../../src/control/proof.ts'
import { utf8 } from '../../../src/lib/digest.ts'
import { importSigningKey } from '../../../src/origin/keys.ts'

const NOW = Date.UTC(2026, 10, 22, 9)
const SECRET = `ops-1:hmac-sha256:${Buffer.alloc(32, 3).toString('base64')}`
const at = { host: 'ops.test', path: '/_sallyport/control', now: NOW }
const body = utf8('{"command":"key.list"}')

async function sign(created = NOW / 1000): Promise<Headers> {
  const url = new URL(`https://${at.host}${at.path}`)
  return new Headers(await signCommand(await importSigningKey(SECRET), { url, body, created }))
}
const keys = controlKeys('CONTROL_KEY')({ CONTROL_KEY: SECRET })

async function holds(headers: Headers, where = at, bytes = body): Promise<boolean> {
  const signed = readSigned({ headers: new Map(headers), ...where })
  if (!signed.ok || !keys.ok) return false
  const verified = await verifySigned(keys.value, signed.value)
  return verified.ok && (await checkBody(signed.value, bytes)).ok
}

describe('the signature of a command', () => {
  it('holds for what was signed', async () => {
    expect(await holds(await sign())).toBe(true)
  })

  it('is a MAC over the base of RFC 9421, as anybody else would make it', async () => {
    const headers = await sign()
    const input = headers.get('signature-input') ?? ''
    const parameters = input.replace('sallyport-control=', '')
    const nonce = /nonce="([^"]{24})"/.exec(input)?.[1]
    expect(parameters).toBe(
      '("@method" "@authority" "@path" "@query" "content-digest" "content-type");created=1795338000;' +
        `expires=1795338060;nonce="${nonce}";keyid="ops-1";alg="hmac-sha256";tag="sallyport-control-v1"`,
    )
    const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
    const base = [
      '"@method": POST',
      '"@authority": ops.test',
      '"@path": /_sallyport/control',
      '"@query": ?',
      `"content-digest": ${digest}`,
      '"content-type": application/json',
      `"@signature-params": ${parameters}`,
    ].join('\n')
    const mac = createHmac('sha256', Buffer.alloc(32, 3)).update(base).digest('base64')
    expect(headers.get('content-digest')).toBe(digest)
    expect(headers.get('signature')).toBe(`sallyport-control=:${mac}:`)
  })

  it('holds from 60 s before to 60 s after, and no longer', async () => {
    const headers = await sign()
    const seconds = [-61, -60, 0, 60, 61]
    const held = await Promise.all(seconds.map((s) => holds(headers, { ...at, now: NOW + s * 1000 })))
    expect(held).toEqual([false, true, true, true, false])
  })

  it('holds for no other host, path or body', async () => {
    const headers = await sign()
    expect(await holds(headers, { ...at, host: 'ops.test:8443' })).toBe(false)
    expect(await holds(headers, { ...at, path: '/_sallyport/other' })).toBe(false)
    expect(await holds(headers, at, utf8('{"command":"key.list"} '))).toBe(false)
    expect(await holds(headers, at, new Uint8Array())).toBe(false)
  })

  it('has a nonce of its own each time', async () => {
    const inputs = await Promise.all(Array.from({ length: 50 }, () => sign()))
    expect(new Set(inputs.map((headers) => headers.get('signature-input'))).size).toBe(50)
  })

  it('holds for no text in which a character is another, and never throws', async () => {
    const headers = await sign()
    const names = ['signature-input', 'signature', 'content-digest', 'content-type']
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat(),
        fc.integer({ min: 0x20, max: 0x7e }),
        fc.constantFrom('replace', 'insert', 'remove'),
        async (name, place, code, how) => {
          const text = headers.get(name) ?? ''
          const i = place % text.length
          const put = how === 'remove' ? '' : String.fromCharCode(code)
          const mutant = text.slice(0, i) + put + text.slice(how === 'insert' ? i : i + 1)
          const changed = new Headers(headers)
          changed.set(name, mutant)
          // White space around a field's value is no part of it (RFC 9110 section 5.5).
          expect(await holds(changed)).toBe(changed.get(name) === text)
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('is read out of any text without a throw, in time that does not grow', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 300 }), (input, signature) => {
        const headers = new Map([
          ['signature-input', input],
          ['signature', signature],
        ])
        expect(readSigned({ headers, ...at }).ok).toBe(false)
      }),
    )
    const text = `sallyport-control=("${'" "'.repeat(100_000)}`
    const headers = new Map([
      ['signature-input', text],
      ['signature', text],
    ])
    const start = performance.now()
    expect(readSigned({ headers, ...at }).ok).toBe(false)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})
